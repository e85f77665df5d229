// The filter of a container, loaded into this kernel: it is accepted, and calls get what the profile says. The calls are such
// that the kernel, where the filter lets them through, refuses them for another reason.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { settleCapabilities } from '../../helper/services/container/capabilities';
import { isMachine, numbersOf, seccompProgram } from '../../helper/services/container/seccomp';
import { SYSCALLS } from '../../helper/services/container/syscalls';
import { ROOT } from '../support/root';
import { cleanUp, scratch } from './harness';

const CONFINED = join(ROOT, 'dist/native-test/confined');
const ABI = process.arch === 'arm64' ? 'arm64' : 'x86_64';
const X32 = 0x4000_0000;

beforeAll(() => {
  const make = ['make', '-s', '-C', join(ROOT, 'native'), 'confined'];
  execFileSync('flock', [join(ROOT, 'dist/.native-lock'), ...make], { stdio: 'inherit' });
});
afterEach(cleanUp);

const number = (name: string, abi: keyof typeof SYSCALLS = ABI) => numbersOf(SYSCALLS[abi]).get(name) as number;

/** What the calls (name or number, then arguments) are answered: `ok` or the errno. */
function answers(add: string[], calls: readonly string[]): string[] {
  const machine = process.arch;
  if (!isMachine(machine)) throw new Error(`no table for ${machine}`);
  const filter = join(scratch(), 'filter');
  writeFileSync(filter, seccompProgram(settleCapabilities({ add, drop: [] }, 40).bounding, machine));
  return execFileSync(CONFINED, [filter, ...calls], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

/** With the errno where the filter stands in the way, and the one where CAP_SYS_ADMIN and all others open it. */
const CALLS: readonly (readonly [name: string, args: string, confined: string, open: string])[] = [
  ['getpid', '', 'ok', 'ok'],
  ['mount', ',0,0,0,0xffffffff,0', 'EPERM', 'EFAULT'],
  ['umount2', ',0,0xffff', 'EPERM', 'EINVAL'],
  ['unshare', ',1', 'EPERM', 'EINVAL'],
  ['setns', ',-1,0', 'EPERM', 'EBADF'],
  ['clone', ',0x10000000,0,0,0,0', 'EPERM', ''],
  ['clone3', ',0,0', 'ENOSYS', 'EINVAL'],
  ['bpf', ',-1,0,0', 'EPERM', 'EINVAL'],
  ['perf_event_open', ',0,0,0,-1,0', 'EPERM', 'EFAULT'],
  ['open_by_handle_at', ',-1,0,0', 'EPERM', 'EFAULT'],
  ['reboot', ',0,0,0,0', 'EPERM', 'EINVAL'],
  ['kcmp', ',0x3fffffff,0x3fffffff,0,0,0', 'EPERM', 'ESRCH'],
  ['keyctl', ',0,0', 'EPERM', 'EPERM'],
  ['userfaultfd', ',-1', 'EPERM', 'EPERM'],
  ['personality', ',0xffffffff', 'ok', 'ok'],
  ['personality', ',0x0400000', 'EPERM', 'EPERM'],
  ['socket', ',1,1,0', 'ok', 'ok'],
  ['socket', ',40,1,0', 'EPERM', 'EPERM'],
  ['socket', ',38,5,0', 'EPERM', 'EPERM'],
];

describe('the filter of a container', () => {
  test('calls under the default capabilities', () => {
    const said = answers(
      [],
      CALLS.map(([name, args]) => `${number(name)}${args}`),
    );
    expect(said.map((errno, index) => [CALLS[index]?.[0], errno])).toEqual(
      CALLS.map(([name, , errno]) => [name, errno]),
    );
  });

  test('calls with all capabilities', () => {
    const open = CALLS.filter(([, , , errno]) => errno !== '');
    const said = answers(
      ['ALL'],
      open.map(([name, args]) => `${number(name)}${args}`),
    );
    expect(said.map((errno, index) => [open[index]?.[0], errno])).toEqual(
      open.map(([name, , , errno]) => [name, errno]),
    );
  });

  test('a call that nobody knows yet is absent', () => {
    expect(answers([], ['467', '1000'])).toEqual(['ENOSYS', 'ENOSYS']);
  });

  test.runIf(process.arch === 'x64')('the 32-bit gates of x86-64 lead to the same rules', () => {
    const i386 = (name: string, args = '') => `i386:${number(name, 'i386')}${args}`;
    const calls = [
      i386('getpid'),
      i386('mount'),
      i386('clone', ',0x10000000'),
      i386('socket', ',40,1,0'),
      i386('personality', ',1'),
    ];
    expect(answers([], calls)).toEqual(['ok', 'EPERM', 'EPERM', 'EPERM', 'EPERM']);
    expect(answers([], [`${X32 + number('mount', 'x32')}`, `${X32 + number('unshare', 'x32')},0`])).toEqual([
      'EPERM',
      'EPERM',
    ]);
  });
});
