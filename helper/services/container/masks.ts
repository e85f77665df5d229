// What a container sees of /proc, /sys and /dev: the paths that runc and Docker cover, the devices they make and the mounts
// they lay there. Data only; the launcher acts on it.

/** Covered: a file by /dev/null, a directory by an empty read-only tmpfs; what is missing stays missing. */
const MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** `cpus`: what /sys/devices/system/cpu lists; each CPU's temperatures tell of the neighbours' work. */
export function maskedPaths(cpus: readonly string[]): string[] {
  const throttles = cpus
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `/sys/devices/system/cpu/${name}/thermal_throttle`);
  return [...MASKED_PATHS, ...throttles];
}

/** To be seen, not written. */
export const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

interface DeviceNode {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
}

/** Character devices, each for everybody (0666). */
export const DEVICES: readonly DeviceNode[] = [
  { path: '/dev/null', major: 1, minor: 3 },
  { path: '/dev/zero', major: 1, minor: 5 },
  { path: '/dev/full', major: 1, minor: 7 },
  { path: '/dev/random', major: 1, minor: 8 },
  { path: '/dev/urandom', major: 1, minor: 9 },
  { path: '/dev/tty', major: 5, minor: 0 },
];

/** In /dev, by what they lead to. */
export const DEVICE_LINKS: readonly { readonly path: string; readonly to: string }[] = [
  { path: '/dev/fd', to: '/proc/self/fd' },
  { path: '/dev/stdin', to: '/proc/self/fd/0' },
  { path: '/dev/stdout', to: '/proc/self/fd/1' },
  { path: '/dev/stderr', to: '/proc/self/fd/2' },
  { path: '/dev/ptmx', to: 'pts/ptmx' },
  { path: '/dev/core', to: '/proc/kcore' },
];

/** A rule of the devices controller; a number left out means any. */
interface DeviceRule {
  readonly type: 'c' | 'b';
  readonly major?: number;
  readonly minor?: number;
  /** Of r, w and m (mknod). */
  readonly access: string;
}

/** What may be used besides what is asked for; all else is denied. A node of any kind may be made: using it is what is ruled. */
export const DEVICE_RULES: readonly DeviceRule[] = [
  { type: 'c', access: 'm' },
  { type: 'b', access: 'm' },
  ...DEVICES.map(({ major, minor }) => ({ type: 'c' as const, major, minor, access: 'rwm' })),
  // The console, /dev/ptmx, and every terminal of devpts.
  { type: 'c', major: 5, minor: 1, access: 'rwm' },
  { type: 'c', major: 5, minor: 2, access: 'rwm' },
  { type: 'c', major: 136, access: 'rwm' },
];

type MountFlag = 'nosuid' | 'nodev' | 'noexec' | 'readonly' | 'strictatime';

interface MountPoint {
  readonly target: string;
  readonly type: 'proc' | 'sysfs' | 'tmpfs' | 'devpts' | 'mqueue';
  readonly flags: readonly MountFlag[];
  readonly options: readonly (readonly [key: string, value: string])[];
}

/** In this order; each devpts is an instance of its own anyway. The control groups of the machine come besides. Terminals belong to the group tty, 5 in all distributions. */
export const MOUNTS: readonly MountPoint[] = [
  { target: '/proc', type: 'proc', flags: ['nosuid', 'nodev', 'noexec'], options: [] },
  {
    target: '/dev',
    type: 'tmpfs',
    flags: ['nosuid', 'strictatime'],
    options: [
      ['mode', '755'],
      ['size', '65536k'],
    ],
  },
  {
    target: '/dev/pts',
    type: 'devpts',
    flags: ['nosuid', 'noexec'],
    options: [
      ['ptmxmode', '0666'],
      ['mode', '0620'],
      ['gid', '5'],
    ],
  },
  {
    target: '/dev/shm',
    type: 'tmpfs',
    flags: ['nosuid', 'nodev', 'noexec'],
    options: [
      ['mode', '1777'],
      ['size', '65536k'],
    ],
  },
  { target: '/dev/mqueue', type: 'mqueue', flags: ['nosuid', 'nodev', 'noexec'], options: [] },
  { target: '/sys', type: 'sysfs', flags: ['nosuid', 'nodev', 'noexec', 'readonly'], options: [] },
];
