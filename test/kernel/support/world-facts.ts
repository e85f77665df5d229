// All network namespaces of a world as ip(8) shows them, in one go, without what chance decides: indexes, MACs, addresses
// made of MACs, whether a carrier has come already.

/** Prints, each ended by a NUL and a namespace at a time: its name, its links with addresses, its routes. */
export const SCRIPT = `
  show() { "$@" -j -d address; printf '\\0'; "$@" -j route show table all; printf '\\0'; }
  printf '\\0'; show ip
  for path in /run/netns/* /run/netns/.[!.]*; do
    test -e "$path" || continue
    printf '%s\\0' "$path"; show ip -n "\${path##*/}" 2>/dev/null
  done
  for pid; do printf '#\\0'; show nsenter --target="$pid" --net ip; done`;

export interface Facts {
  /** By name: `''` is the world's own, `#N` the Nth without a name. Of a name that pins nothing there is nothing. */
  [name: string]: { links: Record<string, LinkFacts>; routes: string[] } | null;
}

interface LinkFacts {
  kind: string | undefined;
  mtu: number;
  up: boolean;
  /** `NAME @ NAMESPACE` of the other end. */
  peer: string | undefined;
  addresses: string[];
}

interface Row {
  ifindex: number;
  ifname: string;
  mtu: number;
  flags: string[];
  link?: string;
  link_index?: number;
  linkinfo?: { info_kind?: string };
  addr_info: { local: string; prefixlen: number; scope: string; broadcast?: string }[];
}

/** `renamed`: names that chance decided, and what they are called instead. */
export function toFacts(text: string, renamed: ReadonlyMap<string, string>): Facts {
  const parts = text.split('\0');
  const rows = new Map<string, Row[]>();
  const routes = new Map<string, string[]>();
  for (let at = 0; at + 3 < parts.length; at += 3) {
    const [path = '', links = '', ways = ''] = parts.slice(at, at + 3);
    const bare = path === '#' ? `#${at}` : path.slice(path.lastIndexOf('/') + 1);
    const name = renamed.get(bare) ?? bare;
    rows.set(name, parsed(links) as unknown as Row[]);
    routes.set(name, parsed(ways).filter(isAsked).map(settled));
  }
  return Object.fromEntries(
    [...rows].map(([name, links]) => [
      name,
      links.length === 0
        ? null
        : {
            links: Object.fromEntries(links.map((link) => [link.ifname, linkFacts(name, link, rows)])),
            routes: routes.get(name) ?? [],
          },
    ]),
  );
}

/** ip(8) prints nothing for an empty list. */
function parsed(text: string): Record<string, unknown>[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as Record<string, unknown>[]);
}

/** The kernel's own for link-local and multicast come with the carrier. */
function isAsked({ dst }: Record<string, unknown>): boolean {
  return !/^(fe80:|ff00:)/.test(String(dst));
}

function settled({ flags: _flags, ...route }: Record<string, unknown>): string {
  return JSON.stringify(route);
}

function linkFacts(where: string, link: Row, all: ReadonlyMap<string, readonly Row[]>): LinkFacts {
  return {
    kind: link.linkinfo?.info_kind,
    mtu: link.mtu,
    up: link.flags.includes('UP'),
    peer: peerOf(where, link, all),
    addresses: link.addr_info
      .filter(({ local }) => !local.startsWith('fe80:'))
      .map(({ local, prefixlen, scope, broadcast = '' }) => `${local}/${prefixlen} ${scope} ${broadcast}`),
  };
}

/** The veth whose peer index is this one's index, and the other way round: small worlds have one such. */
function peerOf(where: string, link: Row, all: ReadonlyMap<string, readonly Row[]>): string | undefined {
  if (link.link !== undefined) return `${link.link} @ ${where}`;
  if (link.link_index === undefined) return undefined;
  return [...all]
    .filter(([name]) => name !== where)
    .flatMap(([name, rows]) => rows.filter((row) => isPeer(row, link)).map(({ ifname }) => `${ifname} @ ${name}`))
    .join(' or ');
}

function isPeer(a: Row, b: Row): boolean {
  return a.link_index === b.ifindex && b.link_index === a.ifindex;
}
