// What happens outside shows by itself: links set with `ip`, within half a second; and two processes compared.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { useDaemon } from './support/daemon';
import { deleteNetns, namespacesOf, processRunning } from './support/outside';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({ theme: 'dark' });
afterAll(() => deleteNetns('east', 'west'));

const SOON = 500;
let networks: Tree;

beforeAll(async () => {
  await output(['ip', 'netns', 'add', 'east']);
  const trees = await editor().openIsolab();
  networks = trees.networks;
  await networks.expand('east');
  await networks.shows(['east', 'lo'], 'down');
});

/** Milliseconds from before the command to the row's saying so. */
async function timeTo(argv: string[], shown: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await output(argv);
  await shown();
  return performance.now() - start;
}

test('a link set with ip in a namespace shows within 500 ms', async () => {
  for (const [state, wanted] of [
    ['up', /^up/],
    ['down', /^down/],
    ['up', /^up/],
  ] as const) {
    const time = await timeTo(['ip', '-n', 'east', 'link', 'set', 'lo', state], () =>
      networks.shows(['east', 'lo'], wanted),
    );
    expect(time).toBeLessThan(SOON);
  }
});

test('a link made with ip shows within 500 ms, with its peer; so does its end', async () => {
  await output(['ip', 'netns', 'add', 'west']);
  await networks.shows('west');
  const made = await timeTo(
    ['ip', '-n', 'east', 'link', 'add', 'out0', 'type', 'veth', 'peer', 'name', 'in0', 'netns', 'west'],
    () => networks.shows(['east', 'out0'], 'in0 @ west'),
  );
  expect(made).toBeLessThan(SOON);
  const addressed = await timeTo(['ip', '-n', 'east', 'address', 'add', '10.20.0.1/24', 'dev', 'out0'], () =>
    networks.shows(['east', 'out0'], '10.20.0.1/24'),
  );
  expect(addressed).toBeLessThan(SOON);
  await editor().screenshot('events-dark');
  const gone = await timeTo(['ip', '-n', 'west', 'link', 'delete', 'in0'], () => networks.lacks(['east', 'out0']));
  expect(gone).toBeLessThan(SOON);
});

test('a namespace deleted with ip goes within 500 ms', async () => {
  const gone = await timeTo(['ip', 'netns', 'delete', 'west'], () => networks.lacks('west'));
  expect(gone).toBeLessThan(SOON);
});

test('Compare isolation of two processes says what is shared, kind by kind', async () => {
  const { terminals, quick } = editor();
  await editor().command('Terminal: Create New Terminal');
  await terminals.prompt();
  await terminals.type('sleep 6660001 &');
  const plain = await processRunning('sleep 6660001');
  await networks.inline('east', 'Open shell here');
  await terminals.select('east');
  await terminals.prompt();
  await terminals.type('sleep 6660002 &');
  const inside = await processRunning('sleep 6660002');

  await editor().command('Isolab: Compare isolation');
  await quick.step('First process');
  await quick.fill(String(plain));
  await quick.pick('sleep');
  await quick.step('Second process');
  await quick.fill(String(inside));
  await quick.pick('sleep');
  const document = editor().page.locator('.editor-instance .view-lines');
  const text = await until(async () => {
    const shown = (await document.first().allInnerTexts()).join('').replaceAll('\u00a0', ' ');
    if (!shown.includes('isolated')) throw new Error(shown);
    return shown;
  }, 'the comparison');
  await editor().screenshot('compare-dark');
  const [a, b] = [await namespacesOf(plain), await namespacesOf(inside)];
  for (const kind of ['uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time', 'mnt'] as const) {
    const line = text.split('\n').find((each) => each.trim().startsWith(kind)) ?? '';
    expect(line).toContain((a[kind].match(/\d+/) as RegExpMatchArray)[0]);
    expect(line).toContain((b[kind].match(/\d+/) as RegExpMatchArray)[0]);
    expect(line).toContain(a[kind] === b[kind] ? 'shared' : 'isolated');
  }
  expect(a.net).not.toBe(b.net);
  await terminals.type('kill %1; exit');
  await until(async () => (await run(['ps', '-p', String(inside)])).status !== 0, 'the shell to end');
});
