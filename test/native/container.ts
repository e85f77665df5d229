// What the tests of containers share: a root file system of busybox, its usual mounts, and a monitor with its sockets.
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Descriptors, LaunchOptions } from '../../helper/sys/launch';
import type { RootOperation } from '../../helper/sys/launch-operations';
import type { ClientFlags, LaunchPlan, MonitorPlan } from '../../helper/sys/launch-plan';
import { close } from '../../helper/sys/libc';
import { bindPackets } from '../../helper/sys/libc-message';
import { SOCK_STREAM, socketPair } from '../../helper/sys/libc-process';
import { Monitor } from '../../helper/sys/monitor';
import { overlay } from '../../helper/sys/mount-api';
import { until } from '../support/until';
import { type Build, later, open, type Running, scratch, start } from './harness';

const APPLETS = [
  'sh',
  'ls',
  'cat',
  'id',
  'sleep',
  'mount',
  'stat',
  'ps',
  'tty',
  'stty',
  'env',
  'head',
  'readlink',
  'kill',
];

/** A layer with busybox, its users and nothing else. */
export function layer(): string {
  const dir = scratch();
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(dir, name));
  copyFileSync('/bin/busybox', join(dir, 'bin/busybox'));
  for (const name of APPLETS) symlinkSync('busybox', join(dir, 'bin', name));
  writeFileSync(
    join(dir, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/srv:/bin/sh\nodd\n:::\nbad:x:-1:4294967295::/:\n',
  );
  writeFileSync(join(dir, 'etc/group'), 'root:x:0:\nweb:x:34:\nlog:x:40:root,web\nmedia:x:41:web\n');
  return dir;
}

/** An overlay of a layer and an upper directory of its own; closed after the test. */
export function rootMount(lower: readonly string[] = [layer()], owner = 0): { fd: number; upper: string } {
  const dir = scratch();
  const [upper, work] = [join(dir, 'upper'), join(dir, 'work')];
  mkdirSync(upper);
  mkdirSync(work);
  chownSync(upper, owner, owner);
  const fd = overlay({ lower, upper, work });
  later(() => close(fd));
  return { fd, upper };
}

const device = (name: string, major: number, minor: number): RootOperation => ({
  do: 'device',
  target: `/dev/${name}`,
  kind: 'c',
  major,
  minor,
  mode: 0o666,
  uid: 0,
  gid: 0,
});

/** /proc, /sys and a /dev as containers have them. */
export const USUAL: readonly RootOperation[] = [
  { do: 'mount', type: 'proc', target: '/proc', nosuid: true, nodev: true, noexec: true },
  { do: 'mount', type: 'sysfs', target: '/sys', readonly: true, nosuid: true, nodev: true, noexec: true },
  {
    do: 'mount',
    type: 'tmpfs',
    target: '/dev',
    nosuid: true,
    options: [
      ['mode', '755'],
      ['size', '65536k'],
    ],
  },
  {
    do: 'mount',
    type: 'devpts',
    target: '/dev/pts',
    nosuid: true,
    noexec: true,
    options: [
      ['newinstance', ''],
      ['ptmxmode', '0666'],
      ['mode', '0620'],
      ['gid', '5'],
    ],
  },
  { do: 'mount', type: 'mqueue', target: '/dev/mqueue', nosuid: true, nodev: true, noexec: true },
  device('null', 1, 3),
  device('zero', 1, 5),
  device('tty', 5, 0),
  { do: 'symlink', target: '/dev/ptmx', to: 'pts/ptmx' },
  { do: 'symlink', target: '/dev/fd', to: '/proc/self/fd' },
  { do: 'symlink', target: '/dev/stdout', to: '/proc/self/fd/1' },
];

export const ALL_KINDS = ['mnt', 'uts', 'ipc', 'pid', 'net', 'cgroup'] as const;
export const CONTAINER: Partial<LaunchPlan> = {
  create: ALL_KINDS,
  root: true,
  rootMount: true,
  operations: USUAL,
  environment: ['PATH=/bin'],
};

