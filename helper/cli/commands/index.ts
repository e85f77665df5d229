// Every command of the command line, in the order that its help lists them.
import type { Command } from '../command';
import { ADDRESSES } from './address';
import { CONTAINERS_COMMANDS } from './container';
import { HELPER } from './helper';
import { IMAGES } from './image';
import { LINKS } from './link';
import { NAMESPACES } from './namespace';
import { NEIGHBOURS } from './neighbour';
import { NETNS } from './netns';
import { PROCESSES } from './process';
import { REPORT } from './report';
import { ROOTFS } from './rootfs';
import { ROUTES } from './route';
import { SHELLS } from './shell';
import { UPLINKS } from './uplink';

export const COMMANDS: readonly Command[] = [
  ...NETNS,
  ...LINKS,
  ...ADDRESSES,
  ...ROUTES,
  ...NEIGHBOURS,
  ...NAMESPACES,
  ...PROCESSES,
  ...SHELLS,
  ...CONTAINERS_COMMANDS,
  ...ROOTFS,
  ...UPLINKS,
  ...IMAGES,
  ...HELPER,
  ...REPORT,
];
