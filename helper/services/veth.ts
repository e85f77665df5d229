// link/create: a veth pair with both ends in their final namespaces, addressed and up, all or nothing. Rtnetlink has no
// transactions, so one RTM_NEWLINK makes both ends, then one batch a namespace does the rest; any refusal undoes all.
import { randomBytes } from 'node:crypto';
import { addAddressRequest } from '../netlink/address';
import { createVeth, formatMac, getLink, setLinkRequest } from '../netlink/link';
import type { Request } from '../netlink/message';
import { NetlinkError, type Rtnetlink } from '../netlink/socket';
import type { Params, Result } from '../rpc/contract';
import type { Failure } from '../rpc/contract/errors';
import type { NetnsRef } from '../rpc/contract/terms';
import type { Entry, Journal } from '../state/journal';
import {
  bareNetns,
  type LinkIdentity,
  type MadeLink,
  type NetnsIdentity,
  type PlannedEnd,
  sameNetns,
} from '../state/made';
import { addressRule } from './address-rule';
import { begin } from './begin';
import { asFailure, broken, errnoOf } from './failures';
import type { House } from './house';
import { describePeer, viewLink } from './link-view';
import { namesById } from './netns-names';
import { type OpenNetns, withNetns } from './netns-ref';
import { withSocket } from './rtnetlink';
import { deletePair, lookFor } from './undo';

type Side = 'a' | 'b';

/** One rtnetlink message of the batch of one side. */
export interface EndStep {
  name: `address-${Side}` | `up-${Side}`;
  /** The parameter that is at fault if the kernel refuses. */
  field?: string;
  /** ADDRESS/LENGTH to add; without it the step sets the link up. */
  address?: string;
}

export interface VethPlan {
  a: EndStep[];
  b: EndStep[];
}

/**
 * What is to be done to each end once the pair stands. Addresses first, then up: so an address that the kernel refuses is known before anything can be
 * sent.
 */
export function planVeth({ a, b, up = false }: Pick<Params<'link/create'>, 'a' | 'b' | 'up'>): VethPlan {
  return { a: planEnd('a', a.addresses ?? [], up), b: planEnd('b', b.addresses ?? [], up) };
}

function planEnd(side: Side, addresses: readonly string[], up: boolean): EndStep[] {
  const steps = addresses.map(
    (address, at): EndStep => ({ name: `address-${side}`, field: `${side}.addresses.${at}`, address }),
  );
  return up ? [...steps, { name: `up-${side}` }] : steps;
}

export function createVethPair(
  { journal, realm }: Pick<House, 'journal' | 'realm'>,
  params: Params<'link/create'>,
): Result<'link/create'> {
  return withNetns(
    realm,
    params.a.netns,
    (a) => withNetns(realm, params.b.netns, (b) => new Making(journal, params, a, b).run(), 'b.netns'),
    'a.netns',
  );
}

class Making {
  readonly #journal: Journal;
  readonly #params: Params<'link/create'>;
  readonly #a: OpenNetns;
  readonly #b: OpenNetns;

  constructor(journal: Journal, params: Params<'link/create'>, a: OpenNetns, b: OpenNetns) {
    this.#journal = journal;
    this.#params = params;
    this.#a = a;
    this.#b = b;
  }

