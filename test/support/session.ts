// Isolated shells in tests: a ticket opened as somebody, redeemed by the real isolab-attach, looked at from outside.
import { type ChildProcess, spawn } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Input, Result } from '../../helper/rpc/contract';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Kind } from '../../helper/rpc/contract/terms';
import { isolab, ROOT, type TestHelper } from './helper';
import { baseNamespace, outside, userRealm } from './realm';
import { type Done, output, type RunOptions, run } from './run';
import { until } from './until';
import { as, type User } from './users';

export const ATTACH = join(ROOT, 'dist/native/isolab-attach');

export type Plan = Input<'session/open'>;

export interface SessionOptions extends RunOptions {
  /** Who opens and attaches; root by default. */
  user?: User;
  /** Another isolab-attach than the one that was built. */
  attach?: string;
  /** Arguments of isolab-attach before the ticket. */
  args?: readonly string[];
}

/** What `session/open` answers to that user. */
export async function openSession(helper: TestHelper, plan: Plan, user?: User): Promise<Result<'session/open'>> {
  if (user === undefined) return helper.client.call('session/open', plan);
  const call = isolab(helper.socket, ['call', 'session/open', JSON.stringify(plan)], user);
  return JSON.parse(await output(call)) as Result<'session/open'>;
}

/** argv that redeems a ticket. */
export function attachArgv(
  helper: TestHelper,
  ticket: string,
  { user, args = [], cwd, attach = ATTACH }: SessionOptions = {},
): string[] {
  const argv = [attach, '--socket', helper.socket, ...args, ticket];
  if (userRealm !== undefined) return outside(argv, user, cwd?.toString());
  return user ? as(user, argv) : argv;
}

/** Opens, attaches with pipes, and waits for the end. */
export async function runSession(helper: TestHelper, plan: Plan, options: SessionOptions = {}): Promise<Done> {
  const { ticket } = await openSession(helper, plan, options.user);
  return run(attachArgv(helper, ticket, options), options);
}

export interface StartedSession {
  readonly id: string;
  /** The program's pid on the host. */
  readonly pid: number;
  readonly attach: ChildProcess;
  /** Status of isolab-attach. */
  readonly ended: Promise<number>;
  /** Lets the program see the end of its standard input, and waits. */
  stop(): Promise<number>;
}

/** Opens and attaches a session whose program waits: `cat` by default, until its standard input ends. */
export async function startSession(
  helper: TestHelper,
  plan: Plan,
  options: SessionOptions = {},
): Promise<StartedSession> {
  const { ticket, session: id } = await openSession(helper, { command: ['cat'], ...plan }, options.user);
  const [program, ...args] = attachArgv(helper, ticket, options);
  const { cwd, env } = options;
  const attach = spawn(program as string, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  attach.stdout.resume();
  attach.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const ended = new Promise<number>((resolve) => attach.once('close', (code) => resolve(code ?? -1)));
  const found = await until(async () => {
    if (attach.exitCode !== null) throw new Error(`isolab-attach ended with ${attach.exitCode}: ${said}`);
    const { sessions } = await helper.client.call('session/list', {});
    const session = sessions.find((each) => each.id === id);
    // It is recorded while the launcher still sets it up: not even its owner may look at it then.
    return session && !(await isLauncher(session.pid)) ? session : undefined;
  }, `session ${id} in the list`);
  return {
    id,
    pid: found.pid,
    attach,
    ended,
    stop: () => {
      attach.stdin.end();
      return ended;
    },
  };
}

/** A process that ended meanwhile is none. */
const isLauncher = (pid: number) =>
  readlink(`/proc/${pid}/exe`).then(
    (path) => path.includes('isolab-launch'),
    () => false,
  );

/** The links of /proc/PID/ns as the kernel writes them; `self` is a program without any new kind. */
export async function namespacesOf(pid: number | 'self'): Promise<Record<Kind, string>> {
  const links = await Promise.all(
    KINDS.map(
      async (kind) =>
        [kind, await (pid === 'self' ? baseNamespace(kind) : readlink(`/proc/${pid}/ns/${kind}`))] as const,
    ),
  );
  return Object.fromEntries(links) as Record<Kind, string>;
}

/** The kinds in which two processes differ, in the order of KINDS. */
export async function differing(a: number | 'self', b: number | 'self'): Promise<Kind[]> {
  const [ofA, ofB] = await Promise.all([namespacesOf(a), namespacesOf(b)]);
  return KINDS.filter((kind) => ofA[kind] !== ofB[kind]);
}
