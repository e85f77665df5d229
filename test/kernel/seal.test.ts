// The place the kernel tier runs in: nothing of the machine's network, mounts or run files can be reached from it.
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ipJson, run } from '../support/run';
import { until } from '../support/until';

test('the sealed place has a loopback that is up and nothing else', async () => {
  const links = await ipJson<{ ifname: string; flags: string[] }>(['link']);
  expect(links.map((link) => link.ifname)).toEqual(['lo']);
  expect(links[0]?.flags).toContain('UP');
  expect((await run(['ping', '-c1', '-W1', '127.0.0.1'])).status).toBe(0);
});

test('/run is empty of the machine and private to the run', async () => {
  expect(process.env.ISOLAB_SEALED).toBe('1');
  expect(await readdir('/run')).toEqual(expect.arrayContaining(['test']));
  const run = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .filter((line) => line.split(' ')[4] === '/run');
  expect(run.some((line) => line.includes(' - tmpfs '))).toBe(true);
  expect(run.every((line) => !line.includes('shared:'))).toBe(true);
});

test('until names what it waited for', async () => {
  await expect(until(() => false, 'a fact that never holds', { timeoutMs: 30 })).rejects.toThrow(
    'a fact that never holds',
  );
});
