// Builds the helper: the house, the socket, the server; and ends it in good order. `isolab helper` calls nothing else.
import { Failure } from './rpc/contract/errors';

export interface DaemonOptions {
  /** Absolute path of the socket; default `/run/isolab/<holder>/helper.sock`. */
  socket?: string;
  /** State directory; default: beside the socket. */
  state?: string;
  /** Seconds without a client after which it ends; default 15 minutes. */
  idleExit?: number;
  /** Stays in the foreground instead of becoming a daemon (tests, service managers). */
  foreground?: boolean;
}

/**
 * Starts the helper. As a daemon: resolves when it answers, having printed its socket and pid; in the foreground:
 * when it listens, and the process then lives until the helper ends. Rejects with a Failure.
 */
export async function startDaemon(_options: DaemonOptions): Promise<void> {
  throw new Failure({ kind: 'internal' });
}
