// The licences of what others wrote and the package carries: whatever ends up in a bundle is named by the bundler itself,
// so none can be forgotten; the C library is linked into the native programs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, Stop } from './run.mjs';

/** Where Debian keeps the text; other systems name the licence without it. */
const LGPL = '/usr/share/common-licenses/LGPL-2.1';

/** Names of the packages that these inputs of a bundle (paths below the repository) belong to. */
export function packagesOf(inputs) {
  const names = inputs.flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? [],
  );
  return [...new Set(names)];
}

/** The text of dist/LICENCES.txt for these packages. */
export function licencesText(packages) {
  return [
    'Isolab itself is under the licence in LICENSE.txt. It carries the work of others:',
    ...[...packages].sort().map(ofPackage),
    ofLibc(),
  ].join(`\n\n${'─'.repeat(80)}\n\n`);
}

function ofPackage(name) {
  const folder = join(ROOT, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e(\.\w+)?$/i.test(each));
  if (!file) throw new Stop(`${name} is bundled and has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
}

function ofLibc() {
  const text = existsSync(LGPL) ? `\n\n${readFileSync(LGPL, 'utf8').trim()}` : '';
  return `The GNU C Library (LGPL-2.1-or-later), linked statically into the programs in dist/native. Its sources are at
https://sourceware.org/glibc/; "make -C native" in the sources of Isolab links the programs with another one.${text}\n`;
}
