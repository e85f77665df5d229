// link/*: interfaces of one namespace. Creating a pair is in veth.ts, the planning of changes in link-plan.ts.
import { deleteLink, getLink, type LinkMessage, setLink } from '../netlink/link';
import type { Rtnetlink } from '../netlink/socket';
import type { Realm } from '../realm/realm';
import type { Params } from '../rpc/contract';
import type { Failure } from '../rpc/contract/errors';
import type { Link } from '../rpc/contract/link';
import type { LinkRef } from '../rpc/contract/terms';
import type { Journal } from '../state/journal';
import { bareNetns, endsOf, type LinkAttributes, type LinkIdentity, type Made, sameNetns } from '../state/made';
import { begin } from './begin';
import { asFailure, broken, errnoOf } from './failures';
import type { Handlers, House } from './house';
import { planSet, type SetStep } from './link-plan';
import { viewLink, viewLinks } from './link-view';
import { type OpenNetns, withNetns } from './netns-ref';
import { madeEndOf, withEnd } from './ours';
import { withSocket } from './rtnetlink';
import { tidier } from './survey';
import { setBack } from './undo';
import { createVethPair } from './veth';

type LinkMethods = 'link/list' | 'link/create' | 'link/set' | 'link/move' | 'link/delete';

export function linkHandlers(house: House): Pick<Handlers, LinkMethods> {
  const { journal, realm, changes } = house;
  const tidy = tidier(house);
  return {
    'link/list': ({ netns }) =>
      withNetns(realm, netns, (open) => withSocket(open, (rt) => ({ links: viewLinks(rt, open, journal) }))),
    'link/create': (params) => {
      tidy();
      const pair = createVethPair(house, params);
      changes.bump('link', 'address', 'route');
      return pair;
    },
    'link/set': (params) => {
      const link = setAttributes(house, params);
      changes.bump('link', 'address', 'route');
      return link;
    },
    'link/move': (params) => {
      const link = move(house, params);
      changes.bump('link', 'address', 'route');
      return link;
    },
    'link/delete': (params) => {
      remove(house, params);
      changes.bump('link', 'address', 'route');
      return {};
    },
  };
}

/** What of the house a change of the network needs. */
type Records = Pick<House, 'journal' | 'realm'>;

/** What a request about one interface works on. */
export interface Place {
  rt: Rtnetlink;
  netns: OpenNetns;
  link: LinkMessage;
}

/** Opens the namespace of `ref`, a socket in it, and finds the interface; all closed afterwards. */
export function withLink<T>(realm: Realm, ref: LinkRef, work: (place: Place) => T): T {
  return withNetns(
    realm,
    ref.netns,
    (netns) => withSocket(netns, (rt) => work({ rt, netns, link: findLink(rt, ref) })),
    'link.netns',
  );
}

/** By name, by index, or by both; `not-found` where the kernel has none such, or another one by now. */
export function findLink(rt: Rtnetlink, { name, index }: LinkRef, field = 'link'): LinkMessage {
  try {
    return getLink(rt, { ...(name !== undefined && { name }), ...(index !== undefined && { index }) });
  } catch (error) {
    if (errnoOf(error) !== 'ENODEV') throw asFailure(error, { field });
    throw noSuchLink(error, name ?? `#${index}`, field);
  }
}

function noSuchLink(error: unknown, name: string, field: string): Failure {
  return asFailure(error, { field, rule: { code: 'link-not-found', args: { name } } });
}

export function linkIdentity({ netns, link }: Pick<Place, 'netns' | 'link'>): LinkIdentity {
  const { index, name, mac } = link;
  return { netns: bareNetns(netns), index, name, ...(mac !== undefined && { mac }) };
}

/** The interface went while we worked on it. */
function vanished(error: unknown, name: string): Failure | undefined {
  return errnoOf(error) === 'ENODEV' ? noSuchLink(error, name, 'link') : undefined;
}

function setAttributes({ journal, realm }: Records, { link: ref, up, mtu, name }: Params<'link/set'>): Link {
  return withLink(realm, ref, (place) => {
    const { rt, netns, link } = place;
    const steps = planSet(link, {
      ...(name !== undefined && { name }),
      ...(mtu !== undefined && { mtu }),
      ...(up !== undefined && { up }),
    });
    if (steps.length === 0) return viewLink(rt, netns, journal, link.index);
    const identity = linkIdentity(place);
    const before = Object.assign({}, ...steps.map((step) => step.before));
    const after = Object.assign({}, ...steps.map((step) => step.change));
    const entry = begin(journal, { method: 'link/set', link: identity, before, after });
    for (const { name: step, field, change } of steps) {
      try {
        setLink(rt, link.index, change);
      } catch (error) {
        setBack(rt, link.index, before, after);
        entry.undone();
        throw vanished(error, link.name) ?? asFailure(error, { step, field, ...setRule(error, step, change) });
      }
    }
    const known = madeEndOf(journal.made(), netns, link);
    if (known === undefined || name === undefined) entry.done();
    else entry.replaced(known.made, withEnd(known, { ...known.end, name }));
    return viewLink(rt, netns, journal, link.index);
  });
}

