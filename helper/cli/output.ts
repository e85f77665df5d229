// Standard output and error, written synchronously and past process.stdout: Node would make shared descriptors
// non-blocking, and a shell that takes this process's place would inherit that.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The reader of our output went away, as `| head` does: no failure of ours. */
export class Unread extends Error {
  override readonly name = 'Unread';
}

/** Writes all of it, waiting for a slow reader. Throws Unread. */
export function write(fd: 1 | 2, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE' || code === 'EBADF') throw new Unread();
      if (code !== 'EAGAIN') throw error;
      // A pipe that somebody else made non-blocking is full: give its reader a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

/** Asks on the controlling terminal; undefined where standard input or error is none. */
export function askTerminal(question: string, isYes: (answer: string) => boolean): boolean | undefined {
  if (!isatty(0) || !isatty(2)) return undefined;
  const terminal = openSync('/dev/tty', 'r+');
  try {
    writeSync(terminal, question);
    const line = Buffer.alloc(256);
    return isYes(line.toString('utf8', 0, readSync(terminal, line)).trim());
  } finally {
    closeSync(terminal);
  }
}
