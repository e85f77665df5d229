// A hundred namespaces around the host: each with a veth to it, addresses on both ends, lo and veth up, a default route.
// As many calls as it takes, against ip(8) in batch mode.
import type { Client } from '../../helper/rpc/contract/client';
import { startHelper } from '../support/helper';
import { ipJson, output } from '../support/run';
import { until } from '../support/until';
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

async function removeByIp(): Promise<void> {
  await output(['ip', '-batch', '-'], { input: spokes.map(({ netns }) => `netns delete ${netns}\n`).join('') });
  await quiet();
}

async function removeOurs(client: Client): Promise<void> {
  await client.call('helper/cleanup', {});
  await quiet();
}

/** The kernel has taken down the last of it, so that the next sample has the machine to itself. */
async function quiet(): Promise<void> {
  await until(async () => (await ipJson(['link'])).length === 1, 'the last veth to go', { timeoutMs: 30_000 });
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
      bench.quick ? 4 : 100,
      { run: () => byCalls(helper.client), after: () => removeOurs(helper.client) },
      { run: () => byIp(exec), after: removeByIp },
    );
  },
};

export const rows: readonly Row[] = [star];