/** Control groups of ours, one a hierarchy that is mounted here; removed after the test. */
export function groups(name: string): { fds: number[]; dirs: string[] } {
  const dirs: string[] = [];
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  for (const line of lines) {
    const [, controllers = '', path = '/'] = line.split(':');
    if (controllers.includes('cpuset')) continue;
    const found = mounts.find((mount) => {
      const [type, , options] = mount.split(' - ')[1]?.split(' ') ?? [];
      return controllers === '' ? type === 'cgroup2' : type === 'cgroup' && options?.split(',').includes(controllers);
    });
    const [root = '', point] = found?.split(' ').slice(3, 5) ?? [];
    if (point === undefined) continue;
    const dir = join(point, root === '/' ? path : path.slice(root.length), name);
    mkdirSync(dir);
    later(() =>
      until(() => {
        rmdirSync(dir);
        return true;
      }, `${dir} to be empty`),
    );
    dirs.push(dir);
  }
  return { dirs, fds: dirs.map(entrance) };
}

/** As the helper gives it: of version 1 a file to write to, of version 2 the directory to be born in. */
function entrance(dir: string): number {
  const file = join(dir, 'tasks');
  return existsSync(file) ? open(file, 'w') : open(dir);
}

/** Frames of native/monitor/frames.h from and to a monitor. */
export const FRAME = {
  input: 0,
  output: 1,
  error: 2,
  size: 3,
  signal: 4,
  end: 5,
  status: 6,
  detached: 7,
  taken: 8,
} as const;

export class Client {
  readonly socket: Socket;
  /** What came, by type. */
  readonly frames: { type: number; text: string }[] = [];
  private rest = Buffer.alloc(0);

  constructor(near: number) {
    this.socket = new Socket({ fd: near, readable: true, writable: true });
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => this.take(chunk));
    later(() => this.socket.destroy());
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 8 && this.rest.length >= 8 + this.rest.readUInt32BE(4)) {
      const end = 8 + this.rest.readUInt32BE(4);
      this.frames.push({ type: this.rest.readUInt8(0), text: this.rest.toString('latin1', 8, end) });
      this.rest = this.rest.subarray(end);
    }
  }

  send(type: number, payload: string | Uint8Array = ''): void {
    const body = Buffer.from(payload);
    const head = Buffer.alloc(8);
    head.writeUInt8(type);
    head.writeUInt32BE(body.length, 4);
    this.socket.write(Buffer.concat([head, body]));
  }

  /** All that came of one type. */
  text(type: number = FRAME.output): string {
    return this.frames
      .filter((frame) => frame.type === type)
      .map(({ text }) => text)
      .join('');
  }
}

export interface Monitored extends Running {
  readonly monitor: Monitor;
  /** Of control socket, log and status file. */
  readonly dir: string;
  status(): string;
  log(): string;
  attach(flags: ClientFlags): Client;
  /** Attached from the start. */
  readonly client: Client | undefined;
}

/** Runs a plan below a monitor, with a log. */
export async function monitored(
  build: Build,
  plan: Partial<LaunchPlan>,
  options: Partial<MonitorPlan> = {},
  descriptors: Partial<Descriptors> = {},
  launchOptions: LaunchOptions = {},
): Promise<Monitored> {
  const dir = scratch();
  const control = bindPackets(join(dir, 'control.sock'));
  const statusFile = open(join(dir, 'status'), 'w');
  const monitor: MonitorPlan = { input: 'none', log: { size: 1 << 20, count: 3 }, ...options };
  const pair = monitor.client ? socketPair(SOCK_STREAM) : undefined;
  const client = pair ? new Client(pair[0]) : undefined;
  try {
    const running = await start(
      build,
      { statusFile: true, ...plan, monitor },
      {
        control,
        statusFile,
        logDirectory: open(dir),
        ...(pair ? { client: pair[1] } : {}),
        ...descriptors,
      },
      launchOptions,
    );
    const read = (name: string) => readFileSync(join(dir, name), 'utf8');
    const orders = new Monitor(join(dir, 'control.sock'));
    return {
      ...running,
      monitor: orders,
      dir,
      client,
      status: () => read('status'),
      log: () => read('log'),
      attach: (flags) => {
        const [near, far] = socketPair(SOCK_STREAM);
        try {
          orders.attach(far, flags);
        } finally {
          close(far);
        }
        return new Client(near);
      },
    };
  } finally {
    close(control);
    if (pair) close(pair[1]);
  }
}
