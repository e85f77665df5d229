// eventfd(2): a counter that the kernel raises and an event loop waits for.
import { readSync } from 'node:fs';
import { c, check } from './libc-calls';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const counter = Buffer.alloc(8);

/** A counter at 0. The caller closes it. */
export function eventfd(): number {
  return check(c.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), 'eventfd');
}

/** Takes the counter back to 0, so that it is no longer readable. Only after it was. */
export function drainEventfd(fd: number): void {
  readSync(fd, counter);
}
