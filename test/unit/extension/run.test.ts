// What is typed and picked in the wizard that runs a container, and what a container writes in a tab.
import { describe, expect, test } from 'vitest';
import { changesText } from '../../../extension/documents/changes';
import { LogText } from '../../../extension/documents/log-text';
import { containerBase, runPlan } from '../../../extension/prompts/run-plan';
import { bytesOf, wordsOf } from '../../../extension/prompts/words';
import { ContainerPlan } from '../../../helper/rpc/contract/container-plan';
import { english } from './samples';

describe('words of a command', () => {
  test.each([
    ['', []],
    ['  /bin/sh  ', ['/bin/sh']],
    [`sh -c 'echo "$HOME"; ls'`, ['sh', '-c', 'echo "$HOME"; ls']],
    ['echo "a b"c', ['echo', 'a bc']],
    [String.raw`a\ b "c\"d" 'e\f'`, ['a b', 'c"d', String.raw`e\f`]],
    ['echo ""', ['echo', '']],
    ['echo $(reboot) `id` *', ['echo', '$(reboot)', '`id`', '*']],
  ])('%s', (line, words) => {
    expect(wordsOf(line)).toEqual(words);
  });

  test.each(["'open", '"open', 'end\\'])('%s is not through', (line) => {
    expect(wordsOf(line)).toBeUndefined();
  });
});

test.each([
  ['64m', 64 * 1024 ** 2],
  ['1.5g', 1.5 * 1024 ** 3],
  ['64 MiB', 64 * 1024 ** 2],
  ['1000', 1000],
  ['', undefined],
  ['-5', undefined],
  ['lots', undefined],
])('%s of memory', (text, bytes) => {
  expect(bytesOf(text)).toBe(bytes);
});

describe('the plan', () => {
  const image = { name: 'lab/busybox:1' };

  test('says only what was asked for', () => {
    expect(runPlan({ image, command: '', name: '', options: [] })).toEqual({ image });
  });

  test('says everything that was picked, and fits the contract', () => {
    const plan = runPlan({
      image,
      command: "sh -c 'sleep 9'",
      name: 'web',
      options: [
        'terminal',
        'remove',
        'readonly',
        'init',
        'userns',
        'restart',
        'network',
        'memory',
        'cpus',
        'pids',
        'env',
        'user',
        'hostname',
        'disk',
      ],
      restart: { policy: 'on-failure' },
      network: { name: 'blue' },
      memory: 64 * 1024 ** 2,
      cpus: 0.5,
      pids: 100,
      env: 'A=1 B="x y"',
      user: '1000:users',
      hostname: 'box',
      disk: '256M:/data',
    });
    expect(ContainerPlan.parse(plan)).toEqual({
      image,
      name: 'web',
      command: ['sh', '-c', 'sleep 9'],
      tty: true,
      interactive: true,
      autoRemove: true,
      readonly: true,
      init: true,
      userns: 'own',
      restart: { policy: 'on-failure' },
      network: { name: 'blue' },
      env: ['A=1', 'B=x y'],
      user: '1000:users',
      hostname: 'box',
      mounts: [{ type: 'disk', size: 256 * 1024 ** 2, target: '/data' }],
      limits: { memory: 64 * 1024 ** 2, cpus: 0.5, pids: 100 },
    });
  });

  test('leaves out what was answered for an option that was taken back', () => {
    const answers = { image, command: '', name: '', options: [], memory: 5, env: 'A=1', user: 'root' } as const;
    expect(runPlan(answers)).toEqual({ image });
  });

  test.each([
    ['busybox:1.36', 'busybox'],
    ['localhost:5000/lab/web:1', 'web'],
    ['a/_x@sha256:1', 'x'],
    [undefined, 'container'],
  ])('a container of %s is called %s', (name, base) => {
    expect(containerBase(name)).toBe(base);
  });
});

describe('a log', () => {
  const entry = (text: string, partial?: true) => ({
    at: '2026-11-27T12:00:00Z',
    stream: 'stdout' as const,
    text,
    ...(partial && { partial }),
  });

  test('is lines without colours and movements of the cursor', () => {
    const log = new LogText();
    log.add([
      entry('\u001b[1;31mred\u001b[0m plain'),
      entry('\u001b]0;title\u0007text\r'),
      entry('10 %\r50 %\r100 %'),
      entry('\tindented  '),
      entry('bell\u0007'),
    ]);
    expect(log.text).toBe('red plain\ntext\n100 %\n\tindented  \nbell\\x07\n');
  });

  test('joins what was written in parts, and ends an open line before a remark', () => {
    const log = new LogText();
    log.add([entry('one ', true), entry('two'), entry('open', true)]);
    log.remark('— exit 0 —');
    expect(log.text).toBe('one two\nopen\n— exit 0 —\n');
  });

  test('forgets the oldest lines rather than growing without end', () => {
    const log = new LogText();
    for (let at = 0; at < 60; at += 1) log.add([entry('x'.repeat(100_000))]);
    expect(log.dropped).toBe(true);
    expect(log.text.length).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(log.text.startsWith('x'.repeat(100_000))).toBe(true);
  });
});

test('changes as a text: letters as docker has them, directories with a slash', () => {
  const text = changesText(
    { name: 'web', image: 'busybox:1.36' },
    {
      truncated: true,
      changes: [
        { path: '/etc', change: 'changed', type: 'd' },
        { path: '/etc/hosts', change: 'added', type: '-', size: 1500 },
        { path: '/a\nb', change: 'deleted' },
      ],
    },
    english,
  );
  expect(text.split('\n')).toEqual([
    'Changes of web since its image busybox:1.36',
    '1 added (A), 1 changed (C), 1 deleted (D)',
    '',
    'C  /etc/',
    'A  /etc/hosts  1.5 kB',
    'D  /a\\x0ab',
    '',
    'And more: only the first 10,000 are shown',
    '',
  ]);
});
