// The editor's shell integration in isolated shells. The editor injects its script into shells that it starts itself; ours
// are started by the helper, so the plan says what the editor would have done. Whether the script can be read in there, only
// the shell's own process can tell: where not, it starts plainly.
import { constants } from 'node:fs';
import { access, mkdir, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Input } from '../../helper/rpc/contract';

export type Reporting = NonNullable<Input<'session/open'>['shell']>;

export interface Surroundings {
  /** The editor's `env.appRoot`. */
  readonly appRoot: string;
  /** A folder of our own. */
  readonly folder: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

const SCRIPTS = 'out/vs/workbench/contrib/terminal/common/scripts';
const INJECTED = ['VSCODE_INJECTION=1', 'VSCODE_STABLE=1'];
/** What zsh reads by itself from ZDOTDIR, and the editor's scripts for each. */
const ZSH = {
  '.zshenv': 'shellIntegration-env.zsh',
  '.zprofile': 'shellIntegration-profile.zsh',
  '.zshrc': 'shellIntegration-rc.zsh',
  '.zlogin': 'shellIntegration-login.zsh',
} as const;

/** What makes the shell `program` report its commands and directory; undefined for one that the editor has no script for. */
export async function reportingOf(program: string, around: Surroundings): Promise<Reporting | undefined> {
  const found = plainReporting(basename(program), around);
  if (found === undefined) return undefined;
  const script = found.name === 'zsh' ? join(scriptsOf(around), ZSH['.zshrc']) : found.file;
  try {
    await access(script, constants.R_OK);
    if (found.name === 'zsh') await linkZsh(around);
    return found;
  } catch {
    // An editor that keeps its scripts elsewhere, or a folder that cannot be written: shells work without.
    return undefined;
  }
}

/** Pure: as the editor starts these shells when they are given no arguments. */
export function plainReporting(name: string, around: Surroundings): Reporting | undefined {
  const scripts = scriptsOf(around);
  const fish = join(scripts, 'shellIntegration.fish');
  const pwsh = join(scripts, 'shellIntegration.ps1');
  switch (name) {
    case 'bash': {
      const file = join(scripts, 'shellIntegration-bash.sh');
      return { name, file, arguments: ['--init-file', file], environment: INJECTED };
    }
    case 'zsh': {
      const { folder, env } = around;
      const home = env.ZDOTDIR ?? env.HOME;
      if (home === undefined) return undefined;
      const environment = [...INJECTED, `ZDOTDIR=${folder}`, `USER_ZDOTDIR=${home}`];
      return { name, file: join(folder, '.zshrc'), arguments: ['-i'], environment };
    }
    // These two take a line of their own language.
    case 'fish':
      if (!isPlain(fish)) return undefined;
      return { name, file: fish, arguments: ['--init-command', `source "${fish}"`], environment: INJECTED };
    case 'pwsh':
      if (!isPlain(pwsh)) return undefined;
      return { name, file: pwsh, arguments: ['-noexit', '-command', `. "${pwsh}"`], environment: INJECTED };
    default:
      return undefined;
  }
}

function scriptsOf({ appRoot }: Surroundings): string {
  return join(appRoot, SCRIPTS);
}

/** Means itself between double quotes in any of them. */
function isPlain(path: string): boolean {
  return /^[\w /.@+,:=-]+$/.test(path);
}

/** Links, so that a newer editor's scripts are read by shells of today; each replaced in one step. */
async function linkZsh(around: Surroundings): Promise<void> {
  await mkdir(around.folder, { recursive: true });
  for (const [name, script] of Object.entries(ZSH)) {
    const link = join(around.folder, name);
    const target = join(scriptsOf(around), script);
    if ((await readlink(link).catch(() => undefined)) === target) continue;
    const fresh = `${link}.${process.pid}`;
    await symlink(target, fresh);
    await rename(fresh, link).catch(async (error: unknown) => {
      await unlink(fresh);
      throw error;
    });
  }
}
