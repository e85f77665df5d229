// What wizards propose: names that are free, and addresses that no namespace and no route of the host uses. Pure.

/** `ns1`, or the next number that is free. */
export function freeName(prefix: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const name = `${prefix}${number}`;
    if (!taken.has(name)) return name;
  }
}

/** `veth-a` and `veth-b`, then `veth-c` and `veth-d`; numbers once the alphabet is through. */
export function freePair(taken: ReadonlySet<string>): [a: string, b: string] {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  for (let index = 0; index + 1 < letters.length; index += 2) {
    const pair: [string, string] = [`veth-${letters[index]}`, `veth-${letters[index + 1]}`];
    if (!pair.some((name) => taken.has(name))) return pair;
  }
  const a = freeName('veth', taken);
  return [a, freeName('veth', new Set([...taken, a]))];
}

/** Inclusive range of IPv4 addresses as numbers. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/** The range of `10.0.1.2/24` or of a single address; undefined for IPv6 and for what is no address. */
export function rangeOf(cidr: string): Range | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(cidr);
  if (!match) return undefined;
  const address = match.slice(1, 5).reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(match[5] ?? 32));
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** The first two addresses of the first free 10.x.y.0/24, from 10.0.1.0 on, each with its length. */
export function freeAddresses(used: readonly string[]): [a: string, b: string] {
  const ranges = used.map(rangeOf).filter((range) => range !== undefined);
  for (let net = 1; net < 0x1_0000; net += 1) {
    const first = 10 * 2 ** 24 + net * 256;
    const range = { first, last: first + 255 };
    if (!ranges.some((other) => overlaps(range, other))) return [`${dotted(first + 1)}/24`, `${dotted(first + 2)}/24`];
  }
  return ['10.0.0.1/24', '10.0.0.2/24'];
}

/** For an interface whose peer has an address: the next free one of the same network, else one of a free network. */
export function addressBeside(peerAddresses: readonly string[], used: readonly string[]): string {
  for (const cidr of peerAddresses) {
    const range = rangeOf(cidr);
    const prefix = cidr.split('/')[1];
    if (!range || prefix === undefined || Number(prefix) > 30) continue;
    const taken = new Set(used.map((other) => other.split('/')[0]));
    for (let address = range.first + 1; address < range.last && address < range.first + 1024; address += 1) {
      if (!taken.has(dotted(address))) return `${dotted(address)}/${prefix}`;
    }
  }
  return freeAddresses(used)[0];
}

/** A gateway can only be a neighbour: the first peer address in a network that the namespace itself has an address of. */
export function gatewayAmong(own: readonly string[], peers: readonly string[]): string | undefined {
  for (const peer of peers) {
    const address = peer.split('/')[0] ?? '';
    const range = rangeOf(address);
    if (range && own.some((cidr) => within(range, rangeOf(cidr)))) return address;
  }
  return undefined;
}

function within(address: Range, network: Range | undefined): boolean {
  return network !== undefined && network.last > network.first && overlaps(address, network);
}
