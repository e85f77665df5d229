// What a plan means together with its image, and what is written of it.
import { describe, expect, test } from 'vitest';
import type { ContainerPlan } from '../../../helper/rpc/contract/container-plan';
import { newName } from '../../../helper/services/container/names';
import { type Found, type ImageDefaults, settleContainer } from '../../../helper/services/container/plan';
import { formatJson, newRecord, newRun, parseContainer, parseRun } from '../../../helper/services/container/record';
import { rootOperations } from '../../../helper/services/container/root';
import { signalName, signalNumber } from '../../../helper/services/container/signals';

const ID = 'ab'.repeat(32);
const settle = (plan: Partial<ContainerPlan>, config: ImageDefaults = {}) => {
  const found: Found = {
    ...{ id: ID, name: 'n', uid: 0, now: 1, mounts: [], devices: [], network: 'own', pid: 'own', ipc: 'own' },
    image: { id: 'c'.repeat(64), name: 'i', config },
  };
  return settleContainer({ image: { name: 'i' }, ...plan }, found);
};

describe('command', () => {
  const image = { entrypoint: ['/e'], cmd: ['c'] };
  test.each<[Partial<ContainerPlan>, string[]]>([
    [{}, ['/e', 'c']],
    [{ command: ['x', 'y'] }, ['/e', 'x', 'y']],
    [{ entrypoint: ['/o'] }, ['/o']],
    [{ entrypoint: [], command: ['x'] }, ['x']],
  ])('%j', (plan, command) => {
    expect(settle(plan, image).command).toEqual(command);
  });

  test('an image that says nothing needs one', () => {
    expect(() => settle({})).toThrow(expect.objectContaining({ data: expect.objectContaining({ field: 'command' }) }));
  });
});

test('the image’s defaults, what was asked for on top; of one name the last counts', () => {
  const config = {
    cmd: ['c'],
    env: ['A=i', 'B=i'],
    workingDir: '/w',
    user: 'u',
    stopSignal: 'SIGQUIT',
    labels: { a: 'i', b: 'i' },
  };
  const settled = settle({ env: ['B=p'], labels: { b: 'p' } }, config);
  expect(settled.env).toEqual([expect.stringMatching(/^PATH=/), `HOSTNAME=${ID.slice(0, 12)}`, 'A=i', 'B=p']);
  expect(settled).toMatchObject({
    workdir: '/w',
    user: 'u',
    stopSignal: 3,
    stopTimeout: 10,
    labels: { a: 'i', b: 'p' },
  });
  expect(settle({ workdir: '/x', user: '5' }, config)).toMatchObject({ workdir: '/x', user: '5' });
  // What an image says is foreign text.
  expect(settle({ command: ['c'] }, { stopSignal: '; reboot' }).stopSignal).toBe(15);
});

test('signals by all their names', () => {
  expect(['SIGTERM', 'TERM', '15', 'RTMIN', 'SIGRTMIN+3', 'RTMAX', 9].map(signalNumber)).toEqual([
    15, 15, 15, 34, 37, 64, 9,
  ]);
  expect(['0', '65', 'NOPE', 'RTMIN+99', ''].map(signalNumber)).toEqual(Array(5).fill(undefined));
  expect([signalName(15), signalName(36)]).toEqual(['SIGTERM', 'SIGRTMIN+2']);
});

test('names are free ones, whatever is taken', () => {
  const taken = new Set<string>();
  for (let count = 0; count < 5000; count++) {
    const name = newName((one) => taken.has(one));
    expect(name).toMatch(/^[a-z]+-[a-z]+(-\d+)?$/);
    taken.add(name);
  }
  expect(taken.size).toBe(5000);
});

test('what is written is read; what is not ours is not', () => {
  const record = newRecord(settle({ command: ['x'] }));
  expect(parseContainer(formatJson(record))).toEqual(record);
  for (const text of ['', '{', '{}', '[]', 'null', formatJson(record).replace('"version":1', '"version":2')]) {
    expect(() => parseContainer(text)).toThrow();
  }
  const run = newRun({
    boot: 'b',
    startedAt: 1,
    program: { pid: 5, startTime: '6' },
    monitor: { pid: 4, startTime: '6' },
  });
  expect(parseRun(formatJson(run), 'b')).toEqual(run);
  expect(parseRun(formatJson(run), 'another boot')).toBeUndefined();
  expect(parseRun('{"version":1,', 'b')).toBeUndefined();
});

describe('the root’s operations', () => {
  const files = { hosts: 'h', resolvConf: 'r', cpus: [] };
  const made = (plan: Partial<ContainerPlan>) => rootOperations(newRecord(settle({ command: ['x'], ...plan })), files);

  test('what must be hidden is hidden after everything was mounted, and the root is closed last', () => {
    const operations = made({ readonly: true }).map((one) => one.do);
    expect(operations.at(-1)).toBe('root-readonly');
    expect(operations.lastIndexOf('mount')).toBeLessThan(operations.indexOf('mask'));
    expect(operations.lastIndexOf('attach')).toBeLessThan(operations.indexOf('readonly'));
  });

  test('the files that name it are not written over a mount of the maker’s own', () => {
    const record = newRecord(settle({ command: ['x'] }));
    const source = { path: '/h', dev: '1', ino: '2' };
    const bound = {
      ...record,
      mounts: [{ type: 'bind' as const, source, target: '/etc/hosts', readonly: false, directory: false }],
    };
    const targets = rootOperations(bound, files).flatMap((one) => (one.do === 'file' ? [one.target] : []));
    expect(targets).toEqual(['/etc/hostname', '/etc/resolv.conf']);
  });
});