function setRule(error: unknown, step: SetStep['name'], { name = '' }: LinkAttributes) {
  const code = errnoOf(error);
  if (step === 'mtu' && code === 'EINVAL') return { rule: { code: 'mtu-out-of-range' } };
  if (step === 'name' && code === 'EEXIST') return { rule: { code: 'link-exists', args: { name } } };
  // Kernels before 6.2 rename only what is down.
  if (step === 'name' && code === 'EBUSY') return { rule: { code: 'link-up-rename' } };
  return {};
}

function move({ journal, realm }: Records, { link: ref, to }: Params<'link/move'>): Link {
  return withNetns(
    realm,
    to,
    (target) => withLink(realm, ref, (place) => withSocket(target, (rt) => moveTo(journal, place, target, rt))),
    'to',
  );
}

function moveTo(journal: Journal, place: Place, target: OpenNetns, there: Rtnetlink): Link {
  const { rt, netns, link } = place;
  if (link.flags & IFF_LOOPBACK) throw broken('invalid', 'lo-stays', {}, { field: 'link' });
  if (sameNetns(netns, target)) return viewLink(rt, netns, journal, link.index);
  const known = madeEndOf(journal.made(), netns, link);
  const identity = linkIdentity(place);
  const entry = begin(journal, { method: 'link/move', link: identity, to: bareNetns(target) });
  try {
    setLink(rt, link.index, { netnsFd: target.fd });
  } catch (error) {
    entry.undone();
    throw vanished(error, link.name) ?? asFailure(error, { step: 'move', ...moveRule(error, link.name) });
  }
  const now = getLink(there, { name: link.name });
  journal.forget(...madeOn(journal, identity));
  if (known === undefined) entry.done();
  else entry.replaced(known.made, withEnd(known, linkIdentity({ netns: target, link: now })));
  return viewLink(there, target, journal, now.index);
}

const IFF_LOOPBACK = 0x8;

function moveRule(error: unknown, name: string) {
  const code = errnoOf(error);
  if (code === 'EEXIST') return { field: 'to', rule: { code: 'link-exists-there', args: { name } } };
  // NETIF_F_NETNS_LOCAL: bridges, tunnels' fallback devices and the like belong to the namespace they were made in.
  if (code === 'EINVAL') return { field: 'link', rule: { code: 'link-stays', args: { name } } };
  return {};
}

function remove({ journal, realm }: Records, { link: ref, foreign = false }: Params<'link/delete'>): void {
  withLink(realm, ref, (place) => {
    const { rt, netns, link } = place;
    if (link.flags & IFF_LOOPBACK) throw broken('invalid', 'lo-stays', {}, { field: 'link' });
    const known = madeEndOf(journal.made(), netns, link);
    if (known === undefined && !foreign) {
      throw broken('conflict', 'not-ours', { name: link.name }, { field: 'link', hint: { code: 'say-foreign' } });
    }
    const entry = begin(journal, { method: 'link/delete', link: linkIdentity(place) });
    try {
      deleteLink(rt, link.index);
    } catch (error) {
      entry.undone();
      const rule =
        errnoOf(error) === 'EOPNOTSUPP'
          ? { kind: 'invalid' as const, rule: { code: 'link-not-deletable', args: { name: link.name } } }
          : {};
      throw vanished(error, link.name) ?? asFailure(error, { step: 'delete', field: 'link', ...rule });
    }
    if (known === undefined) entry.done();
    else entry.removed(...endsOf(known.made).flatMap((end) => madeOn(journal, end)), known.made);
  });
}

/** Addresses and routes of ours that the kernel takes off with an interface, when it is moved or deleted. */
function madeOn(journal: Journal, { netns, index, name }: LinkIdentity): Made[] {
  return journal.made().filter((each) => {
    if (each.type === 'address') return sameNetns(netns, each.netns) && index === each.index;
    return each.type === 'route' && sameNetns(netns, each.netns) && name === each.dev;
  });
}
