// What the tests of the native programs share: both builds, a launcher run by a plan, a launcher run by raw bytes.
// ISOLAB_NATIVE_BUILD=release|sanitize picks one build; without it every test runs with both.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { KINDS, type Kind } from '../../helper/rpc/contract/terms';
import { type Descriptors, type Launched, type LaunchOptions, launch } from '../../helper/sys/launch';
import type { LaunchPlan } from '../../helper/sys/launch-plan';
import { ROOT } from '../support/root';

export interface Build {
  readonly name: string;
  /** Folder of the programs. */
  readonly dir: string;
}

const ALL: readonly Build[] = [
  { name: 'release', dir: join(ROOT, 'dist/native') },
  { name: 'sanitize', dir: join(ROOT, 'dist/native-sanitize') },
];

export const BUILDS = ALL.filter(({ name }) => (process.env.ISOLAB_NATIVE_BUILD ?? name) === name);
export const PTY_RUN = join(ROOT, 'dist/native-test/pty-run');

/** Builds what is not up to date; test files that run at the same time wait for each other. */
export function makePrograms(): void {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const make = ['make', '-s', '-C', join(ROOT, 'native'), 'all', 'sanitize', 'pty-run'];
  execFileSync('flock', [join(ROOT, 'dist/.native-lock'), ...make], { stdio: 'inherit' });
}

/** What must not be left behind; run by `cleanUp` in reverse. */
const undo: (() => unknown)[] = [];
export function later(action: () => unknown): void {
  undo.push(action);
}
export async function cleanUp(): Promise<void> {
  for (let action = undo.pop(); action !== undefined; action = undo.pop()) await action();
}

export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'isolab-native-'));
  later(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function open(path: string, flags = 'r'): number {
  const fd = openSync(path, flags);
  later(() => closeSync(fd));
  return fd;
}

export const ENVIRONMENT = ['PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', 'HOME=/', 'LANG=C.UTF-8'];
export const FOREVER = ['sleep', '1000'];

export interface Running extends Launched {
  /** Standard output and error so far. */
  output(): string;
  /** Output of a program that ends by itself. */
  finished(): Promise<string>;
}

export type Plan = Partial<LaunchPlan>;

/** Ends a program after the test, where it still runs. */
export function endLater({ pid, ended }: Launched): Promise<number> {
  let over = false;
  const end = ended.finally(() => {
    over = true;
  });
  later(async () => {
    try {
      // Reaped by its launcher only just before `ended` settles.
      if (!over) process.kill(pid, 'SIGKILL');
    } catch {
      // ESRCH: in that moment.
    }
    await end;
  });
  return end;
}

/** Runs a plan (`sleep` unless it says otherwise); whatever still runs is ended after the test. */
export async function start(
  build: Build,
  plan: Plan,
  descriptors: Partial<Descriptors> = {},
  options: LaunchOptions = {},
): Promise<Running> {
  const file = join(scratch(), 'output');
  const out = open(file, 'w+');
  const whole: LaunchPlan = { environment: ENVIRONMENT, command: FOREVER, ...plan };
  const running = await launch(build.dir, whole, { stdio: [open('/dev/null'), out, out], ...descriptors }, options);
  const ended = endLater(running);
  const output = () => readFileSync(file, 'utf8');
  return { ...running, output, finished: () => ended.then(output) };
}

/** The error that a plan ends in; fails where it starts. */
export async function refusal(
  build: Build,
  plan: Plan,
  descriptors: Partial<Descriptors> = {},
  options: LaunchOptions = {},
): Promise<{ step: string; code?: string; path?: string; hint?: string }> {
  const running = await start(build, plan, descriptors, options).catch((error: unknown) => error);
  if (!(running instanceof Error) || running.name !== 'LaunchError') throw running;
  const { step, code, path, hint } = running as Error & { step: string; code?: string; path?: string; hint?: string };
  return JSON.parse(JSON.stringify({ step, code, path, hint }));
}

export interface RawResult {
  /** Parsed status lines. */
  lines: Record<string, unknown>[];
  stdout: string;
  stderr: string;
  status: number | null;
  signal: NodeJS.Signals | null;
}

/** Feeds bytes to a launcher, perhaps below another program (`prefix`), and waits until it has ended. */
export function raw(
  program: string,
  bytes: Uint8Array,
  options: { prefix?: readonly string[]; fds?: readonly number[]; cwd?: string } = {},
): Promise<RawResult> {
  const [first, ...rest] = [...(options.prefix ?? []), program];
  return new Promise((resolve, reject) => {
    const child = spawn(first as string, rest, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...(options.fds ?? [])],
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const texts = { channel: '', stdout: '', stderr: '' };
    const channel = child.stdio[3] as Duplex;
    channel.on('data', (chunk: Buffer) => {
      texts.channel += chunk.toString();
    });
    // A launcher that refuses closes the channel before it has read all.
    channel.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => {
      texts.stdout += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      texts.stderr += chunk.toString();
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`launcher hangs: ${JSON.stringify(texts)} on ${Buffer.from(bytes).toString('hex')}`));
    }, 20_000);
    child.once('error', reject);
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      const lines = texts.channel.split('\n').filter((line) => line !== '');
      resolve({
        lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
        stdout: texts.stdout,
        stderr: texts.stderr,
        status,
        signal,
      });
    });
    channel.end(bytes);
  });
}

/** Ids of the namespaces of a process, by readlink(2) alone. */
export function namespacesOf(pid: number | 'self'): Record<Kind, string> {
  return Object.fromEntries(KINDS.map((kind) => [kind, readlinkSync(`/proc/${pid}/ns/${kind}`)])) as Record<
    Kind,
    string
  >;
}

/** The kinds in which two processes differ. */
export function differing(a: number | 'self', b: number | 'self'): Kind[] {
  const left = namespacesOf(a);
  const right = namespacesOf(b);
  return KINDS.filter((kind) => left[kind] !== right[kind]);
}

/** Root inside, an ordinary user outside; as an unprivileged `unshare --map-root-user` would make it. */
export const MAPPED: Plan = {
  uidMap: [{ inside: 0, outside: 61_001, count: 1 }],
  gidMap: [{ inside: 0, outside: 61_001, count: 1 }],
  denySetgroups: true,
  owner: { uid: 61_001, gid: 61_001, groups: [61_001, 61_050] },
  user: { uid: 0, gid: 0 },
};

export function word(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeUInt32LE(value >>> 0, index * 4);
  });
  return buffer;
}
