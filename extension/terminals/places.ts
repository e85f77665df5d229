// What *Open shell here* means for each kind of row: a plan for session/open and the look of the terminal. Pure.
// Who one is inside is left to the helper's rule: root, unless every kind used is new.
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Process } from '../../helper/rpc/contract/process';
import type { Translate } from '../../helper/rpc/contract/sentences';
import type { Kind, NamespaceId } from '../../helper/rpc/contract/terms';
import { KIND_ICONS, netnsIcon } from '../views/icons';
import { netnsLabel } from '../views/networks-rows';
import { type NamespaceNode, type NetnsNode, netnsKey, type ProcessNode } from '../views/nodes';
import { namespaceRef, netnsRef, processRef } from '../views/refs';
import { visible } from '../views/row';
import type { Look, Plan } from './sessions';

export type Place = NetnsNode | NamespaceNode | ProcessNode;

export interface Entry {
  readonly plan: Plan;
  readonly look: Look;
}

export function entering(place: Place, host: ReadonlySet<NamespaceId>, t: Translate): Entry {
  switch (place.type) {
    case 'netns': {
      const { netns } = place;
      const look = { name: netnsLabel(netns, t), icon: netnsIcon(netns), colourOf: netnsKey(netns) };
      // As `ip netns exec` does: its own /sys, and the files of /etc/netns/NAME.
      const join: Plan = { join: [{ kind: 'net', of: netnsRef(netns) }], netnsFiles: true };
      // The home of a user realm is not where its shells are without a word.
      return { plan: netns.host && netns.realm === undefined ? {} : join, look };
    }
    case 'namespace': {
      const { kind, id, host: isHost, names } = place.namespace;
      const name = `${kind} ${names[0] === undefined ? id : visible(names[0])}`;
      const look = { name, icon: KIND_ICONS[kind], colourOf: place.id };
      // Who is in a namespace already cannot enter it again (setns(2): EINVAL for user).
      return { plan: isHost ? {} : { join: [{ kind, of: namespaceRef(place.namespace) }] }, look };
    }
    case 'process': {
      const { process } = place;
      const kinds = KINDS.filter((kind) => {
        const id = process.namespaces[kind];
        return id !== undefined && !host.has(id);
      });
      const look = {
        name: `${visible(process.comm)} (${process.pid})`,
        icon: 'terminal',
        colourOf: `${process.pid}:${process.startTime}`,
      };
      return { plan: { join: joinsOf(process, kinds) }, look };
    }
  }
}

export function joinsOf(process: Process, kinds: readonly Kind[]): NonNullable<Plan['join']> {
  return kinds.map((kind) => ({ kind, of: processRef(process) }));
}
