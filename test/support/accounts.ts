// Accounts and their subordinate ids, seen only in a mount namespace of the test's own: files bound over those of /etc.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from './run';
import { namespacesOf } from './session';
import { until } from './until';
import type { User } from './users';

export interface Accounts {
  /** argv that runs `argv` where the files are. */
  within(argv: readonly string[]): string[];
  /** Binds another file of this text over `path`. */
  put(path: string, text: string): Promise<void>;
  stop(): Promise<void>;
}

/** A mount namespace in which `user` is an account named `name`. Needs root. */
export async function startAccounts(name: string, user: User): Promise<Accounts> {
  const folder = await mkdtemp(join(tmpdir(), 'accounts-'));
  const keeper = spawn('unshare', ['--mount', '--propagation', 'private', '--', 'sleep', 'infinity'], {
    stdio: 'ignore',
  });
  const gone = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
  const within = (argv: readonly string[]) => ['nsenter', `--target=${keeper.pid}`, '--mount', '--', ...argv];
  const home = await namespacesOf('self');
  await until(async () => (await namespacesOf(keeper.pid as number)).mnt !== home.mnt, 'a mount namespace');
  let files = 0;
  const put = async (path: string, text: string) => {
    const file = join(folder, String(files++));
    await writeFile(file, text, { mode: 0o644 });
    await output(within(['mount', '--bind', file, path]));
  };
  await put('/etc/passwd', `${await readFile('/etc/passwd', 'utf8')}${name}:x:${user.uid}:${user.gid}::/:/bin/sh\n`);
  await put('/etc/group', `${await readFile('/etc/group', 'utf8')}${name}:x:${user.gid}:\n`);
  return {
    within,
    put,
    stop: async () => {
      keeper.kill('SIGKILL');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
