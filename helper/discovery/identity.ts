// Pass 5: the identity that the kernel never reuses (NS_GET_ID, Linux 6.18). Last and by itself, because it costs a
// descriptor a namespace and only those ask for it who come back to the namespace later.
import { close } from '../sys/libc';
import { identify } from '../sys/namespaces';
import { holdNamespace } from './hold';
import type { Snapshot } from './snapshot';

export function findIdentities(snapshot: Snapshot): void {
  if (!snapshot.options.identity) return;
  for (const row of snapshot.namespaces()) {
    const fd = holdNamespace(row, snapshot.place);
    if (fd === undefined) continue;
    try {
      const { uid } = identify(fd);
      // A kernel that has no such id has it for none.
      if (uid === undefined) return;
      row.uid = uid;
    } finally {
      close(fd);
    }
  }
}
