// neighbour/list: ARP and NDP entries, judged by ip-neighbour(8).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { ipJson, output } from '../support/run';
import { netns, refused } from './support/network';

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

interface IpNeighbour {
  dst: string;
  dev: string;
  lladdr?: string;
  state: string[];
}

test('who answered a ping and who was written down by hand, as ip(8) lists them', async () => {
  await netns(helper.client, undo, 'isn-a');
  await netns(helper.client, undo, 'isn-b');
  const { b } = await helper.client.call('link/create', {
    kind: 'veth',
    a: { name: 'va', netns: { name: 'isn-a' }, addresses: ['10.9.0.1/24'] },
    b: { name: 'vb', netns: { name: 'isn-b' }, addresses: ['10.9.0.2/24'] },
    up: true,
  });
  await output(['ip', 'netns', 'exec', 'isn-a', 'ping', '-c1', '-W1', '-n', '10.9.0.2']);
  await output(['ip', '-n', 'isn-a', 'neigh', 'add', 'fd09::7', 'lladdr', '02:00:00:00:00:07', 'dev', 'va']);
  const { neighbours } = await helper.client.call('neighbour/list', { netns: { name: 'isn-a' } });
  expect(neighbours).toContainEqual(
    expect.objectContaining({ family: 'inet', address: '10.9.0.2', mac: b.mac, dev: 'va' }),
  );
  expect(neighbours).toContainEqual({
    family: 'inet6',
    address: 'fd09::7',
    mac: '02:00:00:00:00:07',
    dev: 'va',
    index: expect.any(Number),
    state: 'permanent',
  });
  const judged = await ipJson<IpNeighbour>(['-n', 'isn-a', 'neigh']);
  const row = ({ dst, dev, lladdr }: IpNeighbour) => `${dst} ${dev} ${lladdr}`;
  expect(neighbours.map(({ address, dev, mac }) => `${address} ${dev} ${mac}`).sort()).toEqual(judged.map(row).sort());
});

test('a namespace that is not, or is another one by now: not found', async () => {
  await netns(helper.client, undo, 'isn-a');
  for (const ref of [{ name: 'isn-none' }, { name: 'isn-a', uid: '1' }, { id: '1' }, { pid: 4_194_304 }]) {
    expect(await refused(helper.client.call('neighbour/list', { netns: ref }))).toMatchObject({
      kind: 'not-found',
      field: 'netns',
    });
  }
});

test.each([{ name: '../x' }, { id: '-1' }, { host: false }, { pid: 0 }, {}, []])(
  'refuses %j as a namespace',
  async (ref) => {
    const failure = await refused(helper.client.call('neighbour/list', { netns: ref as { name: string } }));
    expect(failure).toMatchObject({ kind: 'invalid' });
  },
);
