// The watch for a helper's socket: whatever part of the way appears or goes, it is noticed without polling.
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchForPath } from '../../../extension/helper/watch';
import { until } from '../../support/until';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isolab-watch-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('notices a path whose directories come one after the other, go, and come again', async () => {
  let heard = 0;
  const end = watchForPath(join(folder, 'isolab/1000/helper.sock'), () => (heard += 1));
  try {
    for (let round = 0; round < 2; round += 1) {
      for (const step of ['isolab', 'isolab/1000']) {
        const before = heard;
        await mkdir(join(folder, step));
        await until(async () => heard > before, `the directory ${step}`);
      }
      const before = heard;
      await writeFile(join(folder, 'isolab/1000/helper.sock'), '');
      await until(async () => heard > before, 'the file');
      const there = heard;
      await rm(join(folder, 'isolab'), { recursive: true });
      await until(async () => heard > there, 'that it went');
    }
  } finally {
    end();
  }
});

test('hears nothing of what does not lead there, and nothing after its end', async () => {
  let heard = 0;
  const end = watchForPath(join(folder, 'isolab/helper.sock'), () => (heard += 1));
  await writeFile(join(folder, 'other'), '');
  // An event that matters, behind the one that does not, in the same queue.
  await mkdir(join(folder, 'isolab'));
  await until(async () => heard > 0, 'the directory');
  expect(heard).toBe(1);
  end();
  await rename(join(folder, 'isolab'), join(folder, 'gone'));
  await mkdir(join(folder, 'isolab'));
  expect(heard).toBe(1);
});
