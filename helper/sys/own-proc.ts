// Whether /proc is that of the pid namespace we live in. The classic mistake is `mount -t proc proc /proc` in a new pid
// namespace without a mount namespace of its own: from then on the host's /proc shows the processes of that namespace, or
// none once it has ended, and `ps` fails everywhere.
import { readlinkSync } from 'node:fs';

export function isProcOurs(): boolean {
  try {
    return readlinkSync('/proc/self') === String(process.pid);
  } catch {
    // Who has no number in the pid namespace of that /proc finds no such link (proc(5)).
    return false;
  }
}
