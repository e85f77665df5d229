// Containers in tests: an image of Debian's static busybox, and containers made from it, looked at from outside.
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Input } from '../../helper/rpc/contract';
import { isolab, type TestHelper } from './helper';
import { type Done, output, type RunOptions, run } from './run';
import type { User } from './users';

export const IMAGE = 'busybox:test';

type Plan = Input<'container/create'>;

const APPLETS = [
  ...['cat', 'chmod', 'dd', 'df', 'echo', 'env', 'grep', 'head', 'hostname', 'id', 'ip', 'kill', 'ln', 'ls', 'mkdir'],
  ...[
    'mknod',
    'mount',
    'mv',
    'nc',
    'ping',
    'ps',
    'pwd',
    'readlink',
    'rm',
    'rmdir',
    'seq',
    'sh',
    'sleep',
    'stat',
    'stty',
  ],
  ...['su', 'sync', 'tail', 'tar', 'test', 'touch', 'true', 'tty', 'umount', 'uname', 'unshare', 'wc', 'yes'],
];

/** A root file system; the caller removes it. */
export async function busyboxRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'root-'));
  for (const name of ['bin', 'etc', 'tmp', 'root', 'usr', 'home']) await mkdir(join(root, name));
  await copyFile('/usr/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of APPLETS) await symlink('busybox', join(root, 'bin', applet));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nplain:x:1234:5678:a user:/home:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nplain:x:5678:\nextra:x:999:plain\n');
  await writeFile(join(root, 'etc/kept'), 'as the image has it\n');
  await writeFile(join(root, 'etc/goes'), 'is deleted\n');
  await writeFile(join(root, 'usr/hidden'), 'goes with its directory\n');
  return root;
}

/** The image IMAGE in the helper's store. */
export async function busyboxImage(helper: TestHelper): Promise<void> {
  const root = await busyboxRoot();
  const archive = `${root}.tar`;
  try {
    await output(['tar', '--create', `--file=${archive}`, `--directory=${root}`, '.']);
    await output(isolab(helper.socket, ['image', 'import', archive, IMAGE]));
  } finally {
    await rm(root, { recursive: true, force: true });
    await rm(archive, { force: true });
  }
}

/** `isolab container …` against the helper: what stands before the words of a program in it needs no `--`. */
export function containerArgv(helper: TestHelper, args: readonly string[], user?: User): string[] {
  const [verb = '', ...rest] = args;
  const [program, script, ...own] = isolab(helper.socket, [], user);
  return [program as string, script as string, 'container', verb, ...own, ...rest];
}

export function runContainer(helper: TestHelper, args: readonly string[], options: RunOptions = {}): Promise<Done> {
  return run(containerArgv(helper, args), options);
}

/** Made and started; by its id, its pid on the host. */
export async function startContainer(
  helper: TestHelper,
  plan: Partial<Plan> = {},
): Promise<{ ref: { id: string }; id: string; name: string; pid: number }> {
  const { client } = helper;
  const { id, name } = await client.call('container/create', {
    image: { name: IMAGE },
    command: ['sleep', '1000'],
    ...plan,
  });
  const { pid } = await client.call('container/start', { container: { id } });
  return { ref: { id }, id, name, pid };
}

/** Of everybody: killed and taken away. */
export async function removeContainers({ client }: TestHelper): Promise<void> {
  const { containers } = await client.call('container/list', { all: true });
  await Promise.all(
    containers.map(({ id }) =>
      client
        .call('container/remove', { container: { id }, force: true })
        .catch((error: { data?: { kind?: string } }) => {
          // One of `--rm` that was just going by itself.
          if (error.data?.kind !== 'not-found') throw error;
        }),
    ),
  );
}

/** A field of /proc/PID/status. */
export async function statusOf(pid: number, field: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/status`, 'latin1');
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
}

/** Runs a program of the host in all namespaces of a process but mnt, or in its root, as nsenter(1) does. */
export function inside(pid: number, ...argv: string[]): Promise<string> {
  return output(['nsenter', `--target=${pid}`, '--all', '--', ...argv]);
}
