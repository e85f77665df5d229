// A container from the request until it has ended and is gone, against runc(8), bubblewrap with the same kinds, and podman(1).
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxImage, busyboxRoot, IMAGE } from '../support/container';
import { startHelper } from '../support/helper';
import { output, run } from '../support/run';
import { startPeer, timedExec } from './peers/peer';
import { type Bench, needs, paired, type Row } from './row';

const MEMORY = 64 * 1024 * 1024;

/** One cycle: made with limits, run to its end, removed. */
async function ours(bench: Bench): Promise<() => Promise<void>> {
  const helper = await startHelper();
  bench.defer(() => helper.stop());
  await busyboxImage(helper);
  const { client } = helper;
  const plan = { image: { name: IMAGE }, command: ['true'], limits: { memory: MEMORY, pids: 64 } };
  return async () => {
    const container = { id: (await client.call('container/create', plan)).id };
    await client.call('container/start', { container });
    await client.call('container/wait', { container });
    await client.call('container/remove', { container });
  };
}

/** A bundle as `runc spec` writes it, with an overlay, the program `true` and the same limits. */
async function bundle(bench: Bench): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  const root = await busyboxRoot();
  bench.defer(() => Promise.all([folder, root].map((path) => rm(path, { recursive: true, force: true }))));
  for (const name of ['rootfs', 'upper', 'work']) await mkdir(join(folder, name));
  await output(['runc', 'spec', '--bundle', folder]);
  const file = join(folder, 'config.json');
  const spec = JSON.parse(await output(['cat', file])) as {
    process: { terminal: boolean; args: string[]; rlimits?: unknown };
    mounts: object[];
    linux: { resources: object };
  };
  spec.process.terminal = false;
  spec.process.args = ['/bin/true'];
  // Without CAP_SYS_RESOURCE no limit can be raised.
  delete spec.process.rlimits;
  spec.linux.resources = { ...spec.linux.resources, memory: { limit: MEMORY }, pids: { limit: 64 } };
  await writeFile(file, JSON.stringify(spec));
  await output([
    'mount',
    '-t',
    'overlay',
    '-o',
    `lowerdir=${root},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`,
    'overlay',
    join(folder, 'rootfs'),
  ]);
  bench.defer(() => output(['umount', join(folder, 'rootfs')]));
  return folder;
}

/** What podman run of the same comes down to, from an image that it has. */
async function podman(bench: Bench): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'podman-'));
  bench.defer(() => rm(folder, { recursive: true, force: true }));
  const places = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--tmpdir', join(folder, 'tmp')];
  const argv = ['podman', ...places, '--cgroup-manager=cgroupfs', '--runtime=runc'];
  const root = await busyboxRoot();
  bench.defer(() => rm(root, { recursive: true, force: true }));
  await output(['tar', '--create', `--file=${folder}/root.tar`, `--directory=${root}`, '.']);
  await output([...argv, 'import', '--quiet', `${folder}/root.tar`, IMAGE]);
  bench.defer(removeGroups);
  // It keeps its places mounted.
  bench.defer(() => output([...argv, 'system', 'prune', '--all', '--force']));
  bench.defer(() => output(['umount', '--quiet', '--recursive', join(folder, 'root/overlay')]).catch(() => ''));
  // Without CAP_SYS_RESOURCE no limit of a process can be raised.
  const limits = [
    '--ulimit',
    'nofile=1024:1024',
    '--ulimit',
    'nproc=1000:1000',
    '--memory',
    '64m',
    '--pids-limit',
    '64',
  ];
  return [...argv, 'run', '--rm', '--network=none', ...limits, IMAGE, 'true'];
}

/** It leaves its own group, empty; rmdir(2) refuses one that somebody's containers are in. */
async function removeGroups(): Promise<void> {
  await run([
    'find',
    '/sys/fs/cgroup',
    '-depth',
    '-type',
    'd',
    '-path',
    '*/libpod_parent*',
    '-exec',
    'rmdir',
    '{}',
    ';',
  ]);
}

const againstRunc: Row = {
  name: 'container',
  what: 'container/create, start, wait and remove of true with limits; runc run of true with the same, its overlay mounted before',
  unit: 'ms',
  goal: { atMost: 0.4 },
  async run(bench) {
    const cycle = await ours(bench);
    const folder = await bundle(bench);
    const exec = await startPeer('timed-exec', bench);
    const state = await mkdtemp(join(tmpdir(), 'runc-'));
    bench.defer(() => rm(state, { recursive: true, force: true }));
    let number = 0;
    return paired(
      bench.quick ? 40 : 100,
      { run: cycle },
      {
        run: () =>
          timedExec(exec, ['runc', '--root', state, 'run', '--bundle', folder, `bench-${process.pid}-${number++}`]),
      },
      5,
    );
  },
};

const againstBubblewrap: Row = {
  name: 'container-bwrap',
  what: 'the same; bwrap --unshare-all of true on a mounted overlay, without limits',
  unit: 'ms',
  goal: { atMost: 1.0 },
  async run(bench) {
    const cycle = await ours(bench);
    const folder = await bundle(bench);
    const exec = await startPeer('timed-exec', bench);
    const words = ['--unshare-all', '--bind', join(folder, 'rootfs'), '/', '--proc', '/proc', '--dev', '/dev'];
    return paired(
      bench.quick ? 40 : 100,
      { run: cycle },
      { run: () => timedExec(exec, ['bwrap', ...words, '/bin/true']) },
      5,
    );
  },
};

const againstPodman: Row = {
  name: 'container-podman',
  what: 'the same; podman run --rm of true with the same limits, without a network, by runc',
  unit: 'ms',
  goal: { atMost: 0.2 },
  async run(bench) {
    await needs('podman');
    const cycle = await ours(bench);
    const argv = await podman(bench);
    const exec = await startPeer('timed-exec', bench);
    return paired(bench.quick ? 5 : 50, { run: cycle }, { run: () => timedExec(exec, argv) }, 1);
  },
};

export const rows: readonly Row[] = [againstRunc, againstBubblewrap, againstPodman];
