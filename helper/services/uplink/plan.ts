// The command lines of the programs that make an outside connection. Pure. Neither opens a port of the host to the inside,
// nor the other way round; what is inside reaches what the host reaches, and not the host's loopback.
import type { UplinkProgram } from '../../rpc/contract/uplink';

/** Descriptors that the program is started with, at these numbers. */
export const NETNS_FD = 3;
export const USERNS_FD = 4;

export interface UplinkPlan {
  readonly program: UplinkProgram;
  /** Absolute path of the program. */
  readonly path: string;
  /** Name and hardware address of the interface inside. The address is random: it tells this interface, and this process. */
  readonly link: string;
  readonly mac: string;
  /** The helper is real root: the program needs not enter the user namespace that owns the network namespace. */
  readonly root: boolean;
  /** Another way to the network namespace than the descriptor, for a pasta that closes what it inherits. */
  readonly netnsPath?: string;
}

/** Bytes; the largest that both programs take, since no real network lies below. */
const MTU = 65_520;
/** Where slirp4netns(1) answers for the host's name servers. */
const SLIRP_NAMESERVER = '10.0.2.3';

export function uplinkArgv(plan: UplinkPlan): string[] {
  return plan.program === 'pasta' ? pasta(plan) : slirp4netns(plan);
}

/** Where the inside can ask for names; undefined where the host's own name servers are reached as they are. */
export function nameserverOf(program: UplinkProgram): string | undefined {
  return program === 'slirp4netns' ? SLIRP_NAMESERVER : undefined;
}

function pasta({ path, link, mac, root, netnsPath }: UplinkPlan): string[] {
  return [
    path,
    '--foreground',
    '--quiet',
    '--config-net',
    // The gateway's address would else mean the host's loopback.
    '--no-map-gw',
    ...['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
    ...['--mtu', String(MTU), '--ns-ifname', link, '--ns-mac-addr', mac],
    // It would else become nobody, who may not enter a namespace of root's.
    ...(root ? ['--runas', '0'] : ['--userns', `/proc/self/fd/${USERNS_FD}`]),
    // When it is to end is the helper's to say: the path tells nothing of the namespace's life.
    '--no-netns-quit',
    ...['--netns', netnsPath ?? `/proc/self/fd/${NETNS_FD}`],
  ];
}

function slirp4netns({ path, link, mac, root }: UplinkPlan): string[] {
  return [
    path,
    '--configure',
    '--disable-host-loopback',
    '--enable-seccomp',
    `--mtu=${MTU}`,
    `--macaddress=${mac}`,
    // The sandbox gives up the capabilities of real root; it fails for a process that has none to give up.
    ...(root ? ['--enable-sandbox'] : [`--userns-path=/proc/self/fd/${USERNS_FD}`]),
    '--netns-type=path',
    `/proc/self/fd/${NETNS_FD}`,
    link,
  ];
}

/** Seconds since the boot or the epoch, in front of what pasta says. */
const TIME = /^[0-9]+\.[0-9]+: /;
/** Lines that they say whatever becomes of them. */
const NOISE = /^(WARNING: Support for seccomp|Failed to send [0-9]+ bytes to syslog)/;
const MAX_SAID = 200;

/** The last line of what a program said that is worth showing; undefined where there is none. */
export function lastWords(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim().replace(TIME, ''));
  return lines.findLast((line) => line !== '' && !NOISE.test(line))?.slice(0, MAX_SAID);
}
