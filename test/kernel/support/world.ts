// A network and mount namespace of a test's own with a helper in it, for comparing what two ways of doing a thing make:
// the same names can be used in both, and neither sees the other's.
import type { Input, MethodName } from '../../../helper/rpc/contract';
import { commandLine } from '../../../helper/rpc/contract/command-line';
import { type HelperOptions, startHelper, type TestHelper } from '../../support/helper';
import { type Done, output, run } from '../../support/run';

const ENTER = ['unshare', '--net', '--mount', '--propagation', 'private', '--'];
const BEGIN = 'mount -t tmpfs tmpfs /run && ip link set dev lo up && exec "$@"';

export interface World extends TestHelper {
  /** Text as somebody pastes it into bash there. */
  paste(text: string): Promise<Done>;
  /** Standard output of a program there; it must succeed. */
  output(argv: readonly string[]): Promise<string>;
  /** The lines for that request, as text. */
  lines<M extends MethodName>(method: M, params: Input<M>): Promise<string>;
  /** What ip(8) says of every namespace there, without what chance decides. */
  facts(): Promise<Facts>;
}

/** `sudo` has nothing to add for root, and need not be installed. */
export async function makeWorld(options: Pick<HelperOptions, 'holder'> = {}): Promise<World> {
  const helper = await startHelper({ ...options, within: [...ENTER, 'bash', '-c', BEGIN, 'world'] });
  const inside = (argv: readonly string[]) => ['nsenter', `--target=${helper.pid}`, '--net', '--mount', '--', ...argv];
  return {
    ...helper,
    paste: (text) => run(inside(['bash', '-c', text])),
    output: (argv) => output(inside(argv)),
    lines: async (method, params) => {
      const { lines } = await helper.client.call('command/equivalent', { method, params: { ...params } });
      return lines.map(commandLine).join('\n');
    },
    facts: () => factsOf((args) => ipJsonLines(inside(['ip', '-j', ...args]))),
  };
}

export interface Facts {
  names: string[];
  /** By name; `''` is the world's own. */
  namespaces: Record<string, Inside>;
}

interface Inside {
  links: Record<string, LinkFacts>;
  routes: string[];
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
  link_netnsid?: number;
  linkinfo?: { info_kind?: string };
  addr_info: { family: string; local: string; prefixlen: number; scope: string; broadcast?: string }[];
}

type Ask = (args: readonly string[]) => Promise<Record<string, unknown>[]>;

async function ipJsonLines(argv: readonly string[]): Promise<Record<string, unknown>[]> {
  const text = await output(argv);
  return text.trim() === '' ? [] : (JSON.parse(text) as Record<string, unknown>[]);
}

async function factsOf(ask: Ask): Promise<Facts> {
  const names = (await ask(['netns', 'list'])).map(({ name }) => String(name)).sort();
  const rows = new Map<string, Row[]>();
  for (const name of ['', ...names]) rows.set(name, (await ask([...at(name), '-d', 'address'])) as unknown as Row[]);
  const namespaces: Facts['namespaces'] = {};
  for (const [name, links] of rows) {
    const routes = [
      ...(await ask([...at(name), 'route', 'show', 'table', 'all'])),
      ...(await ask([...at(name), '-6', 'route', 'show', 'table', 'all'])),
    ];
    namespaces[name] = {
      links: Object.fromEntries(links.map((link) => [link.ifname, linkFacts(name, link, rows)])),
      routes: routes.map((route) => JSON.stringify(settled(route))).filter((route) => !/"fe80:|"ff00:/.test(route)),
    };
  }
  return { names, namespaces };
}

function at(name: string): string[] {
  return name === '' ? [] : ['-n', name];
}

function linkFacts(where: string, link: Row, all: ReadonlyMap<string, readonly Row[]>): LinkFacts {
  return {
    kind: link.linkinfo?.info_kind,
    mtu: link.mtu,
    up: link.flags.includes('UP'),
    peer: peerOf(where, link, all),
    addresses: link.addr_info
      // Made of the MAC, which is random.
      .filter(({ local }) => !local.startsWith('fe80:'))
      .map(({ local, prefixlen, scope, broadcast }) => `${local}/${prefixlen} ${scope} ${broadcast ?? ''}`),
  };
}

/** The veth whose peer index is this one's index, and the other way round: small worlds have one such. */
function peerOf(where: string, link: Row, all: ReadonlyMap<string, readonly Row[]>): string | undefined {
  if (link.link !== undefined) return `${link.link} @ ${where}`;
  if (link.link_index === undefined) return undefined;
  const others = [...all].flatMap(([name, rows]) =>
    rows.flatMap((row) =>
      name !== where && row.ifindex === link.link_index && row.link_index === link.ifindex
        ? [`${row.ifname} @ ${name}`]
        : [],
    ),
  );
  return others.join(' or ');
}

/** Without whether a carrier has come already. */
function settled({ flags: _flags, ...route }: Record<string, unknown>): Record<string, unknown> {
  return route;
}
