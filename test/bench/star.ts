// A hundred namespaces around the host: each with a veth to it, addresses on both ends, lo and veth up, a default route.
// As many calls as it takes, against ip(8) in batch mode.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../helper/rpc/contract/client';
import { startHelper, type TestHelper } from '../support/helper';
import { output } from '../support/run';
import { until } from '../support/until';
import { HOLDER, OTHER } from '../support/users';
import { type Peer, startPeer, timedExec } from './peers/peer';
import { paired, type Row } from './row';

const SPOKES = 100;

interface Spoke {
  netns: string;
  link: string;
  hub: string;
  spoke: string;
}

const spokes: readonly Spoke[] = Array.from({ length: SPOKES }, (_, at) => ({
  netns: `star-${at}`,
  link: `hub${at}`,
  hub: `10.${at}.0.1`,
  spoke: `10.${at}.0.2`,
}));

/** The calls of one spoke depend on each other; the spokes do not. */
async function byCalls(client: Client): Promise<void> {
  await Promise.all(
    spokes.map(async ({ netns, link, hub, spoke }) => {
      await client.call('netns/create', { name: netns });
      const inside = { name: netns };
      await Promise.all([
        client.call('link/create', {
          kind: 'veth',
          a: { name: link, addresses: [`${hub}/24`] },
          b: { name: 'eth0', netns: inside, addresses: [`${spoke}/24`] },
          up: true,
        }),
        client.call('link/set', { link: { name: 'lo', netns: inside }, up: true }),
      ]);
      await client.call('route/add', { netns: inside, destination: 'default', via: hub });
    }),
  );
}

/** One batch in the host's namespace, then one in each of the others: the fastest that ip(8) can do. */
async function byIp(exec: Peer): Promise<number> {
  const outside = spokes.flatMap(({ netns, link, hub }) => [
    `netns add ${netns}`,
    `link add ${link} type veth peer name eth0 netns ${netns}`,
    `address add ${hub}/24 dev ${link}`,
    `link set ${link} up`,
  ]);
  let total = await timedExec(exec, ['ip', '-batch', '-'], `${outside.join('\n')}\n`);
  for (const { netns, hub, spoke } of spokes) {
    const inside = [
      'link set lo up',
      `address add ${spoke}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${hub}`,
    ];
    total += await timedExec(exec, ['ip', '-n', netns, '-batch', '-'], `${inside.join('\n')}\n`);
  }
  return total;
}

async function removeByIp(within: readonly string[] = []): Promise<void> {
  const input = spokes.map(({ netns }) => `netns delete ${netns}\n`).join('');
  await output([...within, 'ip', '-batch', '-'], { input });
  await quiet(within);
}

async function removeOurs(client: Client, within: readonly string[] = []): Promise<void> {
  await client.call('helper/cleanup', {});
  await quiet(within);
}

/** The kernel has taken down the last of it, so that the next sample has the machine to itself. */
async function quiet(within: readonly string[]): Promise<void> {
  const links = async () => (await output([...within, 'ip', '-o', 'link'])).trim().split('\n').length;
  await until(async () => (await links()) === 1, 'the last veth to go', { timeoutMs: 30_000 });
}

/** Words in front of a program that make it root of that helper's realm. */
async function inside({ stateDir }: TestHelper): Promise<string[]> {
  const { pid } = JSON.parse(await readFile(join(stateDir, 'keeper.json'), 'utf8')) as { pid: number };
  return ['nsenter', `--target=${pid}`, '--user', '--mount', '--net', '--'];
}

const star: Row = {
  name: 'star-100',
  what: '100 netns with veth to the host, addresses, routes, all up: 4 calls each; ip -batch and ip -n NAME -batch',
  unit: 'ms',
  goal: { atMost: 0.7 },
  async run(bench) {
    const helper = await startHelper();
    bench.defer(() => helper.stop());
    const exec = await startPeer('timed-exec', bench);
    return paired(
      bench.quick ? 3 : 100,
      { run: () => byCalls(helper.client), after: () => removeOurs(helper.client) },
      { run: () => byIp(exec), after: () => removeByIp() },
      bench.quick ? 1 : 3,
    );
  },
};

/** The peer works in a realm too, another person's, so that neither finds anything of the other's. */
const withoutRoot: Row = {
  name: 'star-100-user',
  what: 'the same in a user realm; the same batches by the root of another one',
  unit: 'ms',
  goal: { atMost: 0.7 },
  async run(bench) {
    const [ours, theirs] = [await startHelper({ user: HOLDER }), await startHelper({ user: OTHER })];
    bench.defer(() => Promise.all([ours.stop(), theirs.stop()]));
    const [here, there] = [await inside(ours), await inside(theirs)];
    const exec = await startPeer('timed-exec', bench, there);
    return paired(
      bench.quick ? 3 : 100,
      { run: () => byCalls(ours.client), after: () => removeOurs(ours.client, here) },
      { run: () => byIp(exec), after: () => removeByIp(there) },
      bench.quick ? 1 : 3,
    );
  },
};

export const rows: readonly Row[] = [star, withoutRoot];
