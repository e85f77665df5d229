// isolab-keep by itself: its orders against the kernel, each refusal, clients that behave badly, and starts that fail.
import { spawn, spawnSync } from 'node:child_process';
import { fstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatOrder, Keeper, type Order, parseWord } from '../../helper/realm/keeper';
import { SysError } from '../../helper/sys/errors';
import { close } from '../../helper/sys/libc';
import { bindPackets, connectPackets, receiveMessage, sendMessage } from '../../helper/sys/libc-message';
import { SOCK_STREAM, socketPair } from '../../helper/sys/libc-process';
import { output } from '../support/run';
import { until } from '../support/until';
import { OTHER } from '../support/users';
import {
  BUILDS,
  type Build,
  cleanUp,
  later,
  makePrograms,
  open,
  type Plan,
  type Running,
  scratch,
  start,
} from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const { EACCES, EBADMSG, EBUSY, ECONNRESET, EEXIST, EINVAL, EMSGSIZE, ENOENT, ENOSYS, EPIPE } = constants.errno;

const ROOT: Plan = {
  uidMap: [{ inside: 0, outside: 0, count: 1 }],
  gidMap: [{ inside: 0, outside: 0, count: 1 }],
  user: { uid: 0, gid: 0 },
};
const REALM: Plan = { ...ROOT, create: ['user', 'mnt', 'net'], propagation: 'slave' };

interface Kept {
  readonly running: Running;
  readonly path: string;
  readonly keeper: Keeper;
  /** What it said when it was ready. */
  readonly word: ReturnType<typeof parseWord>;
}

async function keep(build: Build, plan: Plan = REALM): Promise<Kept> {
  const path = join(scratch(), 'keeper.sock');
  const listening = bindPackets(path);
  const [hears, says] = socketPair(SOCK_STREAM);
  const chunks: Buffer[] = [];
  const hearing = new Socket({ fd: hears, readable: true, writable: false });
  hearing.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<void>((resolve) => hearing.once('close', () => resolve()));
  // LeakSanitizer needs ptrace, which the keeper's descriptors are no part of.
  const environment = ['ASAN_OPTIONS=detect_leaks=0'];
  const running = await start(
    build,
    { ...plan, environment, command: [join(build.dir, 'isolab-keep')] },
    { stdio: [listening, says, open('/dev/null', 'r+')] },
  ).finally(() => {
    close(listening);
    close(says);
  });
  await closed;
  const keeper = new Keeper(path, running.pid);
  later(() => keeper.close());
  return { running, path, keeper, word: parseWord(Buffer.concat(chunks)) };
}

/** argv that runs in the keeper's namespaces, as their root. */
function inside({ running }: Kept, ...argv: string[]): string[] {
  return ['nsenter', `--target=${running.pid}`, '--user', '--mount', '--net', '--', ...argv];
}

const namesOf = async (kept: Kept) =>
  (await output(inside(kept, 'ip', 'netns', 'list')))
    .split('\n')
    .map((line) => line.split(' ')[0])
    .filter(Boolean)
    .sort();

function errnoOf(action: () => unknown): number {
  try {
    action();
  } catch (error) {
    if (error instanceof SysError) return error.errno;
    throw error;
  }
  return 0;
}

/** A netns that the keeper made; closed after the test. */
function made({ keeper }: Kept): number {
  const [fd] = keeper.order('make', { count: 1 }) as [number];
  later(() => close(fd));
  return fd;
}

/** Any bytes as one datagram, and the errno of the answer. */
function told(path: string, bytes: Buffer, fds: readonly number[] = []): number {
  const socket = connectPackets(path, 2000);
  try {
    sendMessage(socket, bytes, fds);
    const answer = Buffer.alloc(64);
    const { length, fds: got } = receiveMessage(socket, answer, 4);
    for (const fd of got) close(fd);
    return length === 12 && got.length === answer.readUInt32LE(8) ? answer.readInt32LE(4) : -1;
  } finally {
    close(socket);
  }
}

const fdsOf = ({ running }: Kept) => readdirSync(`/proc/${running.pid}/fd`).length;

