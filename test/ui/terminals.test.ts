// Isolated shells as good terminals: their commands are marked and their directory is known, a busy one asks before it is
// closed, a restarted server's terminals say what ended, and words in any terminal lead to the trees.
import { afterAll, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { stopDaemon, useDaemon } from './support/daemon';
import { isolatedKinds, processRunning } from './support/outside';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({
  theme: 'dark',
  verbose: true,
  settings: {
    'terminal.integrated.confirmOnKill': 'always',
    // A variable of the editor's.
    'terminal.integrated.tabs.description': `$${'{cwd}'}`,
    'terminal.integrated.tabs.hideCondition': 'never',
  },
});
afterAll(stopDaemon);
const undo = undoAfterEach();

/** After a load of the window: the extension is there, and its helper. */
async function connected(): Promise<void> {
  const shown = async () => {
    await editor().status('Isolab');
    return true;
  };
  await until(shown, 'the extension', { timeoutMs: 60_000 });
}

let nextMarker = 7_790_001;

/** Pids of each isolab-attach that holds a child, as it does while a command runs, and of the child. */
async function busy(): Promise<[parent: number, child: number][]> {
  const lines = (await output(['ps', '-eo', 'pid=,ppid=,comm='])).split('\n').map((line) => line.trim().split(/ +/));
  const attached = lines.filter(([, , comm]) => comm === 'isolab-attach');
  const pids = new Set(attached.map(([pid]) => pid));
  return attached.flatMap(([pid, ppid]) => (pids.has(ppid) ? [[Number(ppid), Number(pid)] as [number, number]] : []));
}

/**
 * Waits until the editor has looked for children of the terminal's program and found that `busy` changed: it looks a second
 * after a key was pressed, by means of ps(1).
 */
async function looked(found: boolean, act: () => Promise<void>): Promise<void> {
  const words = `Has child processes changed ${found}`;
  const before = await editor().ptyHostLogged(words);
  await act();
  await until(
    async () => {
      await editor().terminals.press('a');
      return (await editor().ptyHostLogged(words)) > before;
    },
    `the editor to log “${words}”`,
    { timeoutMs: 60_000, everyMs: 6000 },
  );
}

/**
 * Opens a shell in which the editor sees a child of isolab-attach: it reads the list of processes by pid and misses those
 * that come before their parents, as pids that came round do. Returns what `sleep` it runs.
 */
async function busyShell(): Promise<string> {
  const { terminals } = editor();
  return await until(
    async () => {
      await terminals.close('Isolated shell');
      await terminals.without('Isolated shell');
      await terminals.profile('Isolated shell');
      await terminals.shows(/^root:.*#$/m);
      const marker = `sleep ${nextMarker++}`;
      await terminals.type(marker);
      await processRunning(marker);
      const [parent, child] = await until(async () => (await busy())[0], 'isolab-attach to seem busy');
      if (child > parent) return marker;
      await terminals.press('Control+c');
      await until(async () => (await busy()).length === 0, 'isolab-attach to seem idle');
      throw new Error(`pids came round: ${child} below ${parent}`);
    },
    'a child with a pid above its parent’s',
    { timeoutMs: 60_000 },
  );
}

test('commands are marked with their status, and the directory is known after cd', async () => {
  const { terminals } = editor();
  await editor().command('Terminal: Create New Terminal');
  await terminals.prompt();
  await terminals.profile('Isolated shell');
  await terminals.shows(/^root:.*#$/m);
  await terminals.type('true');
  await terminals.type('false');
  await until(async () => (await terminals.marks()).error >= 1, 'the mark of the command that failed');
  expect((await terminals.marks()).success).toBeGreaterThanOrEqual(1);
  await terminals.type('cd /usr/share');
  await terminals.named(/Isolated shell.*\/usr\/share/);
  await editor().screenshot('terminal-marks-dark');
});

test('namespaces, processes and interfaces that stand in a terminal lead to their rows', async () => {
  const { terminals } = editor();
  const { networks, namespaces } = await editor().openIsolab();
  const pair = ['link', 'add', 'here-a', 'type', 'veth', 'peer', 'here-b'];
  undo(() => run(['ip', 'link', 'delete', 'here-a']));
  await output(['ip', ...pair]);

  // A link of the host, in a terminal that is elsewhere.
  await terminals.type('clear; echo here-a');
  await terminals.shows(/^here-a$/m);
  await terminals.follow('here-a', async () => (await networks.selected()).includes('here-a'), 'the row of here-a');

  await terminals.type('clear; readlink /proc/self/ns/uts');
  const shown = await terminals.shows(/^uts:\[\d+\]$/m);
  const [, id = ''] = /^uts:\[(\d+)\]$/m.exec(shown) ?? [];
  await terminals.follow(
    `uts:[${id}]`,
    async () => (await namespaces.selected()).includes(id),
    'the row of the namespace',
  );

  // Process 1 of the shell's own pid namespace, not the host's.
  await terminals.type('clear; echo "pid $$"');
  await terminals.shows(/^pid 1$/m);
  await terminals.follow('pid 1', async () => (await namespaces.selected()).includes('bash'), 'the row of the process');
  await editor().screenshot('terminal-links-dark');
});

test('a busy shell asks before it is closed', async () => {
  const { terminals, dialogs } = editor();
  await looked(true, async () => {
    await busyShell();
  });
  await terminals.close('Isolated shell');
  await dialogs.question().waitFor();
  await editor().screenshot('terminal-busy-dark');
  await dialogs.answer('Cancel');
  await looked(false, async () => {
    await terminals.press('Control+c');
    await until(async () => (await busy()).length === 0, 'isolab-attach to seem idle');
  });
  await terminals.press('Control+c');
});

test('after a reload of the window it is the same shell, and is known to be busy when it is', async () => {
  const { terminals } = editor();
  await editor().reload();
  await connected();
  await terminals.open();
  await terminals.select('Isolated shell');
  await terminals.type('sleep 7791002');
  expect(await isolatedKinds(await processRunning('sleep 7791002'))).toContain('net');
  await until(async () => (await busy()).length === 1, 'isolab-attach to seem busy');
  await terminals.press('Control+c');
  await until(async () => (await busy()).length === 0, 'isolab-attach to seem idle');
});

test('after a restart of the server it says what ended, and Enter opens it anew', async () => {
  const { terminals } = editor();
  await editor().restart();
  await connected();
  await terminals.open();
  // The old server ends its terminals some time after it is gone itself.
  await terminals.named('Isolated shell', 30_000);
  await terminals.select('Isolated shell');
  // By whether the shell had the time to end in its own way.
  await terminals.shows(/“Isolated shell” (ended with exit status 129 \(SIGHUP\)|was ended by SIGHUP) on /);
  await terminals.shows('Press Enter to open it anew');
  await editor().screenshot('terminal-restored-dark');
  await terminals.press('Enter');
  await terminals.shows(/^root:.*#$/m);
  await terminals.type('sleep 7791003 &');
  expect(await isolatedKinds(await processRunning('sleep 7791003'))).toContain('net');
  await terminals.type('clear; kill %1');
});

test('an idle shell is closed without a question, and does not come back', async () => {
  const { terminals, dialogs } = editor();
  await terminals.prompt();
  await until(async () => (await busy()).length === 0, 'isolab-attach to seem idle');
  await terminals.close('Isolated shell');
  await terminals.without('Isolated shell');
  expect(await dialogs.question().count()).toBe(0);
  await editor().restart();
  await connected();
  await terminals.open();
  expect((await terminals.names()).filter((name) => name.includes('Isolated'))).toEqual([]);
});
