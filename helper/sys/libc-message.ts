// Unix sockets with datagrams that carry descriptors (SCM_RIGHTS of unix(7)), which Node's own sockets cannot.
import { constants } from 'node:os';
import { SysError } from './errors';
import { bind, close, SOL_SOCKET, setsockopt, socket } from './libc';
import { c, check, type MessageHead } from './libc-calls';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SCM_RIGHTS = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const MSG_TRUNC = 0x20;
const MSG_CTRUNC = 0x08;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
/** struct cmsghdr: length (64 bits), level, type; then the descriptors, 32 bits each. */
const CMSG_HEAD = 16;
/** sun_path of unix(7), one byte for NUL. */
const MAX_PATH = 107;

/** struct sockaddr_un. ENAMETOOLONG beyond 107 bytes. */
function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length > MAX_PATH) throw new SysError(`socket ${path}`, constants.errno.ENAMETOOLONG);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF_UNIX);
  bytes.copy(address, 2);
  return address;
}

/** A datagram socket bound to `path`, not listening. EADDRINUSE if a file is there. The caller closes it. */
export function bindPackets(path: string): number {
  return opened(socket(AF_UNIX, SOCK_SEQPACKET, 0), (fd) => bind(fd, unixAddress(path)));
}

/** A connection to the socket at `path` on which no call waits longer than `timeout` milliseconds (then EAGAIN). */
export function connectPackets(path: string, timeout: number): number {
  return opened(socket(AF_UNIX, SOCK_SEQPACKET, 0), (fd) => {
    // struct timeval: seconds, microseconds.
    const time = Buffer.alloc(16);
    time.writeBigInt64LE(BigInt(Math.floor(timeout / 1000)));
    time.writeBigInt64LE(BigInt((timeout % 1000) * 1000), 8);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, time);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, time);
    const address = unixAddress(path);
    check(c.connect(fd, address, address.length), 'connect', path);
  });
}

function opened(fd: number, prepare: (fd: number) => void): number {
  try {
    prepare(fd);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function message(data: Buffer, control: Buffer | null): MessageHead {
  return {
    name: null,
    nameLength: 0,
    parts: [{ base: data, length: data.length }],
    partCount: 1,
    control,
    controlLength: control?.length ?? 0,
    flags: 0,
  };
}

/** sendmsg(2) of one datagram; duplicates of `fds` go with it, ours stay. */
export function sendMessage(fd: number, data: Buffer, fds: readonly number[] = []): void {
  let control: Buffer | null = null;
  if (fds.length > 0) {
    const length = CMSG_HEAD + 4 * fds.length;
    control = Buffer.alloc(Math.ceil(length / 8) * 8);
    control.writeBigUInt64LE(BigInt(length));
    control.writeInt32LE(SOL_SOCKET, 8);
    control.writeInt32LE(SCM_RIGHTS, 12);
    fds.forEach((each, at) => {
      control?.writeInt32LE(each, CMSG_HEAD + 4 * at);
    });
  }
  check(c.sendmsg(fd, message(data, control), MSG_NOSIGNAL), 'sendmsg');
}

/**
 * recvmsg(2) of one datagram into `data`: its length (0: the other side closed), and the descriptors that came with it,
 * which are the caller's to close. EMSGSIZE where not all of it fitted; EAGAIN where nothing came in time.
 */
export function receiveMessage(fd: number, data: Buffer, maxFds: number): { length: number; fds: number[] } {
  const control = Buffer.alloc(Math.ceil((CMSG_HEAD + 4 * maxFds) / 8) * 8);
  const head = message(data, control);
  const length = check(c.recvmsg(fd, head, MSG_CMSG_CLOEXEC), 'recvmsg');
  const fds = head.controlLength < CMSG_HEAD ? [] : descriptorsIn(control);
  if ((head.flags & (MSG_TRUNC | MSG_CTRUNC)) !== 0) {
    for (const each of fds) close(each);
    throw new SysError('recvmsg', constants.errno.EMSGSIZE);
  }
  return { length, fds };
}

function descriptorsIn(control: Buffer): number[] {
  if (control.readInt32LE(8) !== SOL_SOCKET || control.readInt32LE(12) !== SCM_RIGHTS) return [];
  const count = (Number(control.readBigUInt64LE()) - CMSG_HEAD) / 4;
  return Array.from({ length: count }, (_, at) => control.readInt32LE(CMSG_HEAD + 4 * at));
}
