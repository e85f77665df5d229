// One helper a state directory: flock(2) on the directory, which the kernel gives back however its holder ends.
import { constants as files, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import { SysError } from '../sys/errors';
import { close, flock, LOCK_EX, LOCK_NB, open } from '../sys/libc';

const PID_FILE = 'helper.pid';

export interface StateLock {
  release(): void;
}

/** Throws a Failure of kind `exists`, with the pid of the helper that has the directory, where there is one. */
export function lockState(stateDir: string): StateLock {
  const fd = open(stateDir, files.O_RDONLY | files.O_DIRECTORY | files.O_NOFOLLOW);
  try {
    flock(fd, LOCK_EX | LOCK_NB);
    writeFileSync(join(stateDir, PID_FILE), `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    close(fd);
    if (!(error instanceof SysError) || error.errno !== constants.errno.EAGAIN) throw error;
    throw new Failure(
      { kind: 'exists', rule: { code: 'second-helper', args: { pid: holderOf(stateDir), state: stateDir } } },
      { cause: error },
    );
  }
  return { release: () => close(fd) };
}

/** Who wrote the pid file last, which is who holds the lock; `?` in the instant between the two. */
function holderOf(stateDir: string): string {
  try {
    return readFileSync(join(stateDir, PID_FILE), 'utf8').trim() || '?';
  } catch {
    // Not written yet.
    return '?';
  }
}
