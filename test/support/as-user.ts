// Doing something as another user within this process: its effective ids change as a whole, so that whatever else it starts
// or opens meanwhile is that user's too. Programs are therefore started in between only (run.ts).
import type { User } from './users';

let last: Promise<unknown> = Promise.resolve();
let somebodyElse = false;

/** Does something as somebody, such as opening a connection; one at a time. */
export function asUser<T>({ uid, gid }: User, work: () => Promise<T>): Promise<T> {
  if (uid === 0) return work();
  const turn = last.then(async () => {
    somebodyElse = true;
    process.setegid?.(gid);
    process.seteuid?.(uid);
    try {
      return await work();
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
      somebodyElse = false;
    }
  });
  last = turn.catch(() => undefined);
  return turn;
}

/** Does something once the process is nobody else. */
export async function asOurselves<T>(act: () => Promise<T>): Promise<T> {
  while (somebodyElse) await last;
  return act();
}
