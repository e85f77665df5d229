// Waiting for descriptors on Node's event loop (uv_poll), through koffi: no native addon of ours is needed for it.
import koffi from 'koffi';
import { close } from './libc';
import { c, check } from './libc-calls';

export interface Watch {
  /** Stops watching; the descriptor stays open and is the caller's to close, after this. */
  close(): void;
  /** Stops for a while; no callback comes until `resume`. */
  pause(): void;
  resume(): void;
  /** Does not keep the process alive. */
  unref(): void;
}

type Handle = ReturnType<typeof koffi.node.poll>;

/**
 * What waits in this process. Node turns its loop once more when it takes itself apart, and a callback that comes then
 * ends it with SIGABRT: so everything is closed before.
 */
const waiting = new Set<Handle>();
process.once('exit', () => {
  for (const handle of waiting) handle.close();
});

/**
 * Calls back on the event loop whenever the descriptor is readable (uv_poll: level-triggered, so read until nothing is
 * left). Serves sockets, pidfds and pipes, not files; the descriptor stays the caller's.
 */
export function watchReadable(fd: number, callback: () => void): Watch {
  const handle = koffi.node.poll(fd, { readable: true }, callback);
  waiting.add(handle);
  return {
    close: () => {
      waiting.delete(handle);
      handle.close();
    },
    pause: () => handle.stop(),
    resume: () => handle.start({ readable: true }, callback),
    unref: () => handle.unref(),
  };
}

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 0x2;
const EPOLLET = 0x8000_0000;
/** struct epoll_event (epoll_ctl(2)): packed on x86-64 only; its data stays zero, so that only the first word matters. */
const EVENT_SIZE = 16;

/**
 * Calls back when one of these files changed, which the kernel tells by POLLPRI, as for /proc/PID/mountinfo
 * (proc_pid_mountinfo(5)): an epoll set of its own, since uv_poll cannot wait for that. What changed before it waits, or
 * while it is paused, may go untold. The descriptors stay the caller's; close the watch before them.
 */
export function watchChanging(fds: readonly number[], callback: () => void): Watch {
  const set = check(c.epollCreate1(EPOLL_CLOEXEC), 'epoll_create1');
  try {
    for (const fd of fds) {
      const event = Buffer.alloc(EVENT_SIZE);
      event.writeUInt32LE(EPOLLPRI + EPOLLET);
      check(c.epollCtl(set, EPOLL_CTL_ADD, fd, event), 'epoll_ctl', fd);
    }
  } catch (error) {
    close(set);
    throw error;
  }
  const events = Buffer.alloc(EVENT_SIZE * fds.length);
  const watch = watchReadable(set, () => {
    // Takes them off the set's list: with EPOLLET each change is told once.
    check(c.epollWait(set, events, fds.length, 0), 'epoll_wait');
    callback();
  });
  return {
    ...watch,
    close: () => {
      watch.close();
      close(set);
    },
  };
}