  run(): Result<'link/create'> {
    const { a, b } = this.#params;
    if (a.name === b.name && sameNetns(this.#a, this.#b)) {
      throw broken('invalid', 'link-names-equal', { name: a.name }, { field: 'b.name' });
    }
    // A socket of end A's own namespace: elsewhere, kernels before 6.15 look for the name in the wrong one.
    return withSocket(this.#a, (rtA) =>
      sameNetns(this.#a, this.#b) ? this.#make(rtA, rtA) : withSocket(this.#b, (rtB) => this.#make(rtA, rtB)),
    );
  }

  #make(rtA: Rtnetlink, rtB: Rtnetlink): Result<'link/create'> {
    const { a, b } = this.#params;
    const plan = planVeth(this.#params);
    const ends = { a: planned(this.#a, a.name), b: planned(this.#b, b.name) };
    const entry = begin(this.#journal, { method: 'link/create', ...ends });
    try {
      createVeth(rtA, { name: a.name, mac: ends.a.mac }, { name: b.name, mac: ends.b.mac, netnsFd: this.#b.fd });
    } catch (error) {
      entry.undone();
      throw refusedLink(error, this.#params, rtA, rtB);
    }
    let made: ReturnType<typeof identify> | undefined;
    try {
      made = identify(rtA, ends);
      runEnd(rtA, made.index, plan.a);
      runEnd(rtB, made.peer.index, plan.b);
      record(entry, made);
      const endA = { name: a.name, netns: describePeer(this.#a, namesOf(this.#a, a.netns)) };
      const endB = { name: b.name, netns: describePeer(this.#b, namesOf(this.#b, b.netns)) };
      return {
        a: viewLink(rtA, this.#a, this.#journal, made.index, endB),
        b: viewLink(rtB, this.#b, this.#journal, made.peer.index, endA),
      };
    } catch (error) {
      // By either end: the other may have been renamed or moved meanwhile.
      if (!deletePair(rtA, ends.a)) deletePair(rtB, ends.b);
      entry.undone();
      if (made !== undefined) this.#journal.forget(made);
      throw asFailure(error, { step: 'link' });
    }
  }
}

/**
 * In the answer a namespace goes by the name that it was asked for by: all its names would mean looking at every file in
 * /run/netns, for each of the hundred pairs of a star.
 */
function namesOf({ id, host, realm }: OpenNetns, ref: NetnsRef | undefined): string[] {
  if (ref !== undefined && 'name' in ref) return [ref.name];
  return host ? [] : (namesById(realm).get(id) ?? []);
}

type Ends = Record<Side, PlannedEnd>;

function planned(netns: NetnsIdentity, name: string): PlannedEnd {
  return { netns: bareNetns(netns), name, mac: randomMac() };
}

/** Locally administered, unicast (IEEE 802): 46 random bits tell our link from any other. */
function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return formatMac(bytes);
}

function identify(rtA: Rtnetlink, { a, b }: Ends): MadeLink & { peer: LinkIdentity } {
  const { index, peerIndex } = getLink(rtA, { name: a.name });
  if (peerIndex === undefined) throw broken('conflict', 'link-vanished', { name: a.name }, { step: 'link' });
  return { type: 'link', ...a, index, peer: { ...b, index: peerIndex } };
}

function runEnd(rt: Rtnetlink, index: number, steps: readonly EndStep[]): void {
  const requests = steps.map(
    ({ address }): Request =>
      address === undefined ? setLinkRequest(index, { up: true }) : addAddressRequest(index, address),
  );
  try {
    if (requests.length > 0) rt.batch(requests);
  } catch (error) {
    const step = error instanceof NetlinkError && error.position !== undefined ? steps[error.position] : steps[0];
    throw asFailure(error, {
      ...(step !== undefined && { step: step.name, ...(step.field !== undefined && { field: step.field }) }),
      ...addressRule(error, step?.address),
    });
  }
}

function record(entry: Entry, made: MadeLink): void {
  try {
    entry.done(made);
  } catch (error) {
    throw asFailure(error, { step: 'journal' });
  }
}

/** The kernel says only EEXIST: which of the two names is taken is seen by looking. */
function refusedLink(error: unknown, { a, b }: Params<'link/create'>, rtA: Rtnetlink, rtB: Rtnetlink): Failure {
  if (errnoOf(error) !== 'EEXIST') return asFailure(error, { step: 'link' });
  const isA = lookFor(rtA, { name: a.name }) !== undefined;
  const isB = !isA && lookFor(rtB, { name: b.name }) !== undefined;
  const name = isB ? b.name : a.name;
  return asFailure(error, {
    step: 'link',
    ...((isA || isB) && { field: `${isB ? 'b' : 'a'}.name` }),
    rule: { code: 'link-exists', args: { name } },
  });
}
