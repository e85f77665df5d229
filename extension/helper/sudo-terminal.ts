// sudo in a terminal of its own: the password goes to sudo and nothing is typed into a shell. How it ended comes over a
// socket from the program that the terminal runs (in-terminal.ts): a terminal's own exit status the editor would show, too.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Disposable, type Terminal, ThemeIcon, window } from 'vscode';
import { t } from '../translate';

/** Milliseconds in which the editor itself may bring up another terminal after one was opened or closed. */
const SETTLING = 1000;

/** Status of the command, or -1 where the terminal was closed before it ended. */
export async function runInTerminal(wrapper: string, argv: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'isolab-start-'));
  await chmod(folder, 0o700);
  const socket = join(folder, 'status');
  try {
    const { server, status } = await listen(socket);
    try {
      for (const earlier of window.terminals) if (isOurs(earlier, wrapper)) earlier.dispose();
      const terminal = open(wrapper, [socket, t('Press Enter to close this terminal.'), ...argv]);
      const stay = keepInFront(terminal);
      try {
        return await Promise.race([status, closed(terminal)]);
      } finally {
        stay.dispose();
      }
    } finally {
      server.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Where another one closes meanwhile the editor may bring up a third, before or after it tells so: a password would be typed
 * there. Whoever goes to another terminal later on wants it.
 */
function keepInFront(terminal: Terminal): Disposable {
  let unsettledUntil = Date.now() + SETTLING;
  return Disposable.from(
    window.onDidCloseTerminal((each) => {
      if (each === terminal) return;
      unsettledUntil = Date.now() + SETTLING;
      terminal.show();
    }),
    window.onDidChangeActiveTerminal((active) => {
      if (active !== undefined && active !== terminal && Date.now() < unsettledUntil) terminal.show();
    }),
  );
}

function open(wrapper: string, args: readonly string[]): Terminal {
  const terminal = window.createTerminal({
    name: t('Start Isolab helper'),
    shellPath: process.execPath,
    shellArgs: [wrapper, ...args],
    env: { ELECTRON_RUN_AS_NODE: '1' },
    iconPath: new ThemeIcon('shield'),
    isTransient: true,
  });
  terminal.show();
  return terminal;
}

/** Of an attempt before, kept open to be read. */
function isOurs({ creationOptions }: Terminal, wrapper: string): boolean {
  return 'shellArgs' in creationOptions && creationOptions.shellArgs?.[0] === wrapper;
}

function listen(path: string): Promise<{ server: Server; status: Promise<number> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    const status = new Promise<number>((settle) => {
      server.on('connection', (socket) => {
        let said = '';
        socket.on('data', (chunk: Buffer) => {
          said += chunk.toString();
        });
        // Closed without a word: the terminal was killed.
        socket.on('close', () => settle(/^\d{1,3}$/.test(said) ? Number(said) : -1));
        socket.on('error', () => socket.destroy());
      });
    });
    server.once('error', reject);
    server.listen(path, () => resolve({ server, status }));
  });
}

function closed(terminal: Terminal): Promise<number> {
  return new Promise((resolve) => {
    const listener = window.onDidCloseTerminal((each) => {
      if (each !== terminal) return;
      listener.dispose();
      resolve(-1);
    });
  });
}
