// mount(8), unshare(1), nsenter(1) and kill(1) for containers: what a person types to have the same namespaces, root and
// processes. Confinement and limits are then his to add.
import { join } from 'node:path';
import type { Params } from '../../rpc/contract';
import type { Kind, NetnsRef } from '../../rpc/contract/terms';
import type { Containers } from '../container/containers';
import { notRunning } from '../container/exec';
import { createdKinds } from '../container/launch';
import type { Living } from '../container/life';
import type { ContainerRecord } from '../container/record';
import { signalName, signalNumber } from '../container/signals';
import { broken } from '../failures';
import { asRoot, type Lines, type None, type Scene } from './where';

const OPTION: Readonly<Record<Kind, string>> = {
  mnt: '--mount',
  uts: '--uts',
  ipc: '--ipc',
  pid: '--pid',
  net: '--net',
  user: '--user',
  cgroup: '--cgroup',
  time: '--time',
};

/** Of the plain ones nsenter(1) opens the file that shows them. */
const ENTERED: readonly Kind[] = ['mnt', 'uts', 'ipc', 'net', 'pid', 'cgroup'];

type Of = Pick<Params<'container/start'>, 'container'>;

export async function startLines({ container }: Of, scene: Scene): Promise<Lines | None> {
  const { containers, caller } = scene;
  const record = containers.find(caller, container);
  if (containers.lives.get(record.id) !== undefined) return [];
  if (record.ids !== undefined) return { code: 'no-equivalent-user-namespace' };
  const { root, mount } = await mounting(record, scene);
  return [
    mount,
    asRoot(scene, ['mkdir', '-p', join(root, 'proc')]),
    asRoot(scene, ['env', '-i', ...record.env, ...entering(containers, record), ...making(record, root)]),
  ];
}

/** Its layers in a place of their own, with the owners that they have on disk. */
async function mounting(record: ContainerRecord, scene: Scene): Promise<{ root: string; mount: string[] }> {
  const { store, images } = scene.containers;
  const { layers } = await images.resolve({ id: record.image.id });
  const root = join('/mnt', record.name);
  const overlay = [
    `lowerdir=${layers.toReversed().join(':')}`,
    `upperdir=${store.upper(record.id)}`,
    `workdir=${store.work(record.id)}`,
  ];
  return {
    root,
    mount: asRoot(scene, ['mount', '--mkdir', '-t', 'overlay', '-o', overlay.join(','), 'overlay', root]),
  };
}

/** Namespaces of other containers, and the network namespace that was named. */
function entering({ lives }: Containers, { network, pid, ipc }: ContainerRecord): string[] {
  const of = (kind: Kind, id: string) => `${OPTION[kind]}=/proc/${lives.get(id)?.run.program.pid ?? 'PID'}/ns/${kind}`;
  const options = [
    typeof network === 'object' && 'container' in network ? of('net', network.container) : [],
    typeof network === 'object' && 'netns' in network ? `--net=${netnsPathOf(network.netns)}` : [],
    typeof pid === 'object' ? of('pid', pid.container) : [],
    typeof ipc === 'object' ? of('ipc', ipc.container) : [],
  ].flat();
  return options.length > 0 ? ['nsenter', ...options] : [];
}

function netnsPathOf(netns: NetnsRef): string {
  if ('name' in netns) return `/run/netns/${netns.name}`;
  return 'pid' in netns ? `/proc/${netns.pid}/ns/net` : '/proc/PID/ns/net';
}

/** What no option of unshare does is a small fixed script, the values as its arguments. */
function making(record: ContainerRecord, root: string): string[] {
  const kinds = createdKinds(record);
  const steps = [
    kinds.includes('uts') ? 'hostname "$0"' : [],
    kinds.includes('net') ? 'ip link set dev lo up' : [],
    'exec chroot "$@"',
  ].flat();
  const user = record.user === '' ? [] : [`--userspec=${record.user}`];
  const cwd = record.workdir === '/' ? [] : ['sh', '-c', 'cd "$0" && exec "$@"', record.workdir];
  return [
    'unshare',
    ...kinds.map((kind) => OPTION[kind]),
    ...(kinds.includes('pid') ? ['--fork', `--mount-proc=${root}/proc`] : []),
    ...['sh', '-c', steps.join(' && '), record.hostname],
    ...[...user, root, ...cwd, ...record.command],
  ];
}

export function execLines({ container, command, workdir, env = [] }: Params<'container/exec'>, scene: Scene): Lines {
  const { containers, caller } = scene;
  const record = containers.find(caller, container);
  const { program } = living(scene, record).run;
  const cwd = workdir === undefined ? [] : ['sh', '-c', 'cd "$0" && exec "$@"', workdir];
  const all = record.ids === undefined ? ENTERED : [...ENTERED, 'user' as const];
  const kinds = all.map((kind) => OPTION[kind]);
  const words = ['nsenter', `--target=${program.pid}`, ...kinds, ...cwd, ...command];
  return [asRoot(scene, ['env', '-i', ...record.env, ...env, ...words])];
}

function living({ containers }: Scene, record: ContainerRecord): Living {
  const found = containers.lives.get(record.id);
  if (found === undefined) throw notRunning(record);
  return found;
}

export function stopLines({ container }: Of, scene: Scene): Lines {
  const record = scene.containers.find(scene.caller, container);
  const found = scene.containers.lives.get(record.id);
  return found === undefined ? [] : [killLine(scene, found, record.stopSignal)];
}

export function killLines({ container, signal = 'KILL' }: Params<'container/kill'>, scene: Scene): Lines {
  const number = signalNumber(signal);
  if (number === undefined) throw broken('invalid', 'signal', undefined, { field: 'signal' });
  return [killLine(scene, living(scene, scene.containers.find(scene.caller, container)), number)];
}

function killLine(scene: Scene, { run }: Living, number: number): string[] {
  return asRoot(scene, ['kill', '-s', signalName(number).replace(/^SIG/, ''), String(run.program.pid)]);
}

/** Of one that runs its root is reached through /proc; else its layers have to be mounted first. */
async function rootOf({ container }: Of, scene: Scene): Promise<{ root: string; mounted: Lines; inside: string[] }> {
  const { containers, caller } = scene;
  const record = containers.find(caller, container);
  const found = containers.lives.get(record.id);
  if (found !== undefined) {
    const { pid } = found.run.program;
    // As whom its owners are who they are inside.
    const inside = record.ids === undefined ? [] : ['nsenter', `--target=${pid}`, '--user'];
    return { root: `/proc/${pid}/root`, mounted: [], inside };
  }
  const { root, mount } = await mounting(record, scene);
  return { root, mounted: [mount], inside: [] };
}

export async function exportLines(params: Of, scene: Scene): Promise<Lines> {
  const { root, mounted, inside } = await rootOf(params, scene);
  return [...mounted, asRoot(scene, [...inside, 'tar', '--create', '--one-file-system', `--directory=${root}`, '.'])];
}

export async function copyOutLines(params: Params<'container/copy-out'>, scene: Scene): Promise<Lines> {
  const { root, mounted, inside } = await rootOf(params, scene);
  return [...mounted, asRoot(scene, [...inside, 'tar', '--create', `--directory=${root}`, `.${params.path}`])];
}

export async function copyInLines(params: Params<'container/copy-in'>, scene: Scene): Promise<Lines> {
  const { root, mounted, inside } = await rootOf(params, scene);
  return [...mounted, asRoot(scene, [...inside, 'tar', '--extract', `--directory=${join(root, params.path)}`])];
}
