// Starts the helper as a daemon and stays until it answers: a session of its own, no terminal, a log file. Whoever
// started it is told over a pipe that it is ready, or why not.
import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorData, Failure } from '../rpc/contract/errors';
import { cleanEnvironment } from './environment';

/** What the daemon says to its starter, once. */
export type Word = { ready: { pid: number; socket: string } } | { failure: ErrorData };

const MAX_LOG = 1024 * 1024;

/** `argv` after the program: the script, `helper`, options. Resolves when the daemon listens; rejects with its Failure. */
export function daemonize(argv: readonly string[], stateDir: string): Promise<{ pid: number; socket: string }> {
  const path = join(stateDir, 'helper.log');
  const log = openLog(path);
  const child = spawn(process.execPath, argv, {
    cwd: '/',
    detached: true,
    env: cleanEnvironment(process.env),
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(error));
    child.once('message', (word: Word) => {
      child.disconnect();
      child.unref();
      if ('ready' in word) resolve(word.ready);
      else reject(new Failure(word.failure));
    });
    child.once('exit', () =>
      reject(new Failure({ kind: 'internal', rule: { code: 'helper-ended-early', args: { log: path } } })),
    );
  });
}

/** Said by the daemon; nothing happens where nobody waits for it (in the foreground). */
export function tellStarter(word: Word): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send) {
      resolve();
      return;
    }
    // The starter may have been interrupted: a closed pipe is no reason to stop.
    process.once('error', () => resolve());
    process.send(word, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}

function openLog(path: string): number {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const open = () => openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600);
  const fd = open();
  if (fstatSync(fd).size <= MAX_LOG) return fd;
  closeSync(fd);
  renameSync(path, `${path}.1`);
  return open();
}
