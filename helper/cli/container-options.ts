// The options that several container commands have: what docker-run(1) and docker-update(1) call them.
import { statSync } from 'node:fs';
import { flag, type Given, many, short, value } from './command';
import {
  device,
  diskMount,
  environment,
  type Limits,
  labels,
  memory,
  mount,
  network,
  number,
  openDevice,
  openMount,
  type Plan,
  rate,
  security,
  shared,
  tmpfs,
  variable,
  volume,
} from './container-plan';
import { integer, oneOf, text } from './refs';
import { healthOf, UPKEEP, UPKEEP_FIELDS } from './upkeep-options';
import { Usage } from './usage';

export const LIMITS = {
  memory: short('m', value('SIZE', memory, 'Memory it may use: 512m, 2g; -1 for no limit is written --memory=-1.')),
  'memory-swap': value('SIZE', memory, 'Memory and swap together, as docker counts them; -1: any amount of swap.'),
  cpus: value('N', cpus, 'Processors it may use at once: 0.5, 2.'),
  'cpu-shares': short(
    'c',
    value('N', integer, 'Its share of processor time while that is short; 1024 is the usual one.'),
  ),
  'cpuset-cpus': value('LIST', text, 'Processors it may run on: 0-2,5.'),
  'cpuset-mems': value('LIST', text, 'Memory nodes it may use.'),
  'pids-limit': value('N', pidsLimit, 'Processes and threads it may have; -1 for no limit is written --pids-limit=-1.'),
  'blkio-weight': value('N', integer, 'Its share of block I/O while that is short: 10 to 1000.'),
  'device-read-bps': many('DEVICE:RATE', rate, 'Bytes a second that it may read from a disk.'),
  'device-write-bps': many('DEVICE:RATE', rate, 'Bytes a second that it may write to a disk.'),
  'device-read-iops': many('DEVICE:RATE', rate, 'Reads a second from a disk.'),
  'device-write-iops': many('DEVICE:RATE', rate, 'Writes a second to a disk.'),
};

function cpus(argument: string): number | 'unlimited' {
  return argument === 'unlimited' ? argument : number(argument);
}

function pidsLimit(argument: string): number | 'unlimited' {
  return argument === '-1' || argument === 'unlimited' ? 'unlimited' : integer(argument);
}

/** Only what was given. */
export function limitsOf(given: Given<typeof LIMITS>): Limits {
  const rates = (all: readonly { path: string; rate: number }[]) =>
    all.length === 0 ? undefined : all.map(({ path, rate: most }) => ({ ...deviceNumber(path), rate: most }));
  return defined({
    memory: given.memory,
    swap: swapOf(given.memory, given['memory-swap']),
    cpus: given.cpus,
    cpuShares: given['cpu-shares'],
    cpusetCpus: given['cpuset-cpus'],
    cpusetMems: given['cpuset-mems'],
    pids: given['pids-limit'],
    blkioWeight: given['blkio-weight'],
    blkioReadBps: rates(given['device-read-bps']),
    blkioWriteBps: rates(given['device-write-bps']),
    blkioReadIops: rates(given['device-read-iops']),
    blkioWriteIops: rates(given['device-write-iops']),
  });
}

/** Docker's number holds the memory too; ours does not. */
function swapOf(limit: number | 'unlimited' | undefined, both: number | 'unlimited' | undefined) {
  if (both === undefined || both === 'unlimited') return both;
  if (typeof limit !== 'number' || both < limit)
    throw new Usage('It holds the memory too, so it needs --memory and cannot be less.', {}, '--memory-swap');
  return both - limit;
}

/** dev_t as Linux has it (makedev(3)). */
function deviceNumber(path: string): { major: number; minor: number } {
  let rdev: bigint;
  try {
    rdev = statSync(path, { bigint: true }).rdev;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new Usage('{path} cannot be opened ({errno}).', { path, errno: code });
  }
  if (rdev === 0n) throw new Usage('{path} is no device.', { path });
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n)),
  };
}

const own = (text: string) => oneOf('own', 'private', 'host')(text).replace('private', 'own') as 'own' | 'host';

/** docker says `private`, podman `auto`. */
function userns(argument: string): 'own' | 'host' {
  return oneOf('own', 'private', 'auto', 'host')(argument) === 'host' ? 'host' : 'own';
}

