// Isolated shells as good terminals: their commands are marked and their directory is known, a busy one asks before it is
// closed, a restarted server's terminals say what ended, and words in any terminal lead to the trees.
import { afterAll, expect, test } from 'vitest';
import { until } from '../support/until';
import { stopDaemon, useDaemon } from './support/daemon';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({ theme: 'dark' });
afterAll(stopDaemon);

async function openShell(): Promise<void> {
  const { terminals } = editor();
  await editor().command('Terminal: Create New Terminal');
  await terminals.prompt();
  await terminals.profile('Isolated shell');
  await terminals.shows(/^root:.*#$/m);
}

test('commands are marked, and their status shows', async () => {
  const { terminals } = editor();
  await openShell();
  await terminals.type('true');
  await terminals.type('false');
  await until(async () => (await terminals.marks()).error >= 1, 'the mark of the command that failed');
  expect((await terminals.marks()).success).toBeGreaterThanOrEqual(1);
  await editor().screenshot('terminal-marks-dark');
});
