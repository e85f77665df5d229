// The error of a system call that failed: made at the leaf, given its meaning by services.
import { constants } from 'node:os';

/** Names that Linux has beside the ones of its manual: EAGAIN, EOPNOTSUPP. */
const OTHER_NAMES = new Set(['EWOULDBLOCK', 'ENOTSUP']);
const NAMES = new Map<number, string>(
  Object.entries(constants.errno).flatMap(([name, number]) => (OTHER_NAMES.has(name) ? [] : [[number, name]])),
);

/** Symbolic name of an errno, or `E<number>` for one that Node does not know. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

export class SysError extends Error {
  override readonly name: string = 'SysError';
  /** Symbolic errno: `EEXIST`. */
  readonly code: string;
  constructor(
    /** The system call, and what it was about: `mount /run/netns/a`. */
    readonly call: string,
    /** Positive errno. */
    readonly errno: number,
  ) {
    const code = errnoName(errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}
