// address/*: protocol addresses, judged by ip-address(8).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { ipJson, output, run } from '../support/run';
import type { IpAddress } from './support/ip';
import { netns, network, refused } from './support/network';

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

const call: TestHelper['client']['call'] = (method, params) => helper.client.call(method, params);
const lo = { name: 'lo', netns: { name: 'isa-a' } };
const ofIp = async (...args: string[]) =>
  (await ipJson<IpAddress>([...args, 'addr'])).flatMap(({ ifname, addr_info }) =>
    addr_info.map(({ family, local, prefixlen, scope }) => ({
      link: ifname,
      family,
      address: local,
      prefix: prefixlen,
      scope,
    })),
  );
const inA = () => ofIp('-n', 'isa-a');

describe('address/add and address/delete', () => {
  test.each([
    ['10.9.0.1/24', '10.9.0.1', 24, 'inet'],
    ['FD09:0:0::1/64', 'fd09::1', 64, 'inet6'],
    ['10.9.0.255/32', '10.9.0.255', 32, 'inet'],
  ])('%s is there for ip(8), and gone again', async (address, canonical, prefix, family) => {
    await netns(helper.client, undo, 'isa-a');
    const before = await inA();
    expect(await call('address/add', { link: lo, address })).toMatchObject({
      link: 'lo',
      index: 1,
      family,
      address: canonical,
      prefix,
    });
    expect(await inA()).toEqual(
      expect.arrayContaining([expect.objectContaining({ link: 'lo', address: canonical, prefix })]),
    );
    await call('address/delete', { link: lo, address });
    expect(await inA()).toEqual(before);
  });

  test('on an interface of the host, and off again with the helper’s clean-up only if it was added here', async () => {
    await output(['ip', 'addr', 'add', '10.9.1.1/24', 'dev', 'lo']);
    undo(() => run(['ip', 'addr', 'delete', '10.9.1.1/24', 'dev', 'lo']));
    const before = await ofIp();
    await call('address/add', { link: { name: 'lo' }, address: '10.9.2.1/24' });
    expect(await ofIp()).toContainEqual({
      link: 'lo',
      family: 'inet',
      address: '10.9.2.1',
      prefix: 24,
      scope: 'global',
    });
    expect((await call('helper/cleanup', {})).removed).toEqual([{ type: 'address', name: '10.9.2.1/24 lo' }]);
    expect(await ofIp()).toEqual(before);
  });

  test('one that ip(8) added may be deleted by its exact words', async () => {
    await netns(helper.client, undo, 'isa-a');
    await output(['ip', '-n', 'isa-a', 'addr', 'add', '10.9.3.1/24', 'dev', 'lo']);
    const wrong = { link: lo, address: '10.9.3.1/25' };
    expect(await refused(call('address/delete', wrong))).toMatchObject({
      kind: 'not-found',
      field: 'address',
      rule: { code: 'address-not-found', args: { address: '10.9.3.1/25' } },
    });
    await call('address/delete', { link: lo, address: '10.9.3.1/24' });
    expect(await inA()).toEqual([]);
  });

  test.each<[string, object, string, object]>([
    [
      'an address that is there',
      lo,
      '10.9.0.1/24',
      { kind: 'exists', rule: { code: 'address-exists', args: { address: '10.9.0.1/24' } } },
    ],
    [
      'multicast',
      lo,
      'ff02::1/64',
      { kind: 'invalid', step: 'address', field: 'address', rule: { code: 'address-unusable' } },
    ],
    ['no length', lo, '10.9.0.1', { kind: 'invalid', field: 'address', rule: { code: 'cidr' } }],
    ['a length of another family', lo, '10.9.0.1/33', { kind: 'invalid', rule: { code: 'cidr' } }],
    ['a zone', lo, 'fe80::1%lo/64', { kind: 'invalid', rule: { code: 'cidr' } }],
    ['octal', lo, '010.9.0.1/24', { kind: 'invalid', rule: { code: 'cidr' } }],
    ['words behind', lo, '10.9.0.1/24 dev eth0', { kind: 'invalid', rule: { code: 'cidr' } }],
    [
      'no such interface',
      { name: 'none', netns: { name: 'isa-a' } },
      '10.9.4.1/24',
      { kind: 'not-found', field: 'link', rule: { code: 'link-not-found' } },
    ],
    ['a stale index', { name: 'lo', index: 7, netns: { name: 'isa-a' } }, '10.9.4.1/24', { kind: 'not-found' }],
    [
      'the uid of a namespace that is gone',
      { name: 'lo', netns: { name: 'isa-a', uid: '1' } },
      '10.9.4.1/24',
      { kind: 'not-found', rule: { code: 'netns-replaced' } },
    ],
  ])('refuses to add %s', async (_, link, address, expected) => {
    await netns(helper.client, undo, 'isa-a');
    await output(['ip', '-n', 'isa-a', 'addr', 'add', '10.9.0.1/24', 'dev', 'lo']);
    const before = await network();
    expect(await refused(call('address/add', { link, address }))).toMatchObject(expected);
    expect(await network()).toEqual(before);
  });
});

describe('address/list', () => {
  test('the same as ip(8)', async () => {
    await netns(helper.client, undo, 'isa-a');
    await output(['ip', '-n', 'isa-a', 'link', 'set', 'lo', 'up']);
    await output(['ip', '-n', 'isa-a', 'addr', 'add', '10.9.0.1/24', 'dev', 'lo', 'scope', 'link']);
    await output(['ip', '-n', 'isa-a', 'addr', 'add', '10.9.0.3', 'peer', '10.9.0.4/32', 'dev', 'lo']);
    for (const name of [undefined, 'isa-a']) {
      const { addresses } = await call('address/list', name === undefined ? {} : { netns: { name } });
      const judged = await ofIp(...(name === undefined ? [] : ['-n', name]));
      const rows = addresses.map(({ link, family, address, prefix, scope }) => ({
        link,
        family,
        address,
        prefix,
        scope,
      }));
      expect(rows.sort(byAddress)).toEqual(judged.sort(byAddress));
    }
  });

  test('of a namespace that is not: not found', async () => {
    expect(await refused(call('address/list', { netns: { name: 'isa-none' } }))).toMatchObject({
      kind: 'not-found',
      field: 'netns',
    });
  });
});

function byAddress(a: { address: string }, b: { address: string }): number {
  return a.address < b.address ? -1 : 1;
}
