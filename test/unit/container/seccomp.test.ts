// The filter of system calls against what Docker publishes of its own, run call by call; and the table against the headers.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ALLOW, encode, errno, load, NUMBER, search } from '../../../helper/services/container/bpf';
import { settleCapabilities } from '../../../helper/services/container/capabilities';
import { isMachine, type Machine, numbersOf, seccompProgram } from '../../../helper/services/container/seccomp';
import { defaultProfile } from '../../../helper/services/container/seccomp-profile';
import { SYSCALLS } from '../../../helper/services/container/syscalls';
import { runFilter } from './bpf-machine';

type Abi = keyof typeof SYSCALLS;
const ABIS: Record<Abi, { architecture: number; machine: Machine; base: number }> = {
  x86_64: { architecture: 0xc000_003e, machine: 'x64', base: 0 },
  x32: { architecture: 0xc000_003e, machine: 'x64', base: 0x4000_0000 },
  i386: { architecture: 0x4000_0003, machine: 'x64', base: 0 },
  arm64: { architecture: 0xc000_00b7, machine: 'arm64', base: 0 },
  arm: { architecture: 0x4000_0028, machine: 'arm64', base: 0 },
};
const EPERM = 'errno 1';
const ENOSYS = 'errno 38';
const CLONE_NEWUSER = 0x1000_0000n;

const NUMBERS = Object.fromEntries(Object.entries(SYSCALLS).map(([abi, table]) => [abi, numbersOf(table)])) as Record<
  Abi,
  ReadonlyMap<string, number>
>;
const programs = new Map<string, Buffer>();
function programOf(machine: Machine, add: readonly string[]): Buffer {
  const key = `${machine} ${add.join(' ')}`;
  const made = programs.get(key) ?? seccompProgram(settleCapabilities({ add, drop: [] }, 40).bounding, machine);
  programs.set(key, made);
  return made;
}

/** What a call by its name gets. */
function verdict(abi: Abi, name: string, args: readonly bigint[] = [], add: readonly string[] = []) {
  const number = NUMBERS[abi].get(name);
  if (number === undefined) throw new Error(`${abi} has no ${name}`);
  return verdictOf(abi, number, args, add);
}
function verdictOf(abi: Abi, number: number, args: readonly bigint[] = [], add: readonly string[] = []) {
  const { architecture, machine, base } = ABIS[abi];
  return runFilter(programOf(machine, add), { architecture, number: base + number, arguments: args });
}

const abis = Object.keys(ABIS) as Abi[];
const having = (name: string): Abi[] => abis.filter((abi) => NUMBERS[abi].has(name));

describe('the table of numbers', () => {
  test('agrees with the kernel headers of this machine', () => {
    const script = join(import.meta.dirname, '../../../scripts/syscalls.mjs');
    const { status, stdout } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stdout).toMatch(/^[1-5] headers compared, 0 differences$/m);
    expect(status).toBe(0);
  });

  test('knows every name of the profile', () => {
    const { named } = defaultProfile(() => true);
    expect(named.size).toBeGreaterThan(380);
    expect([...named].filter((name) => having(name).length === 0)).toEqual([]);
  });
});

