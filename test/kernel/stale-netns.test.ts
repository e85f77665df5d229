// Every method that names a network namespace, asked about one that is gone while its inode and its name live on in
// another: refused as if there were none, and the one that has them now stays as it was.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Input, MethodName } from '../../helper/rpc/contract';
import type { NetnsRef } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { output } from '../support/run';
import { network, refused } from './support/network';

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

type Asks = { [M in MethodName]?: (netns: NetnsRef) => Input<M> };

const ASKS: Asks = {
  'link/list': (netns) => ({ netns }),
  'link/create': (netns) => ({ kind: 'veth', a: { name: 'va', netns }, b: { name: 'vb' } }),
  'link/set': (netns) => ({ link: { name: 'veth-s', netns }, up: true }),
  'link/move': (netns) => ({ link: { name: 'veth-s', netns }, to: { host: true } }),
  'link/delete': (netns) => ({ link: { name: 'veth-s', netns }, foreign: true }),
  'address/list': (netns) => ({ netns }),
  'address/add': (netns) => ({ link: { name: 'veth-s', netns }, address: '10.9.9.9/24' }),
  'address/delete': (netns) => ({ link: { name: 'veth-s', netns }, address: '10.9.0.1/24' }),
  'route/list': (netns) => ({ netns }),
  'route/add': (netns) => ({ netns, destination: '10.8.0.0/16', via: '10.9.0.2' }),
  'route/delete': (netns) => ({ netns, destination: '10.7.0.0/16' }),
  'neighbour/list': (netns) => ({ netns }),
  'netns/delete': (netns) => ({ netns, foreign: true }) as Input<'netns/delete'>,
  'uplink/start': (netns) => ({ netns }),
  'uplink/stop': (netns) => ({ netns }),
  'session/open': (netns) => ({ join: [{ kind: 'net', of: netns }], command: ['true'] }),
};

const WORDS: Record<string, (uid: string, id: string) => NetnsRef> = {
  'by name and uid': (uid) => ({ name: 'stale', uid }) as NetnsRef,
  'by id and uid': (uid, id) => ({ id, uid }) as NetnsRef,
};

test.each(Object.keys(ASKS) as (keyof typeof ASKS)[])('%s', async (method) => {
  const before = await helper.client.call('netns/create', { name: 'stale' });
  expect(before.uid).toBeDefined();
  await output(['ip', 'netns', 'delete', 'stale']);
  await output(['ip', 'netns', 'add', 'stale']);
  undo(() => output(['ip', 'netns', 'delete', 'stale']));
  await output(['ip', '-n', 'stale', 'link', 'add', 'veth-s', 'type', 'veth', 'peer', 'name', 'veth-t']);
  await output(['ip', '-n', 'stale', 'addr', 'add', '10.9.0.1/24', 'dev', 'veth-s']);
  await output(['ip', '-n', 'stale', 'link', 'set', 'veth-s', 'up']);
  await output(['ip', '-n', 'stale', 'route', 'add', '10.7.0.0/16', 'dev', 'veth-s']);
  const { netns: listed } = await helper.client.call('netns/list', {});
  const now = listed.find(({ names }) => names.includes('stale'));
  const judged = await network();

  for (const words of Object.values(WORDS)) {
    const ask = ASKS[method] as (netns: NetnsRef) => never;
    const failure = await refused(helper.client.call(method, ask(words(String(before.uid), String(now?.id)))));
    expect(failure.kind).toBe('not-found');
  }
  expect(await network()).toEqual(judged);
});
