// The thread of files: one act after the other; one that hangs is left alone and holds nobody else up.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Failure } from '../../helper/rpc/contract/errors';
import { FileThread } from '../../helper/services/file/thread';
import { undoAfterEach } from '../support/cleanup';

const undo = undoAfterEach();

/** Answers with the path that it was asked for; `/hang` for as long as the second word says, `/end` by ending. */
const WORKER = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ number, args: [, path, time] }) => {
  if (path === '/end') process.exit(1);
  if (path === '/hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(time));
  parentPort.postMessage({ number, outcome: path });
});`;

function thread(hungAfter: number): FileThread {
  const folder = mkdtempSync(join(tmpdir(), 'isolab-thread-'));
  undo(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'worker.cjs');
  writeFileSync(file, WORKER);
  const made = new FileThread(file, () => {}, hungAfter);
  undo(() => made.close());
  return made;
}

const list = (on: FileThread, path: string, time = '0', over?: () => void) =>
  on.perform('list', [0, path, time], undefined, over) as Promise<unknown>;
const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: Failure) => error.data?.rule?.code ?? error.message,
  );

test('in the order of asking', async () => {
  const on = thread(10_000);
  const asked = Array.from({ length: 20 }, (_, at) => list(on, `/${at}`));
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, (_, at) => `/${at}`));
});

test('an act that hangs fails, the next is done by another thread, its descriptors are given back at its end', async () => {
  const on = thread(500);
  let over: (() => void) | undefined;
  const given = new Promise<void>((resolve) => {
    over = resolve;
  });
  let isOver = false;
  const hanging = refused(
    list(on, '/hang', '3000', () => {
      isOver = true;
      over?.();
    }),
  );
  const next = list(on, '/next');
  expect(await hanging).toBe('file-hangs');
  expect(await next).toBe('/next');
  expect(isOver).toBe(false);
  await given;
});

test('with too many that hang the rest is refused', async () => {
  const on = thread(200);
  const hanging = Array.from({ length: 4 }, () => refused(list(on, '/hang', '4000')));
  expect(await Promise.all(hanging)).toEqual(Array(4).fill('file-hangs'));
  expect(await refused(list(on, '/next'))).toBe('files-hang');
});

test('a thread that ends takes its act along, not those behind it', async () => {
  const on = thread(10_000);
  const lost = refused(list(on, '/end'));
  const next = list(on, '/next');
  expect(await lost).toMatch(/ended|exit/);
  expect(await next).toBe('/next');
});
