// Bytes from and to descriptors of somebody else, in a thread that may wait: files, pipes and sockets. Waiting is cut into
// slices, so that a call that is cancelled ends although the other side says nothing.
import { constants, fstatSync, readFileSync, readSync, writeSync } from 'node:fs';
import { SysError } from '../../../sys/errors';
import { close, MSG_DONTWAIT, open, recvfrom, sendto } from '../../../sys/libc';
import { peekPipe, readSome, waitReadable, waitWritable, writeSome } from '../../../sys/libc-files';
import { broken } from '../../failures';
import { cancelled } from '../cancelled';

/** Milliseconds between two looks whether anybody still wants it. */
const SLICE = 50;
/** Bytes at a time. */
export const CHUNK = 1024 * 1024;
const MSG_NOSIGNAL = 0x4000;
const MSG_PEEK = 0x2;
/** Times that a stream is looked at for its first bytes. */
const PEEKS = 200;

export type Bytes = AsyncIterable<Buffer>;

type Kind = 'file' | 'pipe' | 'socket';

export function kindOf(fd: number): Kind | undefined {
  const stats = fstatSync(fd);
  if (stats.isFile()) return 'file';
  if (stats.isFIFO()) return 'pipe';
  return stats.isSocket() ? 'socket' : undefined;
}

/**
 * A pipe is opened anew, for a descriptor that does not wait while everybody else's do: whether reading waits belongs to
 * the open file, which is the caller's as well.
 */
function own(fd: number, kind: Kind, flags: number): number {
  return kind === 'pipe' ? open(`/proc/self/fd/${fd}`, flags | constants.O_NONBLOCK) : fd;
}

/** False once the call was cancelled. */
export type Wanted = () => boolean;

/** What can be read until its end; the buffer is used again for what follows. Throws a Failure once it is cancelled. */
export async function* bytesOf(fd: number, wanted: Wanted): Bytes {
  const kind = kindOf(fd);
  if (kind === undefined) throw broken('invalid', 'fd-not-stream', { fd });
  const from = own(fd, kind, constants.O_RDONLY);
  const buffer = Buffer.allocUnsafe(CHUNK);
  const read = () => {
    if (kind === 'file') return readSync(from, buffer, 0, buffer.length, null);
    return kind === 'socket' ? recvfrom(from, buffer, MSG_DONTWAIT, null) : readSome(from, buffer);
  };
  try {
    for (;;) {
      if (!wanted()) throw cancelled();
      if (kind !== 'file' && !waitReadable(from, SLICE)) continue;
      const got = read();
      if (got === 0) return;
      if (got !== undefined) yield buffer.subarray(0, got);
    }
  } finally {
    if (from !== fd) close(from);
  }
}

/** The next bytes of a stream, which stay in it; fewer where it ends, or where its other side is slow to say more. */
export async function peek(fd: number, size: number, wanted: Wanted): Promise<Buffer> {
  const kind = kindOf(fd);
  if (kind === 'file') {
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, positionOf(fd)));
  }
  let seen: Buffer = Buffer.alloc(0);
  for (let looks = 0; seen.length < size && looks < PEEKS; ) {
    if (!wanted()) throw cancelled();
    if (!waitReadable(fd, SLICE)) continue;
    looks++;
    if (looks > 1) await new Promise((resolve) => setTimeout(resolve, 1));
    seen = kind === 'pipe' ? peekPipe(fd, size) : peekSocket(fd, size);
  }
  return seen;
}

function peekSocket(fd: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  return bytes.subarray(0, recvfrom(fd, bytes, MSG_DONTWAIT | MSG_PEEK, null) ?? 0);
}

/** Where the next read begins (proc_pid_fdinfo(5)). */
function positionOf(fd: number): number {
  return Number(/^pos:\s+([0-9]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? 0);
}

/** Writes in order, all or a Failure: `image-reader-gone` where nobody reads the pipe any more. */
export class Sink {
  readonly #kind: Kind;
  readonly #fd: number;
  /** Bytes taken so far. */
  written = 0;

  constructor(
    private readonly given: number,
    private readonly wanted: Wanted,
  ) {
    const kind = kindOf(given);
    if (kind === undefined) throw broken('invalid', 'fd-not-stream', { fd: given });
    this.#kind = kind;
    this.#fd = own(given, kind, constants.O_WRONLY);
  }

  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (!this.wanted()) throw cancelled();
      if (this.#kind !== 'file' && !waitWritable(this.#fd, SLICE)) continue;
      at += this.#some(bytes.subarray(at)) ?? 0;
    }
    this.written += bytes.length;
  }

  #some(bytes: Buffer): number | undefined {
    try {
      if (this.#kind === 'file') return writeSync(this.#fd, bytes);
      return this.#kind === 'socket' ? send(this.#fd, bytes) : writeSome(this.#fd, bytes);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE' || code === 'ECONNRESET') throw broken('conflict', 'image-reader-gone');
      throw error;
    }
  }

  close(): void {
    if (this.#fd !== this.given) close(this.#fd);
  }
}

function send(fd: number, bytes: Buffer): number | undefined {
  try {
    return sendto(fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, null);
  } catch (error) {
    if (error instanceof SysError && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
