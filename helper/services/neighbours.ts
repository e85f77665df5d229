// neighbour/list: what a namespace knows of the link layer around it.
import { listLinks } from '../netlink/link';
import { listNeighbours } from '../netlink/neighbour';
import type { Handlers, House } from './house';
import { withNetns } from './netns-ref';
import { withSocket } from './rtnetlink';

export function neighbourHandlers({ realm }: House): Pick<Handlers, 'neighbour/list'> {
  return {
    'neighbour/list': ({ netns }) =>
      withNetns(realm, netns, (open) =>
        withSocket(open, (rt) => {
          const names = new Map(listLinks(rt).map(({ index, name }) => [index, name]));
          const neighbours = listNeighbours(rt).flatMap(({ index, family, address, mac, state }) => {
            const dev = names.get(index);
            // Its interface went between the two dumps.
            if (dev === undefined) return [];
            return [{ family, address, ...(mac !== undefined && { mac }), dev, index, state }];
          });
          return { neighbours };
        }),
      ),
  };
}
