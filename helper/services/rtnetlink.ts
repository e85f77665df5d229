// A socket of one namespace for the length of one piece of work.
import { Rtnetlink } from '../netlink/socket';
import type { OpenNetns } from './netns-ref';

/** While open, the socket keeps the namespace alive, so it is closed whatever `work` does. */
export function withSocket<T>({ fd, realm }: Pick<OpenNetns, 'fd' | 'realm'>, work: (rt: Rtnetlink) => T): T {
  const rt = new Rtnetlink(realm.rtnetlinkSocket(fd));
  try {
    return work(rt);
  } finally {
    rt.close();
  }
}
