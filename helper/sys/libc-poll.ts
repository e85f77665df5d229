// Waiting for descriptors on Node's event loop (uv_poll), through koffi: no native addon of ours is needed for it.
import koffi from 'koffi';

export interface Watch {
  /** Stops watching; the descriptor stays open and is the caller's to close, after this. */
  close(): void;
  /** Stops for a while; no callback comes until `resume`. */
  pause(): void;
  resume(): void;
  /** Does not keep the process alive. */
  unref(): void;
}

/**
 * Calls back on the event loop whenever the descriptor is readable (uv_poll: level-triggered, so read until nothing is
 * left). Serves sockets, pidfds and pipes, not files; the descriptor stays the caller's.
 */
export function watchReadable(fd: number, callback: () => void): Watch {
  const handle = koffi.node.poll(fd, { readable: true }, callback);
  return {
    close: () => handle.close(),
    pause: () => handle.stop(),
    resume: () => handle.start({ readable: true }, callback),
    unref: () => handle.unref(),
  };
}
