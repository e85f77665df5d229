// A PATH as on a machine that has neither Node nor a compiler: links to everything but those.
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER = '/run/bare-path';
const WITHOUT =
  /^(node|nodejs|npm|npx|corepack|yarn|pnpm|tsx|make|cmake|as|ld(\..*)?|tcc|(.*-)?(gcc|g\+\+|cc|c\+\+|cpp|clang|clang\+\+|ld|as)(-[\d.]+)?)$/;

/** Programs that must not be found by it. */
export const MISSING = ['node', 'nodejs', 'npm', 'gcc', 'cc', 'g++', 'make', 'clang', 'ld'];

export async function barePath(): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  for (const folder of ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']) {
    for (const name of await readdir(folder)) {
      if (!WITHOUT.test(name)) await symlink(join(folder, name), join(FOLDER, name)).catch(ignoreExisting);
    }
  }
  return FOLDER;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
