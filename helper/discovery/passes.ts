// The passes of a scan, in the order in which they run over one snapshot; each file says why it stands where it does.
import type { NetnsPlace } from '../sys/namespaces';
import { findHierarchy } from './hierarchy';
import { findIdentities } from './identity';
import { findNames } from './names';
import { findProcesses, readAllDetails } from './processes';
import { type ScanOptions, Snapshot } from './snapshot';

export const PASSES: readonly { readonly name: string; run(snapshot: Snapshot): void }[] = [
  { name: 'processes', run: findProcesses },
  { name: 'details', run: readAllDetails },
  { name: 'names', run: findNames },
  { name: 'hierarchy', run: findHierarchy },
  { name: 'identity', run: findIdentities },
];

/** A whole scan, synchronous: 4,000 processes take a good part of a second, so it belongs on a thread of its own. */
export function scan(options: ScanOptions, place: NetnsPlace): Snapshot {
  const { within, kinds } = options;
  const snapshot = new Snapshot(
    within === undefined || kinds.includes(within.kind) ? options : { ...options, kinds: [...kinds, within.kind] },
    place,
  );
  for (const { run } of PASSES) run(snapshot);
  return snapshot;
}
