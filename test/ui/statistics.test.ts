// Live charts of a container that uses much, and tasks that run in it: what the panel says is what the kernel's files say,
// a hidden panel asks nothing, and a task ends as its program does.
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { figuresOf } from '../support/figures';
import { output } from '../support/run';
import { until } from '../support/until';
import { writeBusyboxImage } from './support/busybox';
import { isolab, programOf } from './support/containers';
import { startDaemon, stopDaemon } from './support/daemon';
import { deleteNetns, helperPid } from './support/outside';
import { asPerson, PERSON } from './support/person';
import { StatisticsPage } from './support/statistics';
import { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

const ARCHIVE = `${PERSON.home}/busybox.tar`;
const IMAGE = 'lab/busybox:1';
const MIB = 1024 * 1024;
/** Of the command and of the row's menu. */
const COMMAND = 'Statistics of containers';
/** Memory that stays, then more than there may be, again and again, by a child; and the processor all the time. */
const HOG = `head -c 12582912 /dev/zero > /dev/shm/held
while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; done`;
const GREEDY = 'x=y; while :; do x=$x$x; done';

const PATTERN = { regexp: '^(\\w+\\.md):(\\d+): (.*)$', file: 1, line: 2, message: 3 };
const TASKS = {
  version: '2.0.0',
  tasks: [
    {
      label: 'look inside',
      type: 'isolab',
      container: 'hog',
      command: [
        'sh',
        '-c',
        'echo x >> runs; echo runs $(cat runs); echo "notes.md:1: written by $WHO in $(cat /proc/1/comm) $PWD"; exit 7',
      ],
      cwd: '/tmp',
      env: { WHO: 'Ada' },
      problemMatcher: { owner: 'lab', fileLocation: ['relative', '$'.concat('{workspaceFolder}')], pattern: PATTERN },
    },
    {
      label: 'look around',
      type: 'isolab',
      netns: 'blue',
      command: ['sh', '-c', 'echo "uid $(id -u) $WHO $PWD $(readlink /proc/self/ns/net)"; exit 3'],
      env: { WHO: 'Grace' },
      problemMatcher: [],
    },
    {
      label: 'look within',
      type: 'isolab',
      new: ['uts', 'pid', 'mnt', 'user'],
      command: ['sh', '-c', 'echo "pid $$ uid $(id -u) $(readlink /proc/self/ns/net)"; exit 5'],
      problemMatcher: [],
    },
    { label: 'nowhere', type: 'isolab', command: ['true'], problemMatcher: [] },
    { label: 'in nothing', type: 'isolab', container: 'nobody', command: ['true'], problemMatcher: [] },
  ],
};

let hog: number;

beforeAll(async () => {
  await startDaemon();
  await writeBusyboxImage(ARCHIVE, IMAGE);
  await output(['chown', `${PERSON.uid}:${PERSON.gid}`, ARCHIVE]);
  await isolab('image', 'load', '--input', ARCHIVE);
  const limits = ['--memory', '48m', '--cpus', '0.3', '--pids-limit', '40'];
  await isolab('container', 'run', '--detach', '--name', 'hog', ...limits, IMAGE, 'sh', '-c', HOG);
  await isolab('container', 'run', '--detach', '--name', 'calm', IMAGE, 'sleep', '100000');
  hog = await programOf('hog');
  await output(asPerson(['mkdir', '-p', `${PERSON.folder}/.vscode`]));
  await writeFile(`${PERSON.folder}/.vscode/tasks.json`, JSON.stringify(TASKS));
  await output(['ip', 'netns', 'add', 'blue']);
});
afterAll(async () => {
  // Those that a test has removed are gone.
  for (const name of ['hog', 'calm']) await isolab('container', 'remove', '--force', name).catch(() => '');
  await stopDaemon();
  await output(['rm', '-f', ARCHIVE]);
  await deleteNetns('blue');
});

const editor = useEditor();
let statistics: StatisticsPage;

/** `12.5 MiB` in bytes. */
function bytesOf(text: string): number {
  const [, number, unit = ''] = /^([\d.]+) (\w+)/.exec(text) ?? [];
  return Number(number) * 1024 ** ['B', 'KiB', 'MiB', 'GiB'].indexOf(unit);
}

/** Bytes that the helper has read so far: requests and control files alike. */
async function helperHasRead(): Promise<number> {
  const io = await readFile(`/proc/${await helperPid()}/io`, 'utf8');
  return Number(/^rchar: (\d+)$/m.exec(io)?.[1]);
}

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

test('a row’s menu opens the charts of the container, with the figures that its control groups have', async () => {
  await editor().openIsolab();
  const containers = new Tree(editor().page, 2);
  await containers.toggle();
  await containers.menu('hog', COMMAND);
  statistics = new StatisticsPage(editor().page);
  await statistics.cellShows('hog', 'state', /^running$/);
  await statistics.cellShows('hog', 'cpu', /^\d.* % of 30 %$/);

  const shown = bytesOf(await statistics.cell('hog', 'memory'));
  const { memory, memoryLimit, pidsLimit } = await figuresOf(hog);
  expect(Math.abs(shown - memory)).toBeLessThan(2 * MIB);
  expect(memory).toBeGreaterThan(12 * MIB);
  expect(await statistics.cell('hog', 'memory')).toContain(`of ${memoryLimit / MIB} MiB`);
  expect(await statistics.cell('hog', 'pids')).toBe(`${(await figuresOf(hog)).pids} of ${pidsLimit}`);
});

test('percent of one core: as much as cpuacct counts meanwhile', async () => {
  const seen: number[] = [];
  const before = { at: performance.now(), cpu: (await figuresOf(hog)).cpu };
  for (let reading = 0; reading < 6; reading += 1) {
    await seconds(1);
    seen.push(Number.parseFloat(await statistics.cell('hog', 'cpu')));
  }
  const { cpu } = await figuresOf(hog);
  const really = (cpu - before.cpu) / (performance.now() - before.at) / 1e4;
  const mean = seen.reduce((sum, each) => sum + each, 0) / seen.length;
  expect(Math.abs(mean - really)).toBeLessThan(8);
});

test('lines, limit, throttling and a kill for want of memory are drawn', async () => {
  // sh of the image doubles a text until the kernel ends it; the container goes on.
  await isolab('container', 'exec', '--detach', 'hog', 'sh', '-c', GREEDY);
  await statistics.cellShows('hog', 'oomKills', /^[1-9]/);
  await statistics.cellShows('hog', 'throttled', /^(?!0 %)\d/);
  for (const name of ['cpu', 'memory', 'pids'] as const) {
    expect(await statistics.painted(name, '.sample.line-blue')).toBeGreaterThan(20);
  }
  expect(await statistics.painted('memory', '.mark.oomKills')).toBeGreaterThan(20);
  expect(await statistics.painted('cpu', '.mark.throttled')).toBeGreaterThan(5);
  await statistics.chart('memory').getByText('Killed: out of memory').waitFor();
  await statistics.chart('cpu').getByText('CPU quota used up').waitFor();
  await editor().screenshot('statistics-light');
});

test('a kill for want of memory is told as it happens, with ways on, and stays in the row', async () => {
  const { dialogs, quick } = editor();
  const told = 'hog: 1 process killed: out of memory';
  await dialogs.notice(told).waitFor();
  await editor().screenshot('out-of-memory');
  // One at a time, however often it happens.
  await isolab('container', 'exec', '--detach', 'hog', 'sh', '-c', GREEDY);
  await new Tree(editor().page, 2).shows('hog', /2 processes killed: out of memory/);
  expect(await dialogs.notice('killed: out of memory').count()).toBe(1);
  // The limit that was hit, without being asked which.
  await dialogs.press(told, 'Change limits');
  await quick.step('Memory of hog');
  expect(await quick.value()).toBe(String(48 * MIB));
  await quick.escape();
  await isolab('container', 'exec', '--detach', 'hog', 'sh', '-c', GREEDY);
  await dialogs.press(told, 'Statistics');
  await dialogs.notice(told).waitFor({ state: 'hidden' });
  await editor().page.locator('.tab.active', { hasText: 'Statistics' }).waitFor();
});

test('several containers from the palette, one panel; in dark colours and in high contrast', async () => {
  const { quick } = editor();
  await editor().command(`Isolab: ${COMMAND}`);
  await quick.toggle('hog');
  await quick.toggle('calm');
  await quick.ok();
  await editor().page.locator('.tab', { hasText: 'Statistics: 2 containers' }).waitFor();
  statistics = new StatisticsPage(editor().page);
  await statistics.cellShows('calm', 'pids', /^1$/);
  await statistics.cellShows('hog', 'cpu', / of 30 %$/);
  await until(
    async () => (await statistics.painted('memory', '.sample.line-green')) > 20,
    'the second container’s line',
    { timeoutMs: 20_000 },
  );
  await editor().theme('dark');
  await until(
    async () => (await statistics.painted('memory', '.sample.line-blue')) > 20,
    'the lines in the colours of the dark theme',
    { timeoutMs: 20_000 },
  );
  await editor().page.mouse.move(160, 960);
  await editor().screenshot('statistics-dark');
  await editor().theme('contrast');
  await until(async () => (await statistics.painted('pids', '.sample.line-green')) > 20, 'the lines in high contrast', {
    timeoutMs: 20_000,
  });
  await editor().screenshot('statistics-contrast');
});

test('by the keyboard one goes back to the first reading', async () => {
  const first = await statistics.at('pids', 'Home');
  expect(first).toMatch(/^\d\d:\d\d:\d\d .*hog/);
  // It stays there while readings come in.
  await isolab('container', 'exec', '--detach', 'calm', 'sleep', '100000');
  await statistics.cellShows('calm', 'pids', /^2$/);
  expect(await statistics.tip('pids')).toBe(first);
  await statistics.frame.getByRole('img', { name: 'Processes and threads' }).waitFor();
  expect(await statistics.at('pids', 'End')).not.toBe(first);
});

test('a hidden panel asks nothing; shown again it still has what was', async () => {
  // The trees look at processes now and then: they are put away.
  await editor().command('View: Close Primary Side Bar');
  const before = await statistics.at('cpu', 'Home');
  const asking = await helperHasRead();
  await seconds(5);
  const asked = (await helperHasRead()) - asking;
  expect(asked).toBeGreaterThan(5000);

  await editor().command('Preferences: Open User Settings (JSON)');
  await editor().page.locator('.tab.active', { hasText: 'settings.json' }).waitFor();
  await seconds(2);
  const hidden = await helperHasRead();
  await seconds(5);
  // A wake-up is eight bytes; one request and the files read for it are thousands.
  expect(await helperHasRead()).toBeLessThan(hidden + asked / 10);

  await editor().command('View: Close Editor');
  await statistics.cellShows('hog', 'cpu', / of 30 %$/);
  expect(await helperHasRead()).toBeGreaterThan(hidden + 1000);
  expect((await statistics.at('cpu', 'Home')).slice(0, 8)).toBe(before.slice(0, 8));
});

test('what becomes of a container is said in its row', async () => {
  await isolab('container', 'pause', 'calm');
  await statistics.cellShows('calm', 'state', /^paused$/);
  await isolab('container', 'unpause', 'calm');
  await isolab('container', 'update', '--cpus', '0.5', 'hog');
  await statistics.cellShows('hog', 'cpu', / of 50 %$/);
  await isolab('container', 'kill', 'calm');
  await statistics.cellShows('calm', 'state', /SIGKILL/);
  await isolab('container', 'remove', 'calm');
  await statistics.cellShows('calm', 'state', /^removed$/);
  // The other one goes on.
  await statistics.cellShows('hog', 'cpu', / of 50 %$/);
});

test('a helper that was killed is said, and the figures go on with the next one', async () => {
  process.kill((await helperPid()) ?? 0, 'SIGKILL');
  await statistics.frame.getByText('There is no helper to ask').waitFor();
  await startDaemon();
  await statistics.frame.getByText('There is no helper to ask').waitFor({ state: 'hidden' });
  const before = await statistics.at('cpu', 'End');
  await until(async () => (await statistics.at('cpu', 'End')) !== before, 'new readings', { timeoutMs: 20_000 });
});

test('a window that is loaded again brings its panels back', async () => {
  await editor().reload();
  await editor().page.locator('.tab', { hasText: 'Statistics: 2 containers' }).waitFor();
  statistics = new StatisticsPage(editor().page);
  await statistics.cellShows('hog', 'cpu', / of 50 %$/);
  await statistics.cellShows('calm', 'state', /^removed$/);
});

async function runTask(label: string): Promise<void> {
  await editor().command('Tasks: Run Task');
  await editor().quick.ready();
  await editor().quick.fill(label);
  await editor().quick.pick(label);
}

test('a task runs in a container: its exit status shows, and its problems are found', async () => {
  await runTask('look inside');
  const { terminals } = editor();
  await terminals.shows('written by Ada in sh /tmp', 30_000);
  await terminals.shows(/exit code: 7/);
  await editor().page.locator('.statusbar-item [aria-label*="Errors: 1"]').waitFor();
  await editor().screenshot('task-container');
});

test('a task that is run again is run again', async () => {
  await editor().command('Tasks: Rerun Last Task');
  await editor().terminals.shows(/runs x x$/m, 30_000);
  await editor().terminals.shows(/exit code: 7/);
});

test('a task runs in namespaces of its own', async () => {
  const net = (await output(['readlink', '/proc/self/ns/net'])).trim();
  await runTask('look within');
  await editor().terminals.shows(`pid 1 uid 0 ${net}`, 30_000);
  await editor().terminals.shows(/exit code: 5/);
});

test('a task runs in a network namespace as the person', async () => {
  const inode = (await output(['stat', '-Lc', '%i', '/run/netns/blue'])).trim();
  await runTask('look around');
  const { terminals } = editor();
  await terminals.shows(`uid ${PERSON.uid} Grace ${PERSON.folder} net:[${inode}]`, 30_000);
  await terminals.shows(/exit code: 3/);
});

test('what is wrong with a task is said in its terminal', async () => {
  const { terminals } = editor();
  await runTask('nowhere');
  await terminals.shows((text) => text.replaceAll('\n', '').includes('Say where it is to run'), 30_000);
  await terminals.shows(/exit code: 1/);
  await runTask('in nothing');
  await terminals.shows((text) => /exit code: 125/.test(text) && text.includes('nobody'), 30_000);
});
