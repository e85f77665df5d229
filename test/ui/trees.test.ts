// What a person expects around the two trees: dragging rows with the mouse, a filter, copies for the clipboard, marks of
// state, and rows that follow the active terminal. Every fact is asked from other people's tools.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ipJson, output, run } from '../support/run';
import { until } from '../support/until';
import { useDaemon } from './support/daemon';
import { deleteNetns, namespacesOf, processRunning } from './support/outside';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({ theme: 'dark' });
afterAll(async () => {
  await run(['ip', 'link', 'delete', 'br-host']);
  await deleteNetns('blue', 'red', 'green', 'far', 'theirs');
});

let networks: Tree;
let namespaces: Tree;

beforeAll(async () => {
  for (const name of ['blue', 'red', 'green', 'far']) await output(['ip', 'netns', 'add', name]);
  for (const at of [0, 1, 2]) {
    const peer = ['type', 'veth', 'peer', 'name', `far${at}`, 'netns', 'far'];
    await output(['ip', '-n', 'blue', 'link', 'add', `d${at}`, ...peer]);
  }
  await output(['ip', '-n', 'blue', 'address', 'add', '10.77.0.1/24', 'dev', 'd0']);
  await output(['ip', 'link', 'add', 'br-host', 'type', 'bridge']);
  ({ networks, namespaces } = await editor().openIsolab());
  await networks.expand('blue');
  await networks.shows(['blue', 'd0'], '10.77.0.1/24');
});

async function names(netns: string): Promise<string[]> {
  return (await ipJson<{ ifname: string }>(['-n', netns, 'link'])).map(({ ifname }) => ifname);
}

test('an interface dropped on a namespace moves there', async () => {
  await networks.drag(['blue', 'd0'], 'red');
  await until(async () => (await names('red')).includes('d0'), 'd0 in red');
  expect(await names('blue')).not.toContain('d0');
  await networks.shows(['red', 'd0']);
  await editor().screenshot('dropped-interface');
});

test('several at once; dropped on their own namespace they stay', async () => {
  await networks.click(['blue', 'd1']);
  await networks.click(['blue', 'd2'], ['Control']);
  await networks.drag(['blue', 'd2'], 'blue');
  await networks.drag(['blue', 'd2'], 'green');
  await until(async () => (await names('green')).length === 3, 'd1 and d2 in green');
  expect(await names('green')).toEqual(expect.arrayContaining(['d1', 'd2']));
  expect(await names('blue')).toEqual(['lo']);
});

test('lo, and what the kernel keeps where it is, are refused with a sentence', async () => {
  const { dialogs } = editor();
  await networks.expand('red');
  await networks.drag(['red', 'lo'], 'green');
  await dialogs.notice('lo').waitFor();
  await editor().screenshot('drop-refused');
  await networks.collapse('red');
  await networks.collapse('green');
  await networks.expand('Host');
  await networks.drag(['Host', 'br-host'], 'blue');
  await dialogs.notice('br-host').waitFor();
  expect((await ipJson<{ ifname: string }>(['link'])).map(({ ifname }) => ifname)).toContain('br-host');
  await networks.collapse('Host');
});
