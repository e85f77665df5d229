// What the system said of a file, as a failure with its path.
import { type ErrorKind, Failure } from '../rpc/contract/errors';

const KINDS: Readonly<Record<string, ErrorKind>> = {
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  ENOSPC: 'quota',
  EDQUOT: 'quota',
  EEXIST: 'exists',
};

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

export function unreadable(path: string, error: unknown): Failure {
  return failed('file-unreadable', path, error);
}

export function unwritable(path: string, error: unknown): Failure {
  return failed('file-unwritable', path, error);
}

/** What we may not look at is, as for a loader or a shell, not there: another place may have it. */
export function passingOver<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Failure && error.data.kind === 'denied') return undefined;
    throw error;
  }
}

function failed(code: string, path: string, error: unknown): Failure {
  const errno = codeOf(error);
  if (errno === '') throw error;
  return new Failure({ kind: KINDS[errno] ?? 'internal', errno, rule: { code, args: { path } } }, { cause: error });
}