describe('the default profile', () => {
  test.each(abis)('%s: allowed by name', (abi) => {
    for (const name of ['read', 'write', 'openat', 'execve', 'exit_group', 'ptrace', 'seccomp', 'chroot', 'mknodat'])
      expect([name, verdict(abi, name).action]).toEqual([name, 'allow']);
  });

  test.each(abis)('%s: refused by name', (abi) => {
    for (const name of [
      ...['mount', 'umount2', 'pivot_root', 'setns', 'unshare', 'bpf', 'keyctl', 'add_key', 'request_key', 'reboot'],
      ...[
        'swapon',
        'init_module',
        'kexec_load',
        'perf_event_open',
        'userfaultfd',
        'io_uring_setup',
        'acct',
        'move_pages',
      ],
      ...['open_by_handle_at', 'kcmp', 'settimeofday', 'sethostname', 'quotactl', 'fsopen', 'pidfd_getfd', 'syslog'],
    ])
      if (having(name).includes(abi)) expect([name, verdict(abi, name).action]).toEqual([name, EPERM]);
  });

  test.each([
    ['SYS_ADMIN', ['mount', 'setns', 'unshare', 'bpf', 'fsopen', 'perf_event_open', 'syslog', 'clone3', 'sethostname']],
    ['SYS_PTRACE', ['kcmp', 'pidfd_getfd', 'process_madvise']],
    ['SYS_MODULE', ['init_module', 'finit_module', 'delete_module']],
    ['SYS_TIME', ['settimeofday', 'clock_settime']],
    ['SYS_NICE', ['mbind', 'get_mempolicy', 'set_mempolicy', 'set_mempolicy_home_node']],
    ['SYS_BOOT', ['reboot']],
    ['SYS_PACCT', ['acct']],
    ['SYS_TTY_CONFIG', ['vhangup']],
    ['DAC_READ_SEARCH', ['open_by_handle_at']],
    ['SYSLOG', ['syslog']],
    ['BPF', ['bpf']],
    ['PERFMON', ['perf_event_open']],
  ])('%s brings its calls, and only those', (capability, names) => {
    const all = NUMBERS.x86_64;
    const more = [...all.keys()].filter(
      (name) => verdict('x86_64', name, [], [capability]).action !== verdict('x86_64', name).action,
    );
    expect(more).toEqual(expect.arrayContaining(names));
    for (const name of more) expect(verdict('x86_64', name, [], [capability]).action).toBe('allow');
    if (capability !== 'SYS_ADMIN') expect(more).toHaveLength(names.length);
  });

  test('without CAP_SYS_CHROOT no chroot', () => {
    const { bounding } = settleCapabilities({ add: [], drop: ['SYS_CHROOT'] }, 40);
    const call = { architecture: ABIS.x86_64.architecture, number: 161 };
    expect(runFilter(seccompProgram(bounding, 'x64'), call).action).toBe(EPERM);
  });

  test('nothing is allowed with every capability that no rule names', () => {
    for (const name of ['keyctl', 'add_key', 'userfaultfd', 'io_uring_setup', 'pivot_root', 'swapon', 'kexec_load'])
      expect(verdict('x86_64', name, [], ['ALL']).action).toBe(EPERM);
  });

  test.each(abis)('%s: clone makes no namespaces; clone3, whose flags are in memory, does not exist', (abi) => {
    expect(verdict(abi, 'clone', [0x3d0f00n]).action).toBe('allow');
    for (const flag of [0x2_0000n, 0x200_0000n, 0x400_0000n, 0x800_0000n, CLONE_NEWUSER, 0x2000_0000n, 0x4000_0000n])
      expect(verdict(abi, 'clone', [flag | 17n]).action).toBe(EPERM);
    expect(verdict(abi, 'clone', [CLONE_NEWUSER], ['SYS_ADMIN']).action).toBe('allow');
    expect(verdict(abi, 'clone3').action).toBe(ENOSYS);
    expect(verdict(abi, 'clone3', [], ['SYS_ADMIN']).action).toBe('allow');
  });

  test.each(abis)('%s: personality', (abi) => {
    for (const persona of [0n, 8n, 0x2_0000n, 0x2_0008n, 0xffff_ffffn])
      expect(verdict(abi, 'personality', [persona]).action).toBe('allow');
    for (const persona of [1n, 0x4_0000n, 0x40_0000n, 0x1_0000_0000n, 0xffff_ffff_ffff_ffffn, 0x1_0000_0008n])
      expect(verdict(abi, 'personality', [persona]).action).toBe(EPERM);
  });

  test.each(abis)('%s: address families of sockets', (abi) => {
    for (const family of [0n, 1n, 2n, 10n, 16n, 17n, 29n, 44n, 45n])
      expect(verdict(abi, 'socket', [family]).action).toBe('allow');
    // Among them AF_ALG and AF_VSOCK.
    for (const family of [12n, 19n, 25n, 34n, 37n, 38n, 40n, 46n, 255n, 0x1_0000_0002n, -1n])
      expect(verdict(abi, 'socket', [family]).action).toBe(EPERM);
  });

  test('a call younger than the profile is absent, not forbidden: its absence is what programs cope with', () => {
    for (const abi of abis) {
      expect(verdictOf(abi, abi === 'x32' ? 548 : 467).action).toBe(ENOSYS);
      expect(verdictOf(abi, 0x3fff_ffff).action).toBe(ENOSYS);
    }
    expect(verdict('x86_64', 'removexattrat').action).toBe('allow');
    expect(verdictOf('x86_64', 400).action).toBe(EPERM);
    // As a tracer says that a call shall be skipped.
    expect(runFilter(programOf('x64', []), { architecture: 0xc000_003e, number: -1 }).action).toBe(ENOSYS);
  });

  test('calls of Arm’s own', () => {
    for (const name of ['breakpoint', 'cacheflush', 'set_tls']) expect(verdict('arm', name).action).toBe('allow');
    expect(verdictOf('arm', 983_046).action).toBe(ENOSYS);
  });

  test('another architecture ends the program', () => {
    for (const [machine, architecture] of [
      ['x64', 0xc000_00b7],
      ['x64', 0],
      ['arm64', 0xc000_003e],
      ['arm64', 0x4000_0003],
    ] as const)
      expect(runFilter(programOf(machine, []), { architecture, number: 0 }).action).toBe('kill');
  });

  test('machines', () => {
    expect(['x64', 'arm64', 'riscv64', 'ia32', 'constructor'].filter(isMachine)).toEqual(['x64', 'arm64']);
  });
});

describe('the program', () => {
  test.each(['x64', 'arm64'] as const)('%s: fits the kernel’s limit, and any call takes few steps', (machine) => {
    for (const add of [[], ['ALL'], ['SYS_ADMIN']]) expect(programOf(machine, add).length / 8).toBeLessThan(2048);
    const steps = abis
      .filter((abi) => ABIS[abi].machine === machine)
      .flatMap((abi) => [...NUMBERS[abi].values()].map((number) => verdictOf(abi, number).steps));
    expect(Math.max(...steps)).toBeLessThan(32);
  });

  test('every jump stays inside, and every path ends in a verdict', () => {
    const program = programOf('x64', []);
    for (let at = 0; at < program.length / 8; at++) {
      const code = program.readUInt16LE(at * 8);
      const targets = code === 0x05 ? [program.readUInt32LE(at * 8 + 4)] : [program[at * 8 + 2], program[at * 8 + 3]];
      for (const offset of targets) expect(at + 1 + (offset as number)).toBeLessThanOrEqual(program.length / 8);
    }
    expect(program.readUInt16LE(program.length - 8)).toBe(0x06);
  });

  test('long pieces are jumped over', () => {
    const spans = Array.from({ length: 600 }, (_, index) => ({
      from: index * 2,
      to: index * 2,
      act: errno(index + 1),
    }));
    const program = encode([...load(NUMBER), ...search(spans, [{ from: 0, act: ALLOW }])]);
    const action = (number: number) => runFilter(program, { architecture: 0, number }).action;
    for (let index = 0; index < 600; index++) {
      expect(action(index * 2)).toBe(`errno ${index + 1}`);
      expect(action(index * 2 + 1)).toBe('allow');
    }
    expect(action(0xffff_ffff)).toBe('allow');
  });
});
