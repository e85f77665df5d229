// A real terminal for tests: a tmux server of the test's own with one pane, whose program is the leader of its session.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, run } from './run';
import { until } from './until';

export interface Terminal {
  /** `/dev/pts/N`. */
  readonly tty: string;
  /** The program's pid. */
  readonly pid: number;
  /** Types a line and Return. */
  type(text: string): Promise<void>;
  /** Presses keys by tmux's names: `C-c`, `C-z`. */
  press(...keys: string[]): Promise<void>;
  /** What a terminal sends by itself when it is asked something: bytes in one piece. */
  answers(bytes: string): Promise<void>;
  /** What is on the screen. */
  screen(): Promise<string>;
  /** Waits until a line of the screen fits. */
  shows(line: RegExp): Promise<string>;
  resize(columns: number, rows: number): Promise<void>;
  /** Waits for the program's end; its exit status, 128 + N for a signal. */
  ended(): Promise<number>;
  /** Closes the terminal, as a person closes a window. */
  close(): Promise<void>;
  /** Ends the server and removes its folder, whatever was closed before. */
  stop(): Promise<void>;
}

export async function openTerminal(argv: readonly string[]): Promise<Terminal> {
  const folder = await mkdtemp(join(tmpdir(), 'tmux-'));
  const server = ['tmux', '-S', join(folder, 's'), '-f', '/dev/null'];
  const tmux = (...args: string[]) => output([...server, ...args]);
  const ask = async (format: string) => (await tmux('display-message', '-p', format)).trim();
  const start = ['new-session', '-d', '-x', '80', '-y', '24', '--', ...argv];
  await tmux('set-option', '-g', 'remain-on-exit', 'on', ';', ...start);
  const screen = () => tmux('capture-pane', '-p');
  return {
    tty: await ask('#{pane_tty}'),
    pid: Number(await ask('#{pane_pid}')),
    type: async (text) => {
      await tmux('send-keys', '-l', text);
      await tmux('send-keys', 'Enter');
    },
    press: async (...keys) => {
      await tmux('send-keys', ...keys);
    },
    answers: async (bytes) => {
      await tmux('send-keys', '-H', ...[...Buffer.from(bytes)].map((byte) => byte.toString(16)));
    },
    screen,
    shows: async (line) => {
      let seen = '';
      const found = async () => {
        seen = await screen();
        return seen.split('\n').find((text) => line.test(text));
      };
      return until(found, `${line} on the screen`).catch((error: unknown) => {
        throw new Error(`${error instanceof Error ? error.message : error}\n${seen.trimEnd()}`);
      });
    },
    resize: async (columns, rows) => {
      await tmux('resize-window', '-x', String(columns), '-y', String(rows));
    },
    ended: async () => {
      // The terminal may be closed before its program is waited for: only then is there a status. The server
      // of tmux 3.3 has been seen to miss the signal and to leave a zombie until the next one comes.
      const server = Number(await ask('#{pid}'));
      const told = await until(async () => {
        const [dead, ...how] = (await ask('#{pane_dead},#{pane_dead_status},#{pane_dead_signal}')).split(',');
        if (dead === '1' && how.some((one) => one !== '')) return how;
        process.kill(server, 'SIGCHLD');
        return undefined;
      }, 'the end of the program in the terminal');
      const [status, signal] = told;
      return status ? Number(status) : 128 + Number(signal);
    },
    close: async () => {
      await tmux('kill-pane');
    },
    stop: async () => {
      // Closed already: no server answers.
      await run([...server, 'kill-server']);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
