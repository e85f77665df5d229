// Pass 4: which user namespace owns each namespace, and which one is above it (NS_GET_USERNS, NS_GET_PARENT of
// ioctl_ns(2)). After processes and names, through which the descriptors are opened.
import { close } from '../sys/libc';
import { ownerOf, parentOf } from '../sys/namespaces';
import { holdNamespace } from './hold';
import type { Snapshot } from './snapshot';

export function findHierarchy(snapshot: Snapshot): void {
  if (!snapshot.options.hierarchy) return;
  for (const row of snapshot.namespaces()) {
    const fd = holdNamespace(row, snapshot.place);
    if (fd === undefined) continue;
    try {
      // For a user namespace both ask for the one above.
      const owner = ownerOf(fd);
      const parent = row.kind === 'pid' || row.kind === 'user' ? parentOf(fd) : undefined;
      if (owner !== undefined) row.owner = owner;
      if (parent !== undefined) row.parent = parent;
    } finally {
      close(fd);
    }
  }
}