describe.each(BUILDS)('$name build', (build) => {
  it('says that it is ready, holds its three namespaces, and has nothing else of its starter', async () => {
    const kept = await keep(build);
    expect(kept.word).toEqual({ step: '', error: 0 });
    const differs = ['user', 'mnt', 'net', 'pid', 'uts', 'ipc', 'cgroup'].filter(
      (kind) => readlinkSync(`/proc/${kept.running.pid}/ns/${kind}`) !== readlinkSync(`/proc/self/ns/${kind}`),
    );
    expect(differs).toEqual(['user', 'mnt', 'net']);
    const facts = await output(['ps', '-o', 'sid=,tty=', '-p', String(kept.running.pid)]);
    expect(facts.trim().split(/\s+/)).toEqual([String(kept.running.pid), '?']);
    const held = readdirSync(`/proc/${kept.running.pid}/fd`).map((fd) =>
      readlinkSync(`/proc/${kept.running.pid}/fd/${fd}`).replace(/\[\d+\]|\/\d+\//, ''),
    );
    expect(held.sort()).toEqual(['/dev/null', '/dev/null', '/procns', 'net:', 'socket:']);
    expect(await output(inside(kept, 'ip', '-br', 'link', 'show', 'lo'))).toContain('UP');
  });

  it('makes, pins, unpins: ip-netns(8) inside sees the names, nobody outside does', async () => {
    const kept = await keep(build);
    const before = readdirSync('/run/netns');
    const fd = made(kept);
    expect(await namesOf(kept)).toEqual([]);
    kept.keeper.order('pin-new', { name: 'blue', fd });
    expect(await namesOf(kept)).toEqual(['blue']);
    const link = await output(inside(kept, 'ip', 'netns', 'exec', 'blue', 'readlink', '/proc/self/ns/net'));
    expect(link).toBe(`net:[${fstatSync(fd).ino}]\n`);
    expect(readdirSync('/run/netns')).toEqual(before);
    kept.keeper.order('unpin', { name: 'blue' });
    expect(await namesOf(kept)).toEqual([]);
    // What ip-netns(8) makes there is taken away as well.
    await output(inside(kept, 'ip', 'netns', 'add', 'theirs'));
    kept.keeper.order('unpin', { name: 'theirs' });
    expect(await namesOf(kept)).toEqual([]);
  });

  it('opens sockets where it is told to, and comes home every time', async () => {
    const kept = await keep(build);
    const home = readlinkSync(`/proc/${kept.running.pid}/ns/net`);
    const fd = made(kept);
    const sockets = [
      ...kept.keeper.order('socket', { count: 1 }),
      ...kept.keeper.order('socket', { fd, count: 1 }),
      ...kept.keeper.order('events', { count: 2 }),
    ];
    for (const socket of sockets) later(() => close(socket));
    expect(sockets.map((socket) => readlinkSync(`/proc/self/fd/${socket}`).replace(/\d+/, ''))).toEqual(
      Array(4).fill('socket:[]'),
    );
    expect(readlinkSync(`/proc/${kept.running.pid}/ns/net`)).toBe(home);
  });

  it('a taken name, a stale one, a missing one, one with two mounts on it', async () => {
    const kept = await keep(build);
    const { keeper } = kept;
    const fd = made(kept);
    keeper.order('pin-new', { name: 'a', fd });
    expect(errnoOf(() => keeper.order('pin-new', { name: 'a', fd }))).toBe(EEXIST);
    expect(errnoOf(() => keeper.order('unpin', { name: 'none' }))).toBe(ENOENT);
    expect(errnoOf(() => keeper.order('unlink', { name: 'none' }))).toBe(ENOENT);
    expect(errnoOf(() => keeper.order('pin', { name: 'none', fd }))).toBe(ENOENT);
    expect(errnoOf(() => keeper.order('unlink', { name: 'a' }))).toBe(EBUSY);
    keeper.order('pin', { name: 'a', fd });
    expect(errnoOf(() => keeper.order('unpin', { name: 'a' }))).toBe(EBUSY);
    expect(await namesOf(kept)).toEqual(['a']);
    await output(inside(kept, 'umount', '/run/netns/a')).catch(() => '');
    await output(inside(kept, 'touch', '/run/netns/stale'));
    keeper.order('unpin', { name: 'stale' });
    await output(inside(kept, 'touch', '/run/netns/stale'));
    keeper.order('unlink', { name: 'stale' });
    // A refused mount leaves no file.
    expect(errnoOf(() => keeper.order('pin-new', { name: 'file', fd: open('/etc/passwd') }))).toBe(EINVAL);
    expect(await output(inside(kept, 'ls', '/run/netns'))).toBe('a\n');
  });

  const order = (what: Order, name = '') => formatOrder(what, name);
  const patched = (bytes: Buffer, at: number, value: number) => {
    bytes.writeUInt32LE(value, at);
    return bytes;
  };
  const longest = 'x'.repeat(255);
  const HOSTILE: [string, Buffer, number][] = [
    ['a byte', Buffer.from('x'), EBADMSG],
    ['one byte too few', order('make').subarray(1), EBADMSG],
    ['one byte too many', Buffer.concat([order('make'), Buffer.alloc(1)]), EBADMSG],
    ['a great deal', Buffer.alloc(100_000), EBADMSG],
    ['another magic', patched(order('make'), 0, 7), EBADMSG],
    ['order 0', patched(order('make'), 4, 0), ENOSYS],
    ['order 10', patched(order('make'), 4, 10), ENOSYS],
    ['order 2^32-1', patched(order('make'), 4, 0xffff_ffff), ENOSYS],
    ['no name', order('unpin'), EINVAL],
    ['.', order('unpin', '.'), EINVAL],
    ['..', order('unlink', '..'), EINVAL],
    ['a slash', order('unpin', 'a/b'), EINVAL],
    ['a way out', order('unlink', '../../tmp/x'), EINVAL],
    ['a name without an end', Buffer.concat([order('unpin').subarray(0, 8), Buffer.alloc(256, 0x78)]), EINVAL],
    ['words behind the name', patched(order('unpin', 'a'), 100, 1), EINVAL],
    ['a name where none belongs', order('make', 'a'), EINVAL],
    ['a name for the end', order('end', 'a'), EINVAL],
    ['the longest name', order('unpin', longest), ENOENT],
    ['no descriptor to pin', order('pin-new', 'a'), EINVAL],
    ['no descriptor to ask for its host name', order('host-name'), EINVAL],
  ];

  it.each(HOSTILE)('refuses %s', async (_, bytes, errno) => {
    const kept = await keep(build);
    expect(told(kept.path, bytes)).toBe(errno);
    // And is of use afterwards.
    made(kept);
    expect(await namesOf(kept)).toEqual([]);
  });

  it('refuses descriptors of the wrong number and kind, and keeps none of them', async () => {
    const kept = await keep(build);
    const fd = made(kept);
    const file = open('/etc/passwd');
    const count = fdsOf(kept);
    expect(told(kept.path, order('make'), [fd])).toBe(EINVAL);
    expect(told(kept.path, order('socket'), [fd, fd])).toBe(EINVAL);
    expect(told(kept.path, order('pin-new', 'a'), [fd, fd])).toBe(EINVAL);
    expect(told(kept.path, order('socket'), [fd, fd, fd, fd, fd, fd])).toBe(EBADMSG);
    expect(told(kept.path, order('socket'), [file])).toBe(EINVAL);
    const other = open(`/proc/${kept.running.pid}/ns/mnt`);
    expect(told(kept.path, order('socket'), [other])).toBe(EINVAL);
    expect(told(kept.path, order('pin-new', 'a'), [other])).toBe(EINVAL);
    await until(() => fdsOf(kept) <= count, 'the keeper to let go of what it was given');
    expect(await namesOf(kept)).toEqual([]);
  });

  it('tells the host name of a uts namespace of the realm, and stays where it is', async () => {
    const kept = await keep(build);
    const before = readlinkSync(`/proc/${kept.running.pid}/ns/uts`);
    const argv = inside(kept, 'unshare', '--uts', 'sh', '-c', 'hostname within && echo ready && read end');
    const child = spawn(argv[0] as string, argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const uts = open(`/proc/${child.pid}/ns/uts`);
    for (let round = 0; round < 3; round++) {
      const [fd] = kept.keeper.order('host-name', { fd: uts, count: 1 }) as [number];
      expect(readFileSync(fd, 'utf8')).toBe('within');
      close(fd);
    }
    child.stdin.end('\n');
    await ended;
    expect(readlinkSync(`/proc/${kept.running.pid}/ns/uts`)).toBe(before);
    expect(errnoOf(() => kept.keeper.order('host-name', { fd: made(kept), count: 1 }))).toBe(EINVAL);
    const host = open('/proc/self/ns/uts');
    expect(errnoOf(() => kept.keeper.order('host-name', { fd: host, count: 1 }))).toBe(constants.errno.EPERM);
    // Nobody is left behind of those who went.
    expect(await output(['ps', '-o', 'pid=', '--ppid', String(kept.running.pid)]).catch(() => '')).toBe('');
  });

  it('a namespace outside of the realm is not entered', async () => {
    const kept = await keep(build);
    const host = open('/proc/self/ns/net');
    expect(errnoOf(() => kept.keeper.order('socket', { fd: host, count: 1 }))).toBe(constants.errno.EPERM);
  });

  it('somebody else who can reach the socket is not heard', async () => {
    const kept = await keep(build);
    await output(['chmod', '-R', 'a+rwX', join(kept.path, '..')]);
    process.setegid?.(OTHER.gid);
    process.seteuid?.(OTHER.uid);
    let socket: number;
    try {
      socket = connectPackets(kept.path, 2000);
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
    later(() => close(socket));
    let answered = 0;
    const ask = () => {
      sendMessage(socket, order('end'));
      answered = receiveMessage(socket, Buffer.alloc(64), 4).length;
    };
    // Closed already, or closed unread, as it comes.
    expect([0, EPIPE, ECONNRESET]).toContain(errnoOf(ask));
    expect(answered).toBe(0);
    made(kept);
  });

  it('a keeper that is another process than the one meant gets no order', async () => {
    const kept = await keep(build);
    const wrong = new Keeper(kept.path, process.pid);
    expect(errnoOf(() => wrong.order('end'))).toBe(EACCES);
    made(kept);
  });

  it('who holds connections, and who never reads, keeps nobody out', async () => {
    const kept = await keep(build);
    const silent = Array.from({ length: 20 }, () => connectPackets(kept.path, 2000));
    for (const socket of silent) later(() => close(socket));
    made(kept);
    // The keeper ends this connection once the answers do not fit any more; before that they wait.
    const deaf = connectPackets(kept.path, 200);
    later(() => close(deaf));
    let sent = 0;
    const isDropped = () => errnoOf(() => sendMessage(deaf, order('unpin', 'none'))) !== 0 || ++sent > 100_000;
    await until(isDropped, 'the deaf one to be dropped', { everyMs: 0, timeoutMs: 10_000 });
    expect(sent).toBeLessThan(100_000);
    made(kept);
  });

  it('a keeper that does not answer is an error after two seconds, and one that answers late is asked anew', async () => {
    const kept = await keep(build);
    process.kill(kept.running.pid, 'SIGSTOP');
    const started = performance.now();
    expect(errnoOf(() => kept.keeper.order('make', { count: 1 }))).toBe(constants.errno.ETIMEDOUT);
    expect(performance.now() - started).toBeLessThan(4000);
    process.kill(kept.running.pid, 'SIGCONT');
    kept.keeper.order('pin-new', { name: 'a', fd: made(kept) });
    expect(await namesOf(kept)).toEqual(['a']);
  });

  it('answers that are longer than asked for are refused by our side', async () => {
    const [a, b] = socketPair(5);
    later(() => close(a));
    later(() => close(b));
    sendMessage(a, Buffer.alloc(100));
    expect(errnoOf(() => receiveMessage(b, Buffer.alloc(12), 2))).toBe(EMSGSIZE);
  });

  it('outlives a hang-up and its last client; the order to end ends it, with status 0', async () => {
    const kept = await keep(build);
    made(kept);
    kept.keeper.close();
    process.kill(kept.running.pid, 'SIGHUP');
    rmSync(kept.path);
    expect(await namesOf(kept)).toEqual([]);
    const again = await keep(build);
    again.keeper.order('end');
    expect(await again.running.ended).toBe(0);
    expect(errnoOf(() => again.keeper.order('make', { count: 1 }))).not.toBe(0);
  });

  it('without a mount namespace of its own it says which step failed, and ends', async () => {
    const kept = await keep(build, { ...ROOT, create: ['user', 'net'] });
    expect(kept.word).toEqual({ step: 'keeper-names', error: constants.errno.EPERM });
    expect(await kept.running.ended).toBe(1);
  });

  it('without its socket it says who starts it', () => {
    const { status, stderr } = spawnSync(join(build.dir, 'isolab-keep'), { stdio: ['ignore', 'pipe', 'pipe'] });
    expect([status, stderr.toString()]).toEqual([64, expect.stringContaining('started by the Isolab helper')]);
  });
});
