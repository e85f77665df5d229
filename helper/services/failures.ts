// Gives the errors of lower layers their meaning on the wire: which kind, at which step, with which rule and hint.
// Sentences are made elsewhere (rpc/contract/sentences.ts), from the codes only.
import { type Coded, type ErrorData, type ErrorKind, Failure } from '../rpc/contract/errors';
import { SysError } from '../sys/errors';

/** errno (errno(3)) -> kind. What is not listed is `internal`: nobody thought of it yet. */
const KIND_OF_ERRNO: Readonly<Record<string, ErrorKind>> = {
  ENOENT: 'not-found',
  ENODEV: 'not-found',
  ENXIO: 'not-found',
  ESRCH: 'not-found',
  EADDRNOTAVAIL: 'not-found',
  ESTALE: 'not-found',
  EEXIST: 'exists',
  EADDRINUSE: 'exists',
  EBUSY: 'busy',
  ETXTBSY: 'busy',
  ENOTEMPTY: 'busy',
  EPERM: 'missing-capability',
  EACCES: 'denied',
  EROFS: 'denied',
  ENOSYS: 'unsupported-kernel',
  EOPNOTSUPP: 'unsupported-kernel',
  EPROTONOSUPPORT: 'unsupported-kernel',
  EAFNOSUPPORT: 'unsupported-kernel',
  ENOTTY: 'unsupported-kernel',
  EINVAL: 'invalid',
  ERANGE: 'invalid',
  E2BIG: 'invalid',
  EDOM: 'invalid',
  EOVERFLOW: 'invalid',
  ENAMETOOLONG: 'invalid',
  ENETUNREACH: 'invalid',
  EHOSTUNREACH: 'invalid',
  ENOTDIR: 'invalid',
  ELOOP: 'invalid',
  ENETDOWN: 'conflict',
  ENOSPC: 'quota',
  EMFILE: 'quota',
  ENFILE: 'quota',
  EDQUOT: 'quota',
  EAGAIN: 'quota',
  EUSERS: 'quota',
  ENOMEM: 'quota',
  ENOBUFS: 'quota',
};

/** What the service knows about a failure and the kernel does not. */
export interface Context {
  step?: string;
  /** Path of the parameter at fault: `a.addresses.0`. */
  field?: string;
  rule?: Coded;
  hint?: Coded;
  /** Overrides the kind that errno suggests. */
  kind?: ErrorKind;
}

/** Everything thrown below a service, as the Failure that its caller gets. A Failure keeps what it already says. */
export function asFailure(error: unknown, context: Context = {}): Failure {
  if (error instanceof Failure) return new Failure({ ...context, ...error.data }, { cause: error });
  const data: ErrorData = { ...context, kind: context.kind ?? 'internal' };
  const code = errnoOf(error);
  if (code !== undefined) {
    data.kind = context.kind ?? KIND_OF_ERRNO[code] ?? 'internal';
    data.errno = code;
    const kernel = kernelText(error);
    if (kernel !== undefined) data.kernel = kernel;
  }
  return new Failure(data, { cause: error });
}

/** Symbolic errno of a SysError or of an error of node:fs; undefined for any other. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof SysError) return error.code;
  if (!(error instanceof Error) || !('errno' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && typeof error.errno === 'number' ? error.code : undefined;
}

/** Extended-ack text (NLMSGERR_ATTR_MSG, netlink(7)) where the error came from netlink. */
function kernelText(error: unknown): string | undefined {
  if (!(error instanceof SysError) || !('kernel' in error)) return undefined;
  return typeof error.kernel === 'string' && error.kernel !== '' ? error.kernel : undefined;
}

/** A Failure that no system call caused: a rule of ours was broken. */
export function broken(kind: ErrorKind, code: string, args?: Coded['args'], context: Omit<Context, 'rule'> = {}) {
  return new Failure({ ...context, kind, rule: args === undefined ? { code } : { code, args } });
}
