// Which of the interfaces that the kernel lists are ours: the journal's identities against what stands. Pure.
import type { LinkMessage } from '../netlink/link';
import { type LinkIdentity, type Made, type MadeLink, type NetnsIdentity, sameNetns } from '../state/made';

export type SeenLink = Pick<LinkMessage, 'index' | 'name' | 'kind' | 'mac' | 'peerIndex'>;

/** An end of a made link, with the record it belongs to. */
export interface MadeEnd {
  made: MadeLink;
  end: LinkIdentity;
}

/** The made link that one end of is `link`, seen in `netns`. Others may have renamed or moved it since. */
export function madeEndOf(made: readonly Made[], netns: NetnsIdentity, link: SeenLink): MadeEnd | undefined {
  for (const each of made) {
    if (each.type !== 'link') continue;
    const end = endOf(each, netns, link);
    if (end !== undefined) return { made: each, end };
  }
  return undefined;
}

/** The end of `made` that `link`, seen in `netns`, is. */
export function endOf(made: MadeLink, netns: NetnsIdentity, link: SeenLink): LinkIdentity | undefined {
  if (isSame(made, made.peer, netns, link)) return made;
  return made.peer !== undefined && isSame(made.peer, made, netns, link) ? made.peer : undefined;
}

/**
 * Neither index nor name nor MAC alone is an identity: an index may be asked for, a name is free once its link is gone,
 * a MAC may be copied. The random MAC must fit with one of the others; away from where we left it, the other end's
 * index too.
 */
function isSame(end: LinkIdentity, other: LinkIdentity | undefined, netns: NetnsIdentity, link: SeenLink): boolean {
  if (link.kind !== 'veth' || end.mac === undefined || end.mac !== link.mac) return false;
  if (end.index !== link.index && end.name !== link.name) return false;
  return sameNetns(end.netns, netns) || (other !== undefined && link.peerIndex === other.index);
}

/** The record after one end was changed: that end as it is now, the other as it was. */
export function withEnd({ made, end }: MadeEnd, now: LinkIdentity): MadeLink {
  if (end === made.peer) return { ...made, peer: now };
  return { ...now, type: 'link', ...(made.peer !== undefined && { peer: made.peer }) };
}
