// Control groups against the real kernel, whichever versions it has: judged by the control files, by /proc, and by programs
// that want more than they may have.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Cgroup } from '../../helper/cgroup/cgroup';
import { USUAL_DEVICES } from '../../helper/cgroup/devices';
import type { GroupEvent } from '../../helper/cgroup/events';
import { Hierarchies } from '../../helper/cgroup/hierarchies';
import { Failure } from '../../helper/rpc/contract/errors';
import type { DeviceRule, Limits } from '../../helper/rpc/contract/limits';
import { fill, sentence } from '../../helper/rpc/contract/sentences';
import { SysError } from '../../helper/sys/errors';
import { undoAfterEach } from '../support/cleanup';
import { type Done, output, run } from '../support/run';
import { until } from '../support/until';
import { as, NOBODY } from '../support/users';

const MiB = 1024 * 1024;
const undo = undoAfterEach();
const hierarchies = Hierarchies.find();
let count = 0;
/** Works as fast as it can. */
const BUSY = ['/bin/bash', '-c', 'while :; do :; done'];

/** A group of the test's own, emptied and removed after it. */
function group(limits: Limits = {}): Cgroup {
  count += 1;
  const made = Cgroup.create(hierarchies, `test-${process.pid}-${count}`);
  undo(async () => {
    await made.kill();
    await made.remove();
    hierarchies.tidy();
  });
  made.apply(limits);
  return made;
}

/** A shell that enters the group by the descriptors it is given, as a launcher would, and becomes the program. */
const ENTER = `n=$1; shift
for ((fd = 3; fd < 3 + n; fd++)); do
  if test -d /proc/self/fd/$fd; then echo 0 > /proc/$$/fd/$fd/cgroup.procs; else echo 0 >&$fd; fi || exit 99
done
exec "$@"`;

