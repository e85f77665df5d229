// Tasks of tasks.json become command lines that `isolab` takes, or a sentence that says what is wrong.
import { expect, test } from 'vitest';
import { taskLine } from '../../../extension/tasks/definition';
import { COMMANDS } from '../../../helper/cli/commands';
import { parse, resolve } from '../../../helper/cli/parse';
import { english } from './samples';

/** What the command line makes of a task: the command's words, its options and operands, the program. */
function understood(definition: Record<string, unknown>) {
  const line = taskLine({ type: 'isolab', ...definition }, english);
  if ('problem' in line) throw new Error(line.problem);
  const { words, command, rest } = resolve(COMMANDS, ['--socket=/run/s', ...line.args]);
  if (command === undefined) throw new Error(`no command ${words.join(' ')}`);
  const { given, program } = parse(command, rest);
  return { words: words.join(' '), given, program, cwd: line.cwd, env: line.env };
}

function problem(definition: Record<string, unknown>): string {
  const line = taskLine({ type: 'isolab', ...definition }, english);
  return 'problem' in line ? line.problem : '';
}

test('in a container: its own working directory, variables and user', () => {
  const { words, given, program, cwd, env } = understood({
    command: ['make', '-j4', '--', 'all'],
    container: 'web',
    cwd: '/src',
    env: { A: '1', B: 'x=y' },
    user: 'nobody',
  });
  expect([words, program]).toEqual(['container exec', ['make', '-j4', '--', 'all']]);
  expect(given).toMatchObject({
    container: { name: 'web' },
    interactive: true,
    tty: true,
    workdir: '/src',
    env: ['A=1', 'B=x=y'],
    user: 'nobody',
    socket: '/run/s',
  });
  // Nothing of that is for the process outside.
  expect([cwd, env]).toEqual([undefined, {}]);
});

test('a program that looks like an option of ours stays the program', () => {
  expect(understood({ command: ['--help'], container: 'web' }).program).toEqual(['--help']);
  expect(understood({ command: ['--json', '--'], new: ['uts'] }).program).toEqual(['--json', '--']);
});

test('in a network namespace: as oneself, with the files that `ip netns exec` gives', () => {
  const { words, given, program, cwd, env } = understood({
    command: ['ping', '10.0.0.1'],
    netns: 'blue',
    cwd: '/home/me',
    env: { LANG: 'C' },
  });
  expect([words, program, cwd, env]).toEqual(['shell', ['ping', '10.0.0.1'], '/home/me', { LANG: 'C' }]);
  expect(given).toMatchObject({ join: [{ kind: 'net', of: { name: 'blue' } }], 'netns-files': true, as: 'me' });
});

test.each([
  ['host', { host: true }],
  ['net:4026532219', { id: '4026532219' }],
  ['pid:17', { pid: 17 }],
  ['4711', { name: '4711' }],
])('the network namespace %s', (netns, of) => {
  expect(understood({ command: ['true'], netns }).given.join).toEqual([{ kind: 'net', of }]);
});

test('variables of the editor reach it untouched', () => {
  const folder = '$'.concat('{workspaceFolder}');
  const input = '$'.concat('{input:which}');
  const line = taskLine({ type: 'isolab', command: ['ls'], netns: input, cwd: folder }, english);
  expect(line).toMatchObject({ cwd: folder, args: expect.arrayContaining([`--join=net=${input}`]) });
});

test('in namespaces of its own: as root mapped to oneself where there is a user namespace', () => {
  expect(understood({ command: ['id'], new: 'all' }).given).toMatchObject({
    new: ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'],
    as: 'mapped',
  });
  expect(understood({ command: ['id'], new: ['pid', 'mnt'] }).given).toMatchObject({ new: ['mnt', 'pid'], as: 'me' });
  expect(understood({ command: ['id'], new: ['pid'], netns: 'blue', as: 'root' }).given).toMatchObject({
    new: ['pid'],
    as: 'root',
    join: [{ kind: 'net', of: { name: 'blue' } }],
  });
  expect(understood({ command: ['id'], new: [] }).given.new).toBeUndefined();
});

test.each([
  [{}, 'The field “command” must be a list: the program, then its arguments.'],
  [{ command: 'make all', container: 'web' }, 'The field “command” must be a list: the program, then its arguments.'],
  [{ command: [], container: 'web' }, 'The field “command” must be a list: the program, then its arguments.'],
  [{ command: ['a\0b'], container: 'web' }, 'The field “command” must be a list: the program, then its arguments.'],
  [{ command: ['make'] }, 'Say where it is to run: “container”, “netns”, or “new” for namespaces of its own.'],
  [{ command: ['make'], container: '' }, 'The field “container” must be a text that is not empty.'],
  [{ command: ['make'], container: 'web', netns: 'blue' }, '“netns” has no meaning in a container.'],
  [{ command: ['make'], netns: 'blue', user: 'me' }, '“user” is for tasks in a container.'],
  [{ command: ['make'], new: ['nett'] }, /^The field “new” must be “all” or a list of these: mnt, /],
  [{ command: ['make'], new: ['net'], as: 'mapped' }, 'The field “as” must be one of these here: root, me.'],
  [{ command: ['make'], container: 'web', env: { A: 1 } }, 'The field “env” must give each variable a text.'],
  [{ command: ['make'], container: 'web', env: { 'A=B': 'c' } }, 'The field “env” must give each variable a text.'],
  [{ command: ['make'], container: 'web', arguments: [] }, 'A task of Isolab has no field “arguments”.'],
])('%j is refused', (definition, sentence) => {
  expect(problem(definition)).toMatch(sentence);
});
