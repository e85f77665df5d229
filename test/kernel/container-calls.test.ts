// Which system calls and capabilities a container has, against podman's on the same kernel: its profile was made from Docker's
// (containers-common, seccomp.json). Every number is called in both; where they differ, the reason is written here.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { numbersOf } from '../../helper/services/container/seccomp';
import { SYSCALLS } from '../../helper/services/container/syscalls';
import { busyboxImage, busyboxRoot, IMAGE, removeContainers, runContainer } from '../support/container';
import { startHelper, type TestHelper } from '../support/helper';
import { ROOT } from '../support/root';
import { output } from '../support/run';

const NUMBERS = numbersOf(SYSCALLS[process.arch === 'arm64' ? 'arm64' : 'x86_64']);
const NAMES = new Map([...NUMBERS].map(([name, number]) => [number, name]));
const LAST = 470;
/** What Docker gives: docs.docker.com, Linux capabilities. podman gives fewer. */
const CAPABILITIES = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
];

let helper: TestHelper;
let work: string;
let root: string;
beforeAll(async () => {
  const make = ['make', '-s', '-C', join(ROOT, 'native'), 'every-call'];
  execFileSync('flock', [join(ROOT, 'dist/.native-lock'), ...make], { stdio: 'inherit' });
  work = await mkdtemp(join(tmpdir(), 'calls-'));
  root = await busyboxRoot();
  for (const name of ['probe', 'proc', 'sys', 'dev', 'run']) await mkdir(join(root, name));
  await mkdir(join(work, 'probe'));
  for (const place of [join(work, 'probe'), join(root, 'probe')]) {
    await copyFile(join(ROOT, 'dist/native-test/every-call'), join(place, 'every-call'));
  }
  helper = await startHelper();
  await busyboxImage(helper);
});
afterAll(async () => {
  if (helper !== undefined) await removeContainers(helper);
  await helper?.stop();
  // podman leaves the groups that were above its containers.
  await output([
    'find',
    '/sys/fs/cgroup',
    '-depth',
    '-type',
    'd',
    '-path',
    '*/libpod_parent*',
    '-exec',
    'rmdir',
    '{}',
    ';',
  ]);
  for (const path of [work, root]) if (path !== undefined) await rm(path, { recursive: true, force: true });
});

async function ours(options: string[], ...command: string[]): Promise<string> {
  const done = await runContainer(helper, [
    ...['run', '--rm', '-v', `${join(work, 'probe')}:/probe:ro`, ...options, IMAGE],
    ...command,
  ]);
  expect(done.stderr).toBe('');
  return done.stdout;
}

/** The same in podman's, with the capabilities of Docker's; the limits are those that it may set without CAP_SYS_RESOURCE. */
function theirs(options: string[], ...command: string[]): Promise<string> {
  return output([
    ...['podman', '--root', join(work, 'pod'), '--runroot', join(work, 'run'), '--storage-driver', 'vfs'],
    ...['--cgroup-manager', 'cgroupfs', '--runtime', 'runc', 'run', '--rm', '--network', 'none'],
    ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000', '--security-opt', 'no-new-privileges'],
    ...['--cap-drop', 'ALL', ...CAPABILITIES.flatMap((name) => ['--cap-add', name]), ...options],
    ...['--rootfs', root, ...command],
  ]);
}

/** `refused` with EPERM or ENOSYS, by name; of those whose argument decides with that. */
function verdicts(text: string): Map<string, string> {
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [, number, argument, verdict] = /^(\d+)(,\w+)? (\w+)$/.exec(line) ?? [];
        const name = `${NAMES.get(Number(number)) ?? number}${argument ?? ''}`;
        return [name, verdict === 'passes' ? 'passes' : 'refused'];
      }),
  );
}

const field = (status: string, name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];

/**
 * Where ours, which is Docker's of 2026, is not podman's of 2022. What a kernel does not have is refused in both, and no difference.
 */
const STRICTER = [
  // New namespaces and mounts: podman lets containers be made inside; Docker only with CAP_SYS_ADMIN. clone3 is absent to
  // Docker's, since no filter can see its flags.
  ...['mount', 'umount2', 'unshare', 'setns', 'open_tree', 'fsconfig', 'mount_setattr', 'clone3', 'clone'],
  ...['clone,0x30000', 'clone,0x2010000', 'clone,0x4010000', 'clone,0x8010000'],
  ...['clone,0x10010000', 'clone,0x20010000', 'clone,0x40010000'],
  // Where memory lies tells of other containers: with CAP_SYS_NICE only. Keys are nobody's namespace. Descriptors of others: CAP_SYS_PTRACE.
  ...['mbind', 'set_mempolicy', 'get_mempolicy', 'keyctl', 'pidfd_getfd'],
  // Address families: DECnet, Econet, ATM, IrDA, Wanpipe, ISDN, CAIF, the kernel’s cryptography, vsock.
  ...['socket,0xc', 'socket,0x13', 'socket,0x14', 'socket,0x17', 'socket,0x19', 'socket,0x22', 'socket,0x25'],
  ...['socket,0x26', 'socket,0x28'],
  // One that does not exist.
  'socket',
];
const WIDER = [
  // Docker has them since Linux 4.8 and before; podman forbids them by name.
  ...['vmsplice', 'io_pgetevents'],
  // Younger than podman's profile, or than the library that loads it.
  ...['futex_waitv', 'cachestat', 'fchmodat2', 'futex_wake', 'futex_wait', 'futex_requeue', 'statmount', 'listmount'],
  ...['mseal', 'setxattrat', 'getxattrat', 'listxattrat', 'removexattrat'],
];

test('every system call fares as under podman’s profile, but for what is written down', async () => {
  const probe = ['/probe/every-call', String(LAST)];
  const free = verdicts(await ours(['--security-opt', 'seccomp=unconfined'], ...probe));
  const [here, there] = [verdicts(await ours([], ...probe)), verdicts(await theirs([], ...probe))];
  expect(here.size).toBeGreaterThan(LAST);
  const isHeard = (name: string) => free.get(name) === 'passes';
  const differing = (verdict: string) =>
    [...here].flatMap(([name, mine]) => (mine === verdict && there.get(name) !== mine ? [name] : [])).sort();
  expect(differing('refused')).toEqual(STRICTER.filter(isHeard).sort());
  expect(differing('passes')).toEqual(WIDER.filter(isHeard).sort());
});

test('the capabilities are those that Docker publishes, as podman gives them by name', async () => {
  const [here, there] = [await ours([], 'cat', '/proc/self/status'), await theirs([], 'cat', '/proc/self/status')];
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp']) {
    expect([set, field(here, set)]).toEqual([set, field(there, set)]);
  }
  expect(field(here, 'CapBnd')).not.toBe('0000000000000000');
});