function start(cgroup: Cgroup, argv: readonly string[]): { child: ChildProcess; pid: number; done: Promise<Done> } {
  const fds = cgroup.entrances();
  try {
    const child = spawn('/bin/bash', ['-c', ENTER, 'enter', String(fds.length), ...argv], {
      stdio: ['ignore', 'pipe', 'pipe', ...fds],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
    const done = new Promise<Done>((resolve) => {
      child.once('close', (code, signal) => resolve({ status: code ?? (signal === 'SIGKILL' ? 137 : 255), ...said }));
    });
    return { child, pid: child.pid as number, done };
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** A program that goes on by itself: its pid, once it is in the group and has become that program. */
async function goOn(cgroup: Cgroup, argv: readonly string[]): Promise<number> {
  const { pid } = start(cgroup, argv);
  const whole = `${argv.join('\0')}\0`;
  await until(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1') === whole, `process ${pid} to be ${argv[0]}`);
  return pid;
}

/** A program to its end. */
const within = (cgroup: Cgroup, argv: readonly string[]) => start(cgroup, argv).done;

/** What a control file says, by another program. */
async function cat(cgroup: Cgroup, controller: string, file: string): Promise<string> {
  return (await output(['cat', join(cgroup.directory(controller) ?? '/nowhere', file)])).trim();
}

const version = (controller: string) => hierarchies.of(controller)?.version;

/** Clock ticks of processor time, from proc_pid_stat(5). */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function failure(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function code(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof SysError) return error.code;
    throw error;
  }
  return undefined;
}

describe('a group', () => {
  test('is one in every hierarchy, and a process enters all of them before it is anything else', async () => {
    const made = group();
    const { stdout } = await within(made, ['/bin/cat', '/proc/self/cgroup']);
    const places = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(':').slice(2).join(':'));
    expect(places.length).toBeGreaterThan(0);
    const mounted = new Set(hierarchies.all.map(({ controllers }) => controllers.join()));
    const lines = stdout
      .trim()
      .split('\n')
      .filter((line) => mounted.has(line.split(':')[1] ?? '') || line.startsWith('0:'));
    expect(lines.filter((line) => !line.endsWith(`/isolab/${made.name}`))).toEqual([]);
  });

  test('is found again by its name, and gone when it is removed', async () => {
    const made = group({ pids: 7 });
    const again = Cgroup.open(Hierarchies.find(), made.name);
    expect(again.limits()).toEqual(made.limits());
    expect(again.limits().pids).toBe(7);
    expect(Hierarchies.find().names()).toContain(made.name);
    const directories = [...new Set(['memory', 'pids', 'unified'].flatMap((one) => made.directory(one) ?? []))];
    expect(directories.filter((one) => !existsSync(one))).toEqual([]);
    // Groups that something inside made go with it.
    for (const one of directories) mkdirSync(join(one, 'inner'));
    await again.remove();
    expect(directories.filter((one) => existsSync(one))).toEqual([]);
    await again.remove();
    expect(Hierarchies.find().names()).not.toContain(made.name);
    expect(code(() => Cgroup.open(hierarchies, made.name))).toBe('ENOENT');
  });

  test('can be looked at by who is not root, whatever the umask of its maker', async () => {
    hierarchies.tidy();
    const before = process.umask(0o077);
    undo(() => process.umask(before));
    const made = group({ pids: 7 });
    const file = join(made.directory('pids') ?? '', 'pids.max');
    expect((await run(as(NOBODY, ['cat', file]))).stdout.trim()).toBe('7');
    expect((await run(as(NOBODY, ['tee', file]), { input: '9' })).status).not.toBe(0);
    expect(made.limits().pids).toBe(7);
  });

  test('a name that is taken leaves everything as it is', () => {
    const made = group({ pids: 7 });
    expect(code(() => Cgroup.create(hierarchies, made.name))).toBe('EEXIST');
    expect(made.limits().pids).toBe(7);
    // Taken in the last hierarchy only: the others are as before.
    const last = hierarchies.all.at(-1);
    if (last === undefined) throw new Error('no hierarchy');
    const [place = ''] = hierarchies.places(last);
    mkdirSync(join(place, 'half'));
    undo(() => rmdirSync(join(place, 'half')));
    expect(code(() => Cgroup.create(hierarchies, 'half'))).toBe('EEXIST');
    const others = hierarchies.all.slice(0, -1).flatMap((one) => hierarchies.places(one));
    expect(others.filter((one) => existsSync(join(one, 'half')))).toEqual([]);
  });

  test.each(['', '.', '..', '../x', 'a/b', 'cgroup.procs', 'memory.max', '-h', 'a b', 'a\nb', 'a\0b', 'x'.repeat(129)])(
    'is never named %j',
    (name) => {
      expect(code(() => Cgroup.create(hierarchies, name))).toBe('EINVAL');
      expect(code(() => Cgroup.open(hierarchies, name))).toBe('EINVAL');
    },
  );

  test('the directory of ours may vanish in between, and goes when it is empty', async () => {
    hierarchies.tidy();
    const made = group();
    const place = join(made.directory('pids') ?? '', '..');
    hierarchies.tidy();
    expect(existsSync(place)).toBe(true);
    await made.remove();
    rmdirSync(place);
    const next = group();
    expect(existsSync(next.directory('pids') ?? '')).toBe(true);
    await next.remove();
    hierarchies.tidy();
    expect(existsSync(place)).toBe(false);
  });

  test('lies below the own group where the root of the hierarchy is not ours', async () => {
    const { unified } = hierarchies;
    if (unified === undefined) throw new Error('no cgroup2 is mounted here');
    hierarchies.tidy();
    const own = join(unified.mountPoint, `own-${process.pid}`);
    mkdirSync(own);
    undo(() => rmdirSync(own));
    chownSync(own, 61_001, 61_001);
    const theirs = new Hierarchies([{ ...unified, own }]);
    process.seteuid?.(61_001);
    try {
      Cgroup.create(theirs, 'x');
    } finally {
      process.seteuid?.(0);
    }
    expect(readdirSync(join(own, 'isolab'))).toContain('x');
    expect(existsSync(join(unified.mountPoint, 'isolab'))).toBe(false);
    await Cgroup.open(theirs, 'x').remove();
    theirs.tidy();
  });
});

describe('limits', () => {
  test('stand in the control files, and are read back', async () => {
    const made = group();
    const before = made.limits();
    expect(before).toMatchObject({ memory: 'unlimited', cpus: 'unlimited', pids: 'unlimited', cpuShares: 1024 });
    const limits: Limits = { memory: 64 * MiB, cpus: 0.5, cpuShares: 512, cpusetCpus: '0', cpusetMems: '0', pids: 20 };
    made.apply(limits);
    const files =
      version('memory') === 2
        ? {
            'memory memory.max': `${64 * MiB}`,
            'cpu cpu.max': '50000 100000',
            'cpu cpu.weight': '59',
            'cpuset cpuset.cpus.effective': '0',
            'cpuset cpuset.mems.effective': '0',
            'pids pids.max': '20',
          }
        : {
            'memory memory.limit_in_bytes': `${64 * MiB}`,
            'cpu cpu.cfs_quota_us': '50000',
            'cpu cpu.shares': '512',
            'cpuset cpuset.cpus': '0',
            'cpuset cpuset.mems': '0',
            'pids pids.max': '20',
          };
    for (const [place, value] of Object.entries(files)) {
      const [controller = '', file = ''] = place.split(' ');
      expect([place, await cat(made, controller, file)]).toEqual([place, value]);
    }
    expect(made.limits()).toMatchObject({ ...limits, cpuShares: expect.closeTo(512, -2) });
    made.apply({ memory: 'unlimited', cpus: 'unlimited', pids: 'unlimited', cpuShares: 1024 });
    expect(made.limits()).toMatchObject({ memory: 'unlimited', cpus: 'unlimited', pids: 'unlimited', cpuShares: 1024 });
    expect((await within(made, ['/usr/bin/nproc'])).stdout.trim()).toBe('1');
  });

  test('one that is refused takes the others back', () => {
    const made = group({ pids: 9, memory: 64 * MiB });
    const before = made.limits();
    const refused = failure(() =>
      made.apply({ memory: 32 * MiB, cpus: 0.5, pids: 3, blkioReadBps: [{ major: 77, minor: 7, rate: 1000 }] }),
    );
    expect(refused.data).toMatchObject({ kind: 'not-found', field: 'limits.blkioReadBps' });
    expect(sentence(refused.data, fill)).toContain('There is no disk with the device number 77:7.');
    expect(made.limits()).toEqual(before);
  });

  test.each<[Limits, string]>([
    [{ cpus: 4000 }, 'cpus-missing'],
    [{ cpusetCpus: '0-99' }, 'cpuset-missing'],
    [{ cpusetCpus: '1-0' }, 'cpuset-missing'],
    [{ cpusetMems: '63' }, 'cpuset-missing'],
    [{ swap: MiB }, 'swap-alone'],
  ])('%j is refused with its cause', (limits, rule) => {
    const made = group();
    const { data } = failure(() => made.apply(limits));
    expect(data.rule?.code).toBe(rule);
    expect(data.field).toBe(`limits.${Object.keys(limits)[0]}`);
    expect(sentence(data, fill)).not.toMatch(/no words|\{\w+\}/);
  });

  test('a controller that is not there is named', () => {
    const none = new Hierarchies(hierarchies.all.filter(({ controllers }) => !controllers.includes('pids')));
    expect(none.all.length).toBeLessThan(hierarchies.all.length);
    if (none.all.length === 0) return;
    const made = group();
    const { data } = failure(() => Cgroup.open(none, made.name).apply({ pids: 5 }));
    expect(data).toMatchObject({ kind: 'unsupported-kernel', field: 'limits.pids' });
    expect(sentence(data, fill)).toContain('no controller “pids”');
  });
});

describe('memory', () => {
  test('a hog is killed, and that is told and counted', async () => {
    const made = group({ memory: 24 * MiB, ...(hierarchies.of('memory') && { swap: 0 }) });
    const told: GroupEvent[] = [];
    const events = made.events((event) => told.push(event));
    undo(() => events.close());
    expect((await within(made, ['/usr/bin/tail', '/dev/zero'])).status).toBe(137);
    await until(() => told.some(({ kind }) => kind === 'oom-kill'), 'the news of an OOM kill');
    expect(told).toEqual([{ kind: 'oom-kill', count: 1 }]);
    const [file, key] = version('memory') === 2 ? ['memory.events', 'oom_kill'] : ['memory.oom_control', 'oom_kill'];
    expect(await cat(made, 'memory', file)).toMatch(new RegExp(`^${key} 1$`, 'm'));
    const { memory } = made.stats();
    expect(memory).toMatchObject({ oomKills: 1, limit: 24 * MiB });
    // Where memory and swap together are the limit, version 1 does not count.
    if (version('memory') === 2) expect(memory?.limitHits).toBeGreaterThan(0);
    else expect(memory?.limitHits).toBe(Number(await cat(made, 'memory', 'memory.failcnt')));
    // The next one is news as well.
    expect((await within(made, ['/usr/bin/tail', '/dev/zero'])).status).toBe(137);
    await until(() => told.length === 2, 'the news of another OOM kill');
  });

  test('what it uses is what the kernel says, less the cache that is idle', async () => {
    const made = group({ memory: 256 * MiB });
    const pid = await goOn(made, [
      '/bin/bash',
      '-c',
      'x=$(head -c 20000000 /dev/zero | tr "\\0" x); exec 0<&-; kill -STOP $$',
    ]);
    await until(() => /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')), 'the program to stop');
    const { memory } = made.stats();
    const file = version('memory') === 2 ? 'memory.current' : 'memory.usage_in_bytes';
    const usage = Number(await cat(made, 'memory', file));
    const stat = await cat(made, 'memory', 'memory.stat');
    // Of version 1 the line with what is below the group too.
    const lines = stat.split('\n').filter((line) => /^(total_)?inactive_file /.test(line));
    const idle = Number(lines.at(-1)?.split(' ')[1]);
    expect(memory?.workingSet).toBeGreaterThan(20_000_000);
    expect(Math.abs((memory?.usage ?? 0) - usage)).toBeLessThan(2 * MiB);
    expect(Math.abs((memory?.workingSet ?? 0) - (usage - idle))).toBeLessThan(2 * MiB);

    const { data } = failure(() => made.apply({ memory: 4 * MiB, pids: 100 }));
    expect(data).toMatchObject({ kind: 'busy', field: 'limits.memory' });
    expect(sentence(data, fill)).toMatch(/in use/);
    expect(made.limits()).toMatchObject({ memory: 256 * MiB, pids: 'unlimited' });
    expect(existsSync(`/proc/${pid}`)).toBe(true);
  });
});

describe('processors', () => {
  test('the quota holds, and what it cost is counted', async () => {
    const made = group({ cpus: 0.2 });
    await goOn(made, BUSY);
    const meter = made.meter();
    undo(() => meter.close());
    const first = await until(() => {
      const now = meter.read();
      return now.cpu && now.cpu.throttledPeriods > 2 ? now : undefined;
    }, 'the quota to be used up');
    const last = await until(() => {
      const now = meter.read();
      return now.at - first.at > 1500 ? now : undefined;
    }, 'a second and a half');
    const share = ((last.cpu?.usage ?? 0) - (first.cpu?.usage ?? 0)) / 1e6 / (last.at - first.at);
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.35);
    expect(last.cpu?.throttled).toBeGreaterThan(first.cpu?.throttled ?? 0);
    expect(last.cpu?.periods).toBeGreaterThan(first.cpu?.periods ?? 0);
  });
});

describe('processes', () => {
  test('no more than the limit, which is told and counted', async () => {
    const made = group({ pids: 4 });
    const told: GroupEvent[] = [];
    const events = made.events((event) => told.push(event));
    undo(() => events.close());
    const forks = 'for i in 1 2 3 4 5 6; do busybox sleep 60 > /dev/null 2>&1 & done; wait';
    const { stderr, status } = await within(made, ['/usr/bin/busybox', 'sh', '-c', forks]);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/can't fork|Resource temporarily unavailable/);
    await until(() => told.some(({ kind }) => kind === 'pids-limit'), 'the news of a refused fork');
    expect(made.stats().pids).toMatchObject({ limit: 4, current: 3 });
    expect(made.stats().pids?.limitHits).toBeGreaterThan(0);
    const seen = await output(['ps', '-o', 'comm=', '-p', made.pids().join()]);
    expect(seen.trim().split('\n')).toEqual(['busybox', 'busybox', 'busybox']);
  });

  test('all are ended at once, also those of groups below and those that are frozen', async () => {
    const made = group();
    for (let at = 0; at < 5; at += 1) start(made, ['/bin/bash', '-c', 'sleep 60 & sleep 61 & wait']);
    await until(() => made.pids().length === 15, 'fifteen processes');
    const pids = made.pids();
    await made.freeze();
    await made.kill();
    await until(() => pids.every((pid) => !/^State:\t[^Z]/m.test(status(pid))), 'all to have ended');
    await until(() => made.pids().length === 0, 'the group to be empty');
    made.thaw();
    await made.remove();
  });

  test('where only version 1 stops and ends processes', async () => {
    const v1 = new Hierarchies(hierarchies.all.filter((one) => one.version === 1));
    if (v1.of('freezer') === undefined) {
      expect(version('memory')).toBe(2);
      return;
    }
    const made = group();
    const pid = await goOn(made, BUSY);
    const old = Cgroup.open(v1, made.name);
    await stands(old, pid);
    await old.kill();
    await until(() => made.pids().length === 0, 'the group to be empty');
  });

  test('a frozen one stands still until it is thawed', async () => {
    const made = group();
    const pid = await goOn(made, BUSY);
    await stands(made, pid);
  });
});

function status(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // Ended.
    return '';
  }
}

async function stands(cgroup: Cgroup, pid: number): Promise<void> {
  await until(() => ticks(pid) > 5, 'some work');
  expect(cgroup.frozen()).toBe(false);
  await cgroup.freeze();
  expect(cgroup.frozen()).toBe(true);
  const then = ticks(pid);
  const since = Date.now();
  await until(() => Date.now() - since > 300, 'some time');
  expect(ticks(pid)).toBe(then);
  cgroup.thaw();
  await until(() => ticks(pid) > then, 'more work');
  expect(cgroup.frozen()).toBe(false);
}

describe('devices', () => {
  const rule = (minor: number, access: string): DeviceRule => ({ type: 'c', major: 1, minor, access });
  const read = (cgroup: Cgroup, path: string) => within(cgroup, ['/usr/bin/head', '-c1', path]);

  test('only what is allowed can be opened or made', async () => {
    const made = group({ devices: [rule(3, 'rw'), rule(5, 'r')] });
    expect((await read(made, '/dev/zero')).status).toBe(0);
    expect((await within(made, ['/bin/bash', '-c', 'echo > /dev/null'])).status).toBe(0);
    const refused = await read(made, '/dev/urandom');
    expect(refused.stderr).toContain('Operation not permitted');
    expect((await within(made, ['/bin/bash', '-c', 'echo > /dev/zero'])).stderr).toContain('Operation not permitted');
    const node = join(process.env.TMPDIR ?? '/tmp', `node-${process.pid}`);
    expect((await within(made, ['/usr/bin/mknod', node, 'c', '1', '3'])).stderr).toContain('Operation not permitted');
    expect(existsSync(node)).toBe(false);

    // Another list in its place, then all again.
    made.apply({ devices: [...USUAL_DEVICES] });
    expect((await read(made, '/dev/urandom')).status).toBe(0);
    expect((await read(made, '/dev/kmsg')).stderr).toContain('Operation not permitted');
    undo(() => run(['rm', '-f', node]));
    expect((await within(made, ['/usr/bin/mknod', node, 'c', '1', '1'])).status).toBe(0);
    expect((await read(made, node)).stderr).toContain('Operation not permitted');
    if (version('devices') === 1) expect(made.limits().devices).toEqual(USUAL_DEVICES);
    made.apply({ devices: 'all' });
    expect((await within(made, ['/bin/bash', '-c', 'exec < /dev/kmsg'])).status).toBe(0);
  });
});

describe('block I/O', () => {
  interface Disk {
    /** A file on it, or the whole of it. */
    file: string;
    major: number;
    minor: number;
  }

  /** The disk that Node's own program lies on, else the first one: a whole one, since parts of disks have no limits. */
  function disk(): Disk {
    const { dev } = statSync(process.execPath);
    const place = `/sys/dev/block/${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
    if (existsSync(place)) return numbered(process.execPath, realpathSync(place));
    const [first] = readdirSync('/sys/block').filter((name) => /^[sv]d[a-z]$/.test(name));
    if (first === undefined) throw new Error('there is no disk to read from');
    return numbered(`/dev/${first}`, `/sys/block/${first}`);
  }

  function numbered(file: string, place: string): Disk {
    const whole = existsSync(join(place, 'partition')) ? join(place, '..') : place;
    const [major, minor] = readFileSync(join(whole, 'dev'), 'utf8').split(':').map(Number);
    return { file, major: major as number, minor: minor as number };
  }

  test('what is read is counted, and no faster than it may be', async () => {
    const { file, major, minor } = disk();
    const made = group({ blkioReadBps: [{ major, minor, rate: 2 * MiB }] });
    expect(made.limits().blkioReadBps).toEqual([{ major, minor, rate: 2 * MiB }]);
    const began = Date.now();
    const read = await within(made, [
      '/usr/bin/dd',
      `if=${file}`,
      'of=/dev/null',
      'iflag=direct',
      'bs=256K',
      'count=16',
    ]);
    expect(read.status).toBe(0);
    expect(Date.now() - began).toBeGreaterThan(1000);
    const { io } = made.stats();
    // Pages of dd itself may have had to be read as well.
    expect(io?.readBytes).toBeGreaterThanOrEqual(4 * MiB);
    expect(io?.readBytes).toBeLessThan(8 * MiB);
    expect(io?.reads).toBeGreaterThanOrEqual(16);
    made.apply({ blkioReadBps: [{ major, minor, rate: 0 }] });
    expect(made.limits().blkioReadBps).toBeUndefined();
  });

  test('a weight is taken where the kernel has one, else refused in a sentence', () => {
    const made = group();
    const there = made.limits().blkioWeight !== undefined;
    if (there) {
      made.apply({ blkioWeight: 300 });
      expect(made.limits().blkioWeight).toBe(300);
    } else {
      const { data } = failure(() => made.apply({ blkioWeight: 300 }));
      expect(sentence(data, fill)).toContain('This kernel does not weigh block I/O');
    }
  });
});

describe('pressure', () => {
  test('is told where the kernel keeps it', async () => {
    const made = group();
    const { pressure } = made.stats();
    const file = join(made.directory('unified') ?? '/nowhere', 'cpu.pressure');
    const kept = (await run(['cat', file])).stdout;
    if (kept === '') expect(pressure).toBeUndefined();
    else {
      expect(kept).toContain(`total=${pressure?.cpu?.some.total}`);
      expect(Object.keys(pressure ?? {})).toEqual(['cpu', 'memory', 'io']);
    }
  });
});

test('a meter of a group that was removed says so; nothing else keeps descriptors', async () => {
  const fds = () => readdirSync('/proc/self/fd').length;
  const before = fds();
  const made = group();
  made.stats();
  const events = made.events(() => undefined);
  const meter = made.meter();
  expect(meter.read().memory?.usage).toBeDefined();
  await made.remove();
  expect(code(() => meter.read())).toBe('ENODEV');
  events.close();
  meter.close();
  await until(() => fds() <= before, 'the descriptors to be closed');
});
