// The order of the house: which folder may import which, and which packages may be imported where (docs/architecture.md).
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Layer by path: the first entry whose prefix fits. */
const LAYERS: readonly (readonly [prefix: string, layer: string])[] = [
  ['extension/', 'extension'],
  ['helper/rpc/contract/', 'contract'],
  ['helper/services/house.ts', 'house'],
  ['helper/rpc/', 'rpc'],
  ['helper/services/', 'services'],
  ['helper/discovery/', 'discovery'],
  ['helper/realm/', 'realm'],
  ['helper/netlink/', 'netlink'],
  ['helper/cgroup/', 'cgroup'],
  ['helper/state/', 'state'],
  ['helper/sys/', 'sys'],
  ['helper/rootfs/', 'rootfs'],
  ['helper/cli/', 'cli'],
  ['helper/', 'daemon'],
];

/** What each layer may import besides itself and the contract, which is the ground for all. */
const BELOW: Record<string, readonly string[]> = {
  extension: [],
  contract: [],
  sys: [],
  rootfs: [],
  netlink: ['sys'],
  cgroup: ['sys'],
  state: ['sys'],
  discovery: ['netlink', 'sys'],
  realm: ['netlink', 'state', 'sys'],
  house: ['realm', 'state'],
  services: ['house', 'discovery', 'realm', 'netlink', 'cgroup', 'state', 'sys'],
  rpc: ['house', 'sys'],
  cli: ['rootfs', 'sys'],
  daemon: ['rpc', 'services', 'house', 'realm', 'state', 'netlink', 'cgroup', 'discovery', 'sys', 'cli'],
};

/** Packages that only these places may name. */
const PACKAGES: Record<string, (path: string, layer: string) => boolean> = {
  vscode: (path, layer) => layer === 'extension' && !path.startsWith('extension/panels/page/'),
  uplot: (path) => path.startsWith('extension/panels/page/'),
  koffi: (path) => path.startsWith('helper/sys/libc'),
  fzstd: (path) => path.startsWith('helper/services/image/work/'),
  zod: (_path, layer) => ['contract', 'rpc', 'services', 'cli'].includes(layer),
  'vscode-jsonrpc': (path, layer) => path === 'helper/rpc/contract/client.ts' || layer === 'rpc',
};

interface Import {
  from: string;
  specifier: string;
}

const files = ['extension', 'helper'].flatMap((top) =>
  readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(top, path)),
);
const imports: Import[] = files.flatMap((from) =>
  specifiers(readFileSync(join(ROOT, from), 'utf8')).map((specifier) => ({ from, specifier })),
);

function specifiers(text: string): string[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  return [...code.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)'([^']+)'/gm)].map(
    (match) => match[1] as string,
  );
}

function layerOf(path: string): string {
  const found = LAYERS.find(([prefix]) => path.startsWith(prefix));
  if (!found) throw new Error(`no layer for ${path}`);
  return found[1];
}

/** Why this import is not allowed, or undefined. */
function wrong({ from, specifier }: Import): string | undefined {
  const layer = layerOf(from);
  if (!specifier.startsWith('.')) {
    const name = specifier.startsWith('node:') ? specifier : (specifier.split('/')[0] as string);
    if (name.startsWith('node:')) return undefined;
    const allowed = PACKAGES[name];
    return allowed?.(from, layer) ? undefined : `${from}: imports the package ${specifier}`;
  }
  const target = relative(ROOT, join(ROOT, dirname(from), specifier));
  if (!/^(extension|helper)\//.test(target)) {
    // Data that the build puts into the bundle: the manifest and the translations.
    return /^(package(\.nls.*)?|l10n\/.*)\.json$/.test(target) ? undefined : `${from}: imports ${target}`;
  }
  const below = layerOf(
    `${target}${/\.\w+$/.test(target) ? '' : files.includes(`${target}.ts`) ? '.ts' : '/index.ts'}`,
  );
  if (below === layer || below === 'contract' || BELOW[layer]?.includes(below)) return undefined;
  return `${from} (${layer}): imports ${target} (${below})`;
}

describe('layers', () => {
  test('imports point down only', () => {
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.map(wrong).filter(Boolean)).toEqual([]);
  });

  test.each([
    { from: 'extension/main.ts', specifier: '../helper/services/netns' },
    { from: 'helper/netlink/link.ts', specifier: '../services/house' },
    { from: 'helper/cgroup/cgroup.ts', specifier: '../netlink/link' },
    { from: 'helper/rpc/contract/netns.ts', specifier: '../../sys/libc' },
    { from: 'helper/services/netns.ts', specifier: 'vscode' },
    { from: 'helper/services/netns.ts', specifier: 'koffi' },
    { from: 'helper/sys/proc.ts', specifier: 'left-pad' },
  ])('$from may not import $specifier', (edge) => {
    expect(wrong(edge)).toBeDefined();
  });
});
