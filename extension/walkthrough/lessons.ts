// What each step of the walkthrough waits for, as decisions on what the helper answered. Pure: a step is learned by a
// fact of the kernel, never by a button.
import { BlockList } from 'node:net';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Link } from '../../helper/rpc/contract/link';
import type { Neighbour } from '../../helper/rpc/contract/neighbour';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Process } from '../../helper/rpc/contract/process';
import type { Session } from '../../helper/rpc/contract/session';
import type { Kind } from '../../helper/rpc/contract/terms';

/** One a step, in the order of the walkthrough. */
export const LESSONS = ['helper', 'look', 'uts', 'pid', 'mnt', 'net', 'user', 'clean'] as const;
export type Lesson = (typeof LESSONS)[number];

export function isLesson(value: unknown): value is Lesson {
  return LESSONS.some((lesson) => lesson === value);
}

/** The context key that ticks the step. */
export function contextKey(lesson: Lesson): string {
  return `isolab.learned.${lesson}`;
}

/** A process of the person's own whose eight namespaces the kernel told. */
export function isOwnLook({ uid, namespaces }: Process, me: number): boolean {
  return uid === me && KINDS.every((kind) => namespaces[kind] !== undefined);
}

/** What the living shells show. */
export function learnedInShells(sessions: readonly Session[]): Lesson[] {
  const some = (kind: Kind, fact: (session: Session) => boolean) =>
    sessions.some((session) => session.plan.new?.includes(kind) === true && fact(session));
  const facts: Partial<Record<Lesson, boolean>> = {
    uts: some('uts', ({ inside }) => inside.hostname !== undefined),
    pid: some('pid', ({ inside }) => inside.pid === 1),
    mnt: some('mnt', ({ inside }) => (inside.mounts?.length ?? 0) > 0),
    // Root outside can be no other root inside.
    user: some('user', ({ uid, inside }) => uid === 0 || inside.uid === 0),
  };
  return LESSONS.filter((lesson) => facts[lesson]);
}

/** A network namespace with what stands in it. */
export interface Surveyed {
  readonly netns: Pick<Netns, 'id'>;
  readonly links: readonly Link[];
  readonly neighbours: readonly Neighbour[];
}

/** Both ends of a veth pair that could carry a ping: in two of these namespaces, up, with addresses of one network. */
export function joinedPairs(all: readonly Surveyed[]): [Surveyed, Surveyed][] {
  return all.flatMap((one) =>
    all
      .filter((other) => one !== other && ends(one, other).length > 0)
      .map((other): [Surveyed, Surveyed] => [one, other]),
  );
}

/** Whether an address across such a pair answered: the kernel has resolved it (ip-neighbour(8)). */
export function answered(pairs: readonly [Surveyed, Surveyed][]): boolean {
  return pairs.some(([one, other]) =>
    ends(one, other).some(([near, far]) =>
      one.neighbours.some(
        ({ address, index, state }) =>
          index === near.index && RESOLVED.has(state) && far.addresses.some((each) => each.address === address),
      ),
    ),
  );
}

/** A reachable neighbour is called stale half a minute later, and then asked again. */
const RESOLVED = new Set(['reachable', 'stale', 'delay', 'probe']);

function ends(one: Surveyed, other: Surveyed): [near: Link, far: Link][] {
  return one.links.flatMap((near): [Link, Link][] => {
    const far = other.links.find(({ index }) => index === near.peer?.index);
    if (near.kind !== 'veth' || near.peer?.netns?.id !== other.netns.id || !far) return [];
    return carries(near) && carries(far) && sharesNetwork(near, far) ? [[near, far]] : [];
  });
}

function carries({ up, state }: Link): boolean {
  return up && state === 'up';
}

/** Addresses that the kernel makes by itself (link scope) do not count. */
function sharesNetwork(near: Link, far: Link): boolean {
  const chosen = (link: Link) => link.addresses.filter(({ scope }) => scope !== 'link');
  return chosen(near).some(({ family, address, prefix }) => {
    const type = family === 'inet' ? 'ipv4' : 'ipv6';
    const network = new BlockList();
    network.addSubnet(address, prefix, type);
    return chosen(far).some((each) => each.family === family && network.check(each.address, type));
  });
}
