// A named network namespace: through the socket of a warm helper, against its system calls alone and against ip(8).
import type { Client } from '../../helper/rpc/contract/client';
import { startHelper } from '../support/helper';
import { startPeer, timedExec } from './peers/peer';
import { type Bench, paired, type Row } from './row';

/** They stay until the row is over: the kernel takes namespaces down later, beside whatever is measured then. */
function removeLater(bench: Bench, client: Client): void {
  bench.defer(async () => {
    const { netns } = await client.call('netns/list', {});
    for (const { names } of netns) {
      for (const name of names) await client.call('netns/delete', { netns: { name }, foreign: true });
    }
  });
}

async function warmHelper(bench: Bench): Promise<Client> {
  const helper = await startHelper();
  bench.defer(() => helper.stop());
  removeLater(bench, helper.client);
  return helper.client;
}

const systemCalls: Row = {
  name: 'netns-create',
  what: 'netns/create through the socket; a C loop of the same system calls',
  unit: 'ms',
  goal: { atMost: 1.3 },
  async run(bench) {
    const client = await warmHelper(bench);
    const loop = await startPeer('netns-loop', bench);
    return paired(
      bench.quick ? 100 : 300,
      { run: (index) => client.call('netns/create', { name: `ours-${index}` }) },
      { run: async (index) => Number(await loop.ask(`peer-${index}`)) / 1e6 },
      50,
    );
  },
};

const ipNetnsAdd: Row = {
  name: 'netns-create-ip',
  what: 'netns/create through the socket; ip netns add',
  unit: 'ms',
  goal: { atMost: 0.5 },
  async run(bench) {
    const client = await warmHelper(bench);
    const exec = await startPeer('timed-exec', bench);
    return paired(
      bench.quick ? 100 : 300,
      { run: (index) => client.call('netns/create', { name: `ours-${index}` }) },
      { run: (index) => timedExec(exec, ['ip', 'netns', 'add', `peer-${index}`]) },
      50,
    );
  },
};

export const rows: readonly Row[] = [systemCalls, ipNetnsAdd];
