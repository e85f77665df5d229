// container/stats of several at once, as an editor asks once a second: each group's own files judge, what ends meanwhile
// is left out.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { busyboxImage, removeContainers, startContainer } from '../support/container';
import { figuresOf } from '../support/figures';
import { startHelper, type TestHelper } from '../support/helper';
import { until } from '../support/until';

const MIB = 1024 * 1024;
let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper();
  await busyboxImage(helper);
});
afterEach(() => removeContainers(helper));
afterAll(() => helper?.stop());

test('several in one answer, in the order they were asked for, as their groups’ files say', async () => {
  const held = ['sh', '-c', 'head -c 8388608 /dev/zero > /dev/shm/held; sleep 1000 & sleep 1000 & wait'];
  const first = await startContainer(helper, { command: held, limits: { memory: 32 * MIB, pids: 9 } });
  const second = await startContainer(helper);
  const ask = () => helper.client.call('container/stats', { containers: [second.ref, first.ref] });
  await until(async () => (await ask()).stats[1]?.stats.pids?.current === 3, 'the programs to run');
  const { stats } = await ask();
  expect(stats.map(({ id, name }) => ({ id, name }))).toEqual([
    { id: second.id, name: second.name },
    { id: first.id, name: first.name },
  ]);
  const really = await figuresOf(first.pid);
  const { memory, pids, cpu } = stats[1]?.stats ?? {};
  expect(Math.abs((memory?.workingSet ?? 0) - really.memory)).toBeLessThan(MIB);
  expect(really.memory).toBeGreaterThan(8 * MIB);
  expect([memory?.limit, really.memoryLimit]).toEqual([32 * MIB, 32 * MIB]);
  expect([pids?.current, pids?.limit]).toEqual([really.pids, really.pidsLimit]);
  // Whoever sleeps uses no processor.
  expect(cpu?.usage).toBe(really.cpu);
  expect(stats[0]?.stats.memory?.limit).toBeUndefined();
  const later = await ask();
  expect(later.stats[0]?.stats.at).toBeGreaterThan(stats[0]?.stats.at ?? Number.POSITIVE_INFINITY);
});

test('one that ends while it is asked for is left out, and the others are told of', async () => {
  const stays = await startContainer(helper);
  for (let round = 0; round < 8; round += 1) {
    const ends = await startContainer(helper);
    const over = helper.client.call('container/kill', { container: ends.ref });
    for (let ended = false; !ended; ) {
      const { stats } = await helper.client.call('container/stats', { containers: [ends.ref, stays.ref] });
      expect(stats.at(-1)?.id).toBe(stays.id);
      ended = stats.length === 1;
    }
    await over;
  }
});
