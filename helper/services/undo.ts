// The way back of changes that got half-way, the same after a refusal as after a crash.
import { deleteLink, getLink, type LinkMessage, setLink, type WhichLink } from '../netlink/link';
import type { Rtnetlink } from '../netlink/socket';
import type { LinkAttributes, PlannedEnd } from '../state/made';
import { errnoOf } from './failures';
import { planRevert } from './link-plan';

/** The interface, or undefined where there is none such. */
export function lookFor(rt: Rtnetlink, which: WhichLink): LinkMessage | undefined {
  try {
    return getLink(rt, which);
  } catch (error) {
    if (errnoOf(error) === 'ENODEV') return undefined;
    throw error;
  }
}

/** Sets attributes of an interface back; one that vanished has none to set back. */
export function setBack(rt: Rtnetlink, index: number, before: LinkAttributes, after: LinkAttributes): void {
  const link = lookFor(rt, { index });
  if (link === undefined) return;
  for (const change of planRevert(link, before, after)) {
    try {
      setLink(rt, index, change);
    } catch (error) {
      if (errnoOf(error) === 'ENODEV') return;
      throw error;
    }
  }
}

/** Deletes a pair by one end, if that end is the one we planned: name and MAC must fit. True if it was. */
export function deletePair(rt: Rtnetlink, { name, mac }: Pick<PlannedEnd, 'name' | 'mac'>): boolean {
  const link = lookFor(rt, { name });
  if (link === undefined || link.mac !== mac || link.kind !== 'veth') return false;
  try {
    deleteLink(rt, link.index);
  } catch (error) {
    // Somebody was faster.
    if (errnoOf(error) !== 'ENODEV') throw error;
  }
  return true;
}
