// address/*: protocol addresses of interfaces. What was added here is noted, so that it can be removed again even from an
// interface that somebody else made.
import { type AddressMessage, addAddress, deleteAddress, listAddresses } from '../netlink/address';
import { formatIpAddress, parseIpPrefix } from '../netlink/ip-address';
import { listLinks } from '../netlink/link';
import type { Params } from '../rpc/contract';
import type { Address } from '../rpc/contract/address';
import { bareNetns, type MadeAddress } from '../state/made';
import { addressRule } from './address-rule';
import { begin } from './begin';
import { asFailure, broken, errnoOf } from './failures';
import type { Handlers, House } from './house';
import { type Place, withLink } from './links';
import { withNetns } from './netns-ref';
import { withSocket } from './rtnetlink';
import { hasAddress, tidier } from './survey';

export function addressHandlers(house: House): Pick<Handlers, 'address/list' | 'address/add' | 'address/delete'> {
  const { realm, changes } = house;
  const tidy = tidier(house);
  return {
    'address/list': ({ netns }) =>
      withNetns(realm, netns, (open) =>
        withSocket(open, (rt) => {
          const names = new Map(listLinks(rt).map(({ index, name }) => [index, name]));
          return { addresses: listAddresses(rt).flatMap((address) => view(address, names.get(address.index))) };
        }),
      ),
    'address/add': (params) => {
      tidy();
      const address = add(house, params);
      changes.bump('address', 'route');
      return address;
    },
    'address/delete': (params) => {
      remove(house, params);
      changes.bump('address', 'route');
      return {};
    },
  };
}

/** None for an address whose interface went between the two dumps. */
function view({ family, address, prefix, scope, index }: AddressMessage, link: string | undefined): Address[] {
  return link === undefined ? [] : [{ link, index, family, address, prefix, scope }];
}

/** As the kernel writes it, so that two spellings of one address are one record. */
function canonical(cidr: string): string {
  const { bytes, prefix } = parseIpPrefix(cidr);
  return `${formatIpAddress(bytes)}/${prefix}`;
}

function madeAddress({ netns, link }: Pick<Place, 'netns' | 'link'>, address: string): MadeAddress {
  return { type: 'address', netns: bareNetns(netns), index: link.index, link: link.name, address };
}

function add({ journal, realm }: Pick<House, 'journal' | 'realm'>, params: Params<'address/add'>): Address {
  return withLink(realm, params.link, (place) => {
    const { rt, link } = place;
    const cidr = canonical(params.address);
    // Before the intent: what was there already must not look like ours after a crash.
    if (hasAddress(listAddresses(rt, link.index), cidr)) {
      throw broken('exists', 'address-exists', { address: cidr }, { field: 'address', step: 'address' });
    }
    const made = madeAddress(place, cidr);
    const entry = begin(journal, { method: 'address/add', address: made });
    try {
      addAddress(rt, link.index, cidr);
    } catch (error) {
      entry.undone();
      throw asFailure(error, { step: 'address', field: 'address', ...addressRule(error, cidr) });
    }
    try {
      entry.done(made);
    } catch (error) {
      deleteAddress(rt, link.index, cidr);
      throw asFailure(error, { step: 'journal' });
    }
    const [address] = listAddresses(rt, link.index)
      .filter((each) => `${each.address}/${each.prefix}` === cidr)
      .flatMap((each) => view(each, link.name));
    if (address === undefined) throw broken('not-found', 'address-not-found', { address: cidr }, { field: 'address' });
    return address;
  });
}

function remove({ journal, realm }: Pick<House, 'journal' | 'realm'>, params: Params<'address/delete'>): void {
  withLink(realm, params.link, (place) => {
    const { rt, link } = place;
    const cidr = canonical(params.address);
    const made = madeAddress(place, cidr);
    const entry = begin(journal, { method: 'address/delete', address: made });
    try {
      deleteAddress(rt, link.index, cidr);
    } catch (error) {
      entry.undone();
      const isMissing = errnoOf(error) === 'EADDRNOTAVAIL';
      const rule = isMissing ? { rule: { code: 'address-not-found', args: { address: cidr } } } : {};
      throw asFailure(error, { step: 'address', field: 'address', ...rule });
    }
    entry.removed(made);
  });
}
