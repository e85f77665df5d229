// The editor's own scripts in shells of each language that has one, started by the helper in namespaces of their own: what
// the terminal gets to see are the marks that the editor reads.
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportingOf } from '../../extension/terminals/reporting';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { ROOT } from '../support/root';
import { output } from '../support/run';
import { attachArgv, openSession } from '../support/session';
import { until } from '../support/until';
import { EDITOR_HOME } from './support/setup';

const APP = join(EDITOR_HOME, 'node_modules/code-server/lib/vscode');
const NONCE = '9d1f';

let helper: TestHelper;
let home = '';
beforeAll(async () => {
  await output(['make', '-s', '-C', join(ROOT, 'native'), 'pty-run']);
  helper = await startHelper();
  home = await mkdtemp('/run/reporting-');
  // What the person's own start-up files set must still be there.
  for (const file of ['.bashrc', '.zshrc']) await writeFile(join(home, file), 'OWN=mine\n');
});
afterAll(async () => {
  await helper.stop();
  await rm(home, { recursive: true, force: true });
});
const undo = undoAfterEach();

/** A shell in a terminal, and all bytes it showed. */
async function shell(program: string, root?: string) {
  const env = {
    HOME: home,
    PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
    TERM: 'xterm-256color',
    TERM_PROGRAM: 'vscode',
    LANG: 'C.UTF-8',
  };
  const reporting = await reportingOf(program, { appRoot: APP, folder: join(home, 'zsh'), env });
  const { ticket } = await openSession(helper, {
    new: ['uts', 'pid', 'mnt'],
    command: [program],
    ...(reporting && { shell: reporting }),
    ...(root !== undefined && { root: true }),
  });
  const argv = attachArgv(helper, ticket, root === undefined ? {} : { args: ['--root', root] });
  const child: ChildProcess = spawn(join(ROOT, 'dist/native-test/pty-run'), argv, {
    stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
    env: { ...env, VSCODE_NONCE: NONCE },
    cwd: '/usr',
  });
  let shown = '';
  child.stdout?.on('data', (chunk: Buffer) => (shown += chunk));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  undo(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { shown: () => shown, type: (text: string) => child.stdin?.write(text), ended };
}

const OSC = '\x1b]633;';

test.each(['bash', 'zsh', 'fish'])(
  '%s reports its directory, its prompts, and each command with its status',
  async (program) => {
    const { shown, type, ended } = await shell(program);
    await until(() => shown().includes(`${OSC}B`), 'the first prompt', { timeoutMs: 20_000 });
    expect(shown()).toContain(`${OSC}P;Cwd=/usr\x07`);
    type('cd /etc\r');
    await until(() => shown().includes(`${OSC}P;Cwd=/etc\x07`), 'the new directory', { timeoutMs: 20_000 });
    type('false\r');
    await until(() => shown().includes(`${OSC}D;1\x07`), 'the status of a command', { timeoutMs: 20_000 });
    expect(shown()).toContain(`${OSC}C\x07`);
    // What the editor's script for fish leaves out itself.
    if (program !== 'fish') {
      // With the nonce the editor knows that the shell says it, not something it shows.
      expect(shown()).toContain(`;${NONCE}\x07`);
      type('echo "own=$OWN $$ [$VSCODE_NONCE]"\r');
      await until(() => shown().includes('own=mine 1 []'), 'what the person’s own file sets', { timeoutMs: 20_000 });
    }
    type('exit\r');
    await ended;
  },
);

test('where the script cannot be read inside, and for a shell without one, it starts plainly', async () => {
  const { shown, type, ended } = await shell('sh');
  type('echo plain-$((40 + 2)); exit\r');
  await ended;
  expect(shown()).toContain('plain-42');
  expect(shown()).not.toContain(OSC);

  const inside = await shell('bash', await rootWithout());
  inside.type('echo "own-$OWN-$((40 + 2)) [$VSCODE_INJECTION]"; exit\r');
  await inside.ended;
  expect(inside.shown()).toContain('own-mine-42 []');
  expect(inside.shown()).not.toContain(OSC);
});

/** A root directory with the machine's programs and the person's home, and nothing of the editor. */
async function rootWithout(): Promise<string> {
  const root = await mkdtemp('/run/root-');
  undo(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, 'usr'));
  await output(['mount', '--bind', '/usr', join(root, 'usr')]);
  undo(() => output(['umount', join(root, 'usr')]));
  for (const name of (await readdir('/')).filter((each) => /^(bin|lib.*)$/.test(each))) {
    await symlink(`usr/${name}`, join(root, name));
  }
  for (const name of ['proc', 'etc', 'dev']) await mkdir(join(root, name));
  await cp(home, join(root, home), { recursive: true });
  return root;
}
