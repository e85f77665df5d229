// neighbour/*: ARP and NDP entries (ip-neighbour(8)).
import { z } from 'zod';
import { method } from './method';
import { NetnsRef } from './terms';

export interface Neighbour {
  family: 'inet' | 'inet6';
  address: string;
  mac?: string;
  dev: string;
  index: number;
  /** `reachable`, `stale`, `permanent`, … */
  state: string;
}

export const list = method({
  name: 'neighbour/list',
  access: 'look',
  doc: "Lists the neighbours a namespace knows (the host's when left out).",
  params: z.strictObject({ netns: NetnsRef.optional() }),
}).returns<{ neighbours: Neighbour[] }>();
