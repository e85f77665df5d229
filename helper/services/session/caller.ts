// What the attaching process hands over: descriptors by number, and its environment, directory and umask, which are the
// session's. Read from a process that the pidfd proves to be the caller.
import { fstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { constants } from 'node:os';
import type { Limit } from '../../sys/launch-plan';
import { close, getsockopt, pidfdGetfd, pidfdSendSignal, SOL_SOCKET } from '../../sys/libc';
import { parseLimits, parseStatus, splitNul } from '../../sys/proc';
import { asFailure, broken, errnoOf } from '../failures';
import type { Caller } from '../house';

export interface Surroundings {
  /** `NAME=value`, as bytes. */
  readonly environment: readonly Buffer[];
  readonly cwd: Buffer;
  readonly umask: number;
  readonly limits: readonly Limit[];
}

/**
 * Environment, working directory, umask and resource limits of the caller. Failure `not-found` where it ended meanwhile: a pid is only
 * a name, and what was read belongs to the caller if the pidfd still lives afterwards.
 */
export function surroundingsOf({ pid, pidfd }: Caller): Surroundings {
  try {
    const environ = readFileSync(`/proc/${pid}/environ`);
    const cwd = readlinkSync(`/proc/${pid}/cwd`, { encoding: 'buffer' });
    const limits = parseLimits(readFileSync(`/proc/${pid}/limits`, 'latin1'));
    const umask = parseStatus(readFileSync(`/proc/${pid}/status`, 'latin1'))?.umask ?? 0o022;
    pidfdSendSignal(pidfd, 0);
    return { environment: splitNul(environ).filter((entry) => entry.includes('=')), cwd, umask, limits };
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) throw broken('not-found', 'caller-gone');
    throw asFailure(error, { step: 'caller' });
  }
}

/** The value of a variable; undefined where it is not set, or empty. */
export function variable({ environment }: Surroundings, name: string): string | undefined {
  const prefix = `${name}=`;
  const found = environment.find((entry) => entry.subarray(0, prefix.length).toString('latin1') === prefix);
  return found?.subarray(prefix.length).toString('utf8') || undefined;
}

const SO_TYPE = 3;
const SO_DOMAIN = 39;
const AF_UNIX = 1;
const SOCK_STREAM = 1;

/** Descriptors fetched from the caller, closed together. */
export class Fetched {
  private readonly fds: number[] = [];

  constructor(private readonly pidfd: number) {}

  /** A duplicate of the caller's descriptor `number`; Failure `invalid` with `field` where it has none open. */
  any(number: number, field: string): number {
    try {
      const fd = pidfdGetfd(this.pidfd, number);
      this.fds.push(fd);
      return fd;
    } catch (error) {
      if (errnoOf(error) === 'EBADF') throw broken('invalid', 'fd-not-open', { fd: number }, { field });
      if (errnoOf(error) === 'ESRCH') throw broken('not-found', 'caller-gone');
      throw asFailure(error, { field, step: 'fetch-descriptor' });
    }
  }

  /** One that is a connected stream socket of the unix kind: nothing from outside the machine may steer a session. */
  unixStream(number: number, field: string): number {
    const fd = this.sorted(number, field, 'fd-not-socket', (stats) => stats.isSocket());
    const option = (name: number) => getsockopt(fd, SOL_SOCKET, name, 4).readInt32LE(0);
    if (option(SO_DOMAIN) === AF_UNIX && option(SO_TYPE) === SOCK_STREAM) return fd;
    throw broken('invalid', 'fd-not-socket', { fd: number }, { field });
  }

  directory(number: number, field: string): number {
    return this.sorted(number, field, 'fd-not-directory', (stats) => stats.isDirectory());
  }

  close(): void {
    for (const fd of this.fds.splice(0)) close(fd);
  }

  private sorted(number: number, field: string, rule: string, fits: (stats: Stats) => boolean): number {
    const fd = this.any(number, field);
    if (fits(fstatSync(fd))) return fd;
    throw broken('invalid', rule, { fd: number }, { field });
  }
}

/** Signals that end a session: first the one that a closed terminal sends. */
export const { SIGHUP, SIGCONT, SIGKILL } = constants.signals;
