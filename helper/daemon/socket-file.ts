// The socket's file: what an earlier helper left is taken away, what this one made is given to the holder.
import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { Failure } from '../rpc/contract/errors';

/** Call with the state's lock held. A socket that somebody answers behind, or a file that is none, is a Failure. */
export async function removeStaleSocket(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSocket()) {
    throw new Failure({ kind: 'exists', rule: { code: 'socket-path-taken', args: { socket: path } } });
  }
  if (await answers(path)) {
    throw new Failure({ kind: 'exists', rule: { code: 'socket-in-use', args: { socket: path } } });
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const say = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => say(true));
    socket.once('error', () => say(false));
  });
}

/** Only the holder and root may connect. The socket was made under umask 077, so there was no moment of more. */
export function giveSocket(path: string, holder: number): void {
  chmodSync(path, 0o600);
  if (process.getuid?.() === 0) chownSync(path, holder, 0);
}
