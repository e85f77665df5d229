// 1,000 rounds of making and deleting leave nothing behind: not on the machine, not in the helper.
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { output } from '../support/run';
import { compare, machine, type Snapshot } from '../support/snapshot';
import { until } from '../support/until';

const ROUNDS = 1000;
/** Until caches, JIT and heap have found their size. */
const WARM_UP = 200;
/** Promise 4 of docs/security.md. */
const MORE_FDS = 5;
const MORE_MEGABYTES = 20;

const undo = undoAfterEach();

/**
 * Two namespaces and a pair between them, which goes with its namespaces. Every tenth round deletes the pair by itself:
 * the kernel waits for every processor each time it takes an interface down, tens of milliseconds on a busy machine.
 */
async function round({ client }: TestHelper, at: number): Promise<void> {
  const a = { name: 'isx-a' };
  const b = { name: 'isx-b' };
  await client.call('netns/create', a);
  await client.call('netns/create', b);
  await client.call('link/create', {
    kind: 'veth',
    a: { name: 'va', netns: a, addresses: ['10.9.0.1/24', 'fd09::1/64'] },
    b: { name: 'vb', netns: b, addresses: ['10.9.0.2/24'] },
    up: true,
  });
  await client.call('route/add', { netns: a, destination: 'default', via: '10.9.0.2' });
  await client.call('address/add', { link: { name: 'lo', netns: a }, address: '10.9.9.9/32' });
  await client.call('link/list', { netns: a });
  if (at % 10 === 0) await client.call('link/delete', { link: { name: 'va', netns: a } });
  await client.call('netns/delete', { netns: a });
  await client.call('netns/delete', { netns: b });
}

/** Descriptors, and megabytes of resident memory that belong to the process alone. */
async function weight(pid: number): Promise<{ fds: number; megabytes: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = Number(/^RssAnon:\s+([0-9]+) kB$/m.exec(status)?.[1]);
  return { fds: (await readdir(`/proc/${pid}/fd`)).length, megabytes: kilobytes / 1024 };
}

/** Links, names and mounts of the place that the test runs in; processes elsewhere on the machine come and go. */
async function ownThings(): Promise<Snapshot> {
  const { link = [], netns = [], mount = [] } = await machine();
  return { link, netns, mount };
}

test(`${ROUNDS} rounds`, async () => {
  const helper = await startHelper();
  undo(() => helper.stop());
  for (let at = 0; at < WARM_UP; at += 1) await round(helper, at);
  const before = await ownThings();
  const children = await output(['ps', '-o', 'pid=', '--ppid', String(helper.pid)]).catch(() => '');
  const light = await weight(helper.pid);
  for (let at = 0; at < ROUNDS; at += 1) await round(helper, at);
  // The kernel takes namespaces down some time after their last user went.
  await until(async () => {
    const more = compare(before, await ownThings());
    if (more.length > 0) throw new Error(more.join('; '));
    return true;
  }, 'the machine as it was');
  const heavy = await weight(helper.pid);
  expect(heavy.fds - light.fds).toBeLessThanOrEqual(MORE_FDS);
  expect(heavy.megabytes - light.megabytes).toBeLessThanOrEqual(MORE_MEGABYTES);
  expect(await output(['ps', '-o', 'pid=', '--ppid', String(helper.pid)]).catch(() => '')).toBe(children);
  // What others deleted is forgotten too: the journal names nothing that is gone.
  expect(await helper.client.call('helper/cleanup', {})).toEqual({ removed: [], kept: [] });
  const journal = await readFile(`${helper.stateDir}/journal.jsonl`, 'utf8');
  expect(journal.length).toBeLessThan(1_000_000);
}, 120_000);

test('namespaces that ip(8) deletes under the helper weigh nothing either', async () => {
  const helper = await startHelper();
  undo(() => helper.stop());
  for (let at = 0; at < 300; at += 1) {
    await helper.client.call('netns/create', { name: 'isx-b' });
    await output(['ip', 'netns', 'delete', 'isx-b']);
  }
  await helper.client.call('netns/create', { name: 'isx-b' });
  undo(() => output(['ip', 'netns', 'delete', 'isx-b']));
  const { removed } = await helper.client.call('helper/cleanup', { dryRun: true });
  expect(removed).toEqual([{ type: 'netns', name: 'isx-b' }]);
  const journal = await readFile(`${helper.stateDir}/journal.jsonl`, 'utf8');
  const lines = journal.split('\n').filter((line) => line.includes('"op":"made"') || line.includes('"op":"done"'));
  // More than 256 made things that are all gone were looked through, and forgotten.
  expect(journal).toContain('"op":"forget"');
  expect(lines.length).toBeLessThanOrEqual(301);
}, 60_000);
