// What a helper does first: it brings the journal and the kernel together again after one that was killed. Each open
// intent is adopted, finished or undone, so that every object is whole or absent; then what others removed is forgotten.
import { lstatSync } from 'node:fs';
import { listAddresses } from '../netlink/address';
import { deleteLink } from '../netlink/link';
import type { Realm } from '../realm/realm';
import type { Entry, Intent } from '../state/journal';
import { bareNetns, type PlannedEnd } from '../state/made';
import { errnoOf } from './failures';
import type { House } from './house';
import { netnsAt, netnsPath } from './netns-names';
import { madeEndOf, withEnd } from './ours';
import { killByCommand } from './program-end';
import { hasAddress, prune, Survey, standingRoute } from './survey';
import { deletePair, lookFor, setBack } from './undo';

/** Milliseconds around an intent in which a file of ours was made; file times lag by a clock tick. */
const JUST_BEFORE = 100;
const SOON_AFTER = 10_000;

type Records = Pick<House, 'journal' | 'realm'>;
type NetnsIntent = Extract<Intent, { method: 'netns/create' | 'netns/delete' }>;

/** Never rejects an object for another's sake: what cannot be settled stays open, is logged, and is tried next time. */
export function reconcile(house: Pick<House, 'journal' | 'realm' | 'log'>): void {
  const { journal, log } = house;
  for (const entry of journal.unfinished()) {
    try {
      settle(house, entry);
    } catch (error) {
      log.error(`reconcile: ${entry.intent.method} stays open: ${String(error)}`);
    }
  }
  prune(house);
}

/**
 * What was noted in a realm whose keeper is gone: nothing of it stands any more, though a kernel without never-reused
 * identities may have given its numbers to others. Programs that run are none of it.
 */
export function forgetRealm({ journal, log }: Pick<House, 'journal' | 'log'>): void {
  for (const entry of journal.unfinished()) if (entry.intent.method !== 'uplink/start') entry.undone();
  const gone = journal.made().filter(({ type }) => type !== 'session' && type !== 'uplink');
  if (gone.length > 0) log.warn(`reconcile: ${gone.length} objects went with the keeper that held them`);
  journal.forget(...gone);
}

function settle({ journal, realm }: Records, entry: Entry): void {
  const { intent } = entry;
  switch (intent.method) {
    case 'netns/create':
      settleCreated(realm, entry, intent);
      break;
    case 'netns/delete':
      settleDeleted(realm, entry, intent);
      break;
    case 'link/create':
      dropPair(realm, intent.a, intent.b);
      entry.undone();
      break;
    case 'link/set': {
      const { link, before, after } = intent;
      new Survey(realm).visit(link.netns, (rt) => {
        if (lookFor(rt, { index: link.index })?.mac === link.mac) setBack(rt, link.index, before, after);
      });
      entry.undone();
      break;
    }
    case 'link/move':
      followMoved({ journal, realm }, entry, intent);
      break;
    case 'address/add': {
      const { netns, index, address } = intent.address;
      const stands = new Survey(realm).visit(netns, (rt) => hasAddress(listAddresses(rt, index), address));
      if (stands) entry.done(intent.address);
      else entry.undone();
      break;
    }
    case 'route/add':
      if (new Survey(realm).visit(intent.route.netns, (rt) => standingRoute(rt, intent.route)) !== undefined) {
        entry.done(intent.route);
      } else entry.undone();
      break;
    // Nobody was told that it runs.
    case 'uplink/start':
      killByCommand(intent.argv);
      entry.undone();
      break;
    // One system call each: it happened, and pruning will see it, or it did not.
    case 'link/delete':
    case 'address/delete':
    case 'route/delete':
      entry.undone();
      break;
  }
}

/** Ours if it is the very namespace that was noted before the name could be seen; a bare file only if made just then. */
function settleCreated(realm: Realm, entry: Entry, { name, netns }: NetnsIntent): void {
  const now = netnsAt(realm, name);
  if (now === 'stale') {
    if (isFreshFile(netnsPath(realm, name), entry.at)) unlinkQuietly(realm, name);
    entry.undone();
  } else if (now?.id === netns.id && now.uid === netns.uid) {
    entry.done({ type: 'netns', name, ...netns });
  } else entry.undone();
}

/** What `ip netns add` and we leave when killed before the mount: an empty regular file without any rights. */
function isFreshFile(path: string, at: number): boolean {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined || !file.isFile() || file.size !== 0 || file.uid !== process.getuid?.()) return false;
  return (file.mode & 0o777) === 0 && file.ctimeMs >= at - JUST_BEFORE && file.ctimeMs <= at + SOON_AFTER;
}

/** Still pinned: nothing had happened, and it stays. Unmounted already: the file goes too. */
function settleDeleted(realm: Realm, entry: Entry, { name, netns }: NetnsIntent): void {
  const now = netnsAt(realm, name);
  if (typeof now === 'object' && now.id === netns.id && now.uid === netns.uid) {
    entry.undone();
    return;
  }
  if (now === 'stale') unlinkQuietly(realm, name);
  entry.removed({ type: 'netns', name, ...netns });
}

function unlinkQuietly(realm: Realm, name: string): void {
  try {
    realm.unlinkNetns(name);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Nobody was told that the pair is there. By name and MAC where it was made, else by MAC wherever somebody moved it. */
function dropPair(realm: Realm, a: PlannedEnd, b: PlannedEnd): void {
  const survey = new Survey(realm);
  for (const end of [a, b]) if (survey.visit(end.netns, (rt) => deletePair(rt, end)) === true) return;
  for (const { mac } of [a, b]) {
    const [found] = survey.findByMac(mac);
    if (found === undefined) continue;
    survey.visit(found.netns, (rt) => deleteLink(rt, found.link.index));
    return;
  }
}

/** The move is one system call; what may be wrong is where the journal has the end. */
function followMoved(
  { journal, realm }: Records,
  entry: Entry,
  { link, to }: Extract<Intent, { method: 'link/move' }>,
): void {
  const moved = new Survey(realm).visit(to, (rt, netns) => {
    const now = lookFor(rt, { name: link.name });
    const known = now && madeEndOf(journal.made(), netns, now);
    if (now === undefined || known === undefined || known.end.mac !== link.mac) return undefined;
    const place = { netns: bareNetns(netns), index: now.index, name: now.name };
    return { before: known.made, after: withEnd(known, { ...known.end, ...place }) };
  });
  if (moved === undefined) entry.undone();
  else entry.replaced(moved.before, moved.after);
}
