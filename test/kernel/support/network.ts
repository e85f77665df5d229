// The network as ip(8) sees it, for comparing before and after, and what a refused call says.
import { readdir, readlink } from 'node:fs/promises';
import type { Client } from '../../../helper/rpc/contract/client';
import { type ErrorData, Failure } from '../../../helper/rpc/contract/errors';
import { ipJson, output } from '../../support/run';

/** What a call is refused with; fails the test where it is not refused. */
export async function refused(call: Promise<unknown>): Promise<ErrorData> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof Failure) return error.data;
    throw error;
  }
  throw new Error(`not refused, but answered ${JSON.stringify(answer)}`);
}

/** Everything rtnetlink knows of the host and the named namespaces, in the words of ip(8). */
export async function network(): Promise<Record<string, unknown>> {
  const names = await netnsOfIp();
  const all: Record<string, unknown> = { names };
  for (const name of [undefined, ...names]) {
    const inside = name === undefined ? [] : ['-n', name];
    all[name ?? ' host'] = {
      links: withoutStates(await ipJson<Record<string, unknown>>([...inside, '-d', 'link'])),
      addresses: (
        await ipJson<{ ifname: string; addr_info: { local: string; prefixlen: number }[] }>([...inside, 'addr'])
      ).map(({ ifname, addr_info }) => [
        ifname,
        ...addr_info.filter(({ local }) => !isLinkLocal(local)).map(({ local, prefixlen }) => `${local}/${prefixlen}`),
      ]),
      routes: settled(await output(['ip', ...inside, 'route', 'show', 'table', 'all'])),
      routes6: settled(await output(['ip', ...inside, '-6', 'route', 'show', 'table', 'all'])),
    };
  }
  return all;
}

/**
 * Without what the kernel adds by itself, some time after a link is up: its own addresses of IPv6, and their routes; an
 * address is local once nobody else was found to have it (RFC 4862).
 */
function settled(routes: string): string {
  return routes.replace(/^(local [0-9a-f]*:|fe80::|(multicast )?ff00::).*\n/gm, '');
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('fe80:');
}

/** Without what changes by itself: carrier and operational state settle some time after. */
function withoutStates(links: Record<string, unknown>[]): unknown[] {
  return links.map(({ ifindex, ifname, mtu, address, flags, link_index, linkinfo }) => ({
    ifindex,
    ifname,
    mtu,
    address,
    up: (flags as string[]).includes('UP'),
    link_index,
    kind: (linkinfo as { info_kind?: string } | undefined)?.info_kind,
  }));
}

/** Names as ip-netns(8) lists them, sorted; names with a newline would be two. */
export async function netnsOfIp(): Promise<string[]> {
  return (await output(['ip', 'netns', 'list']))
    .split('\n')
    .map((line) => line.replace(/ \(id: .*$/, ''))
    .filter((line) => line !== '')
    .sort();
}

/** Files in /run/netns; none where the directory was never made. */
export function netnsFiles(): Promise<string[]> {
  return readdir('/run/netns').catch(() => []);
}

/** Inode of the namespace in which a program started in that netns runs, as readlink(1) says. */
export async function inodeInside(name: string): Promise<string> {
  const link = await output(['ip', 'netns', 'exec', name, 'readlink', '/proc/self/ns/net']);
  return /^net:\[([0-9]+)\]$/m.exec(link)?.[1] ?? link;
}

/** Inode of this process's own network namespace: the host of the sealed place. */
export async function hostInode(): Promise<string> {
  return /[0-9]+/.exec(await readlink('/proc/self/ns/net'))?.[0] ?? '';
}

/** A namespace of ours for one test. */
export async function netns(client: Client, undo: (undo: () => unknown) => void, name: string): Promise<string> {
  await client.call('netns/create', { name });
  undo(() => client.call('netns/delete', { netns: { name }, foreign: true }).catch(() => undefined));
  return name;
}