export const CREATE = {
  name: value('NAME', text, 'What it is called; two words when left out.'),
  interactive: short('i', flag('Keep standard input open.')),
  tty: short('t', flag('Give it a terminal of its own.')),
  rm: flag('Remove it as soon as it has ended.'),
  env: short('e', many('NAME=VALUE', variable, 'A variable; a name alone passes yours on.')),
  volume: short('v', many('SOURCE:TARGET[:ro]', volume, 'Show a directory or file of yours in it.')),
  mount: many(
    'SPEC',
    mount,
    'type=bind,src=…,dst=…[,readonly], type=tmpfs,dst=…[,tmpfs-size=…] or type=disk,size=…,dst=…[,readonly].',
  ),
  tmpfs: many('TARGET[:OPTIONS]', tmpfs, 'An empty file system in memory: /tmp:size=64m.'),
  disk: many('SIZE:TARGET', diskMount, 'A disk of its own of that size, which stays until the container is removed.'),
  workdir: short('w', value('DIR', text, 'Directory to start in; made where it is missing.')),
  user: short('u', value('USER[:GROUP]', text, 'Who its program is: names of its own files, or numbers.')),
  hostname: short('h', value('H', text, 'Its host name; the beginning of its id when left out.')),
  domainname: value('D', text, 'Its NIS domain name.'),
  network: value(
    'none|host|NETNS|container:C',
    network,
    'Its network; one of its own in which only lo is up when left out.',
  ),
  pid: value('host|container:C', shared, 'Whose pid namespace it has; its own when left out.'),
  ipc: value('host|container:C', shared, 'Whose ipc namespace it has; its own when left out.'),
  uts: value('host', own, 'Whose host name it has; its own when left out.'),
  cgroupns: value('host', own, 'Whose cgroup namespace it has; its own when left out.'),
  userns: value(
    'own|host',
    userns,
    'Whose user namespace it has: its own gives it 65,536 ids that nobody else has; the host’s when left out.',
  ),
  entrypoint: value(
    'CMD',
    (argument) => argument,
    'Program in place of the image’s entrypoint; none where it is empty.',
  ),
  init: flag('Run the program below a tiny process 1 that reaps and forwards signals.'),
  'read-only': flag('Its root file system cannot be written to.'),
  device: many('DEVICE[:TARGET][:rwm]', device, 'A device that it may use.'),
  'cap-add': many('CAP', text, 'A capability besides the usual ones, or ALL.'),
  'cap-drop': many('CAP', text, 'A capability that is taken away, or ALL.'),
  'security-opt': many('OPTION', security, 'seccomp=unconfined, or no-new-privileges=false.'),
  'stop-signal': value('SIGNAL', text, 'Signal that “stop” sends; the image’s, else SIGTERM, when left out.'),
  'stop-timeout': value('S', integer, 'Seconds that “stop” waits before it kills; 10 when left out.'),
  'oom-score-adj': value('N', integer, 'Of the out-of-memory killer: -1000 never, 1000 first.'),
  label: short('l', many('NAME=VALUE', text, 'A label.')),
  ...UPKEEP,
  ...LIMITS,
};

/** Which argument a field of the request came from. */
export const CREATE_FIELDS = {
  image: 'IMAGE',
  command: 'CMD',
  env: '--env',
  mounts: '--volume',
  devices: '--device',
  capAdd: '--cap-add',
  capDrop: '--cap-drop',
  stopSignal: '--stop-signal',
  stopTimeout: '--stop-timeout',
  oomScoreAdj: '--oom-score-adj',
  ...UPKEEP_FIELDS,
  'limits.memory': '--memory',
  'limits.swap': '--memory-swap',
  'limits.cpus': '--cpus',
  'limits.cpuShares': '--cpu-shares',
  'limits.cpusetCpus': '--cpuset-cpus',
  'limits.cpusetMems': '--cpuset-mems',
  'limits.pids': '--pids-limit',
  'limits.blkioWeight': '--blkio-weight',
  name: '--name',
  workdir: '--workdir',
  user: '--user',
  hostname: '--hostname',
  domainname: '--domainname',
  network: '--network',
  pid: '--pid',
  ipc: '--ipc',
  cgroupns: '--cgroupns',
  userns: '--userns',
};

export function planOf(image: Plan['image'], given: Given<typeof CREATE>, program: readonly string[]): Plan {
  const mounts = [...given.volume, ...given.mount, ...given.tmpfs, ...given.disk].map(openMount);
  const limits = limitsOf(given);
  return defined({
    image,
    name: given.name,
    command: program.length > 0 ? [...program] : undefined,
    entrypoint: given.entrypoint === undefined ? undefined : [given.entrypoint].filter(Boolean),
    env: some(environment(given.env)),
    workdir: given.workdir,
    user: given.user,
    hostname: given.hostname,
    domainname: given.domainname,
    tty: given.tty || undefined,
    interactive: given.interactive || undefined,
    network: given.network,
    pid: given.pid,
    ipc: given.ipc,
    uts: given.uts,
    cgroupns: given.cgroupns,
    userns: given.userns,
    limits: Object.keys(limits).length > 0 ? limits : undefined,
    readonly: given['read-only'] || undefined,
    mounts: some(mounts),
    devices: some(given.device.map(openDevice)),
    capAdd: some(given['cap-add']),
    capDrop: some(given['cap-drop']),
    ...merged(given['security-opt']),
    init: given.init || undefined,
    stopSignal: given['stop-signal'],
    stopTimeout: given['stop-timeout'],
    oomScoreAdj: given['oom-score-adj'],
    labels: given.label.length > 0 ? labels(given.label) : undefined,
    autoRemove: given.rm || undefined,
    restart: given.restart,
    health: healthOf(given),
  });
}

function some<T>(all: readonly T[]): T[] | undefined {
  return all.length > 0 ? [...all] : undefined;
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the fields that are undefined. */
function defined<T extends object>(all: T): Defined<T> {
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined)) as Defined<T>;
}

/** Of two that say different things the later one counts. */
function merged(all: readonly Pick<Plan, 'seccomp' | 'newPrivileges'>[]): Pick<Plan, 'seccomp' | 'newPrivileges'> {
  const whole: Pick<Plan, 'seccomp' | 'newPrivileges'> = {};
  for (const one of all) Object.assign(whole, one);
  return whole;
}
