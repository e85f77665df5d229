// session/*: isolated shells. A plan becomes a ticket, the ticket and a terminal become a program below isolab-launch.
// What runs does not need the helper any more: a later one finds it in the journal and goes on watching.
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { startTimeOf } from '../discovery/processes';
import type { Scanner } from '../discovery/scanner';
import type { Params } from '../rpc/contract';
import type { MadeSession } from '../state/made';
import { launch } from '../sys/launch';
import { close, pidfdSendSignal } from '../sys/libc';
import { type Watch, watchReadable } from '../sys/libc-poll';
import { equivalent } from './equivalent/session';
import { broken, errnoOf } from './failures';
import type { Caller, Handlers, House } from './house';
import { Fetched, SIGCONT, SIGHUP, SIGKILL, surroundingsOf, variable } from './session-caller';
import { Insides } from './session-inside';
import { type FoundJoin, findJoins, idsInside, namesOf, openJoin } from './session-join';
import { launchFailure, launchPlan } from './session-launch';
import { type SettledPlan, settlePlan } from './session-plan';
import { holdProgram, livingSessions, sessionRecords } from './session-record';
import { Tickets } from './session-tickets';

/** What a ticket stands for. */
interface Opened {
  readonly session: string;
  readonly plan: SettledPlan;
  readonly joins: readonly FoundJoin[];
  readonly inside?: { readonly uid: number; readonly gid: number };
  /** Of the joined network namespace. */
  readonly netnsName?: string;
}

type Names = 'session/open' | 'session/attach' | 'session/list';

/** `now`: the tickets' clock, monotonic, in milliseconds. */
export function sessionHandlers(house: House, scanner: Scanner, now?: () => number): Pick<Handlers, Names> {
  const tickets = new Tickets<Opened>(now);
  const insides = new Insides(house);
  for (const record of sessionRecords(house)) adopt(house, record);

  return {
    'session/open': async (params, caller) => {
      const opened = await open(house, params, caller, scanner);
      const { plan, session, ...around } = opened;
      return {
        ticket: tickets.issue(caller.uid, opened),
        session,
        equivalent: equivalent(plan, { ...around, caller }),
      };
    },

    'session/attach': async (params, caller) => {
      const opened = tickets.redeem(caller.uid, params.ticket);
      if (opened.plan.root && params.root === undefined)
        throw broken('invalid', 'root-missing', undefined, { field: 'root' });
      if (!opened.plan.root && params.root !== undefined) {
        throw broken('invalid', 'root-not-planned', undefined, { field: 'root' });
      }
      return attach(house, opened, params, caller);
    },

    'session/list': (_params, caller) => {
      const living = livingSessions(house).filter(({ uid }) => caller.uid === 0 || uid === caller.uid);
      return { sessions: insides.seen(living) };
    },
  };
}

async function open(
  { realm }: House,
  params: Params<'session/open'>,
  caller: Caller,
  scanner: Scanner,
): Promise<Opened> {
  const plan = settlePlan(params, caller);
  const joins = await findJoins(realm, plan.join, scanner);
  const user = joins.find(({ kind, same }) => kind === 'user' && !same);
  const inside = user && plan.as === 'me' ? idsInside(user, caller) : undefined;
  if (user && plan.as === 'me' && inside === undefined) {
    throw broken('invalid', 'not-mapped-there', { id: caller.uid }, { field: 'as' });
  }
  const net = plan.join.find(({ kind }) => kind === 'net')?.of;
  const netId = joins.find(({ kind }) => kind === 'net')?.id;
  const netnsName = net && 'name' in net ? net.name : netId && namesOf(realm, netId)[0];
  return {
    session: randomBytes(8).toString('hex'),
    plan,
    joins,
    ...(inside && { inside }),
    ...(netnsName !== undefined && { netnsName }),
  };
}

async function attach(house: House, opened: Opened, params: Params<'session/attach'>, caller: Caller) {
  const { plan, session } = opened;
  const fetched = new Fetched(caller.pidfd);
  const joins: { kind: FoundJoin['kind']; fd: number }[] = [];
  try {
    const [stdin, stdout, stderr] = params.stdio;
    const stdio = [
      fetched.any(stdin, 'stdio.0'),
      fetched.any(stdout, 'stdio.1'),
      fetched.any(stderr, 'stdio.2'),
    ] as const;
    const link = fetched.unixStream(params.link, 'link');
    const root = params.root === undefined ? undefined : fetched.directory(params.root, 'root');
    const surroundings = surroundingsOf(caller);
    const command = plan.asked.command ?? [variable(surroundings, 'SHELL') ?? '/bin/sh'];
    for (const join of opened.joins) if (!join.same) joins.push({ kind: join.kind, fd: openJoin(join) });

    const record: Omit<MadeSession, 'pid' | 'startTime'> = {
      type: 'session',
      session,
      uid: caller.uid,
      plan: plan.asked,
      title: plan.asked.title ?? basename(command[0] ?? ''),
      command,
      openedAt: Date.now(),
    };
    const pid = await run(house, record, (hold) =>
      launch(
        house.nativeDir,
        launchPlan(plan, {
          caller,
          surroundings,
          command,
          join: joins.map(({ kind }) => kind),
          ...(opened.inside && { inside: opened.inside }),
          binds: plan.netnsFiles && opened.netnsName !== undefined ? netnsBinds(opened.netnsName) : [],
        }),
        { stdio, link, joins, ...(root === undefined ? {} : { root }) },
        { hold },
      ),
    );
    return { session, pid };
  } finally {
    fetched.close();
    for (const { fd } of joins) close(fd);
  }
}

/**
 * Launches and records. The record is written while the program waits before its exec, so that nothing ever runs that
 * the journal does not know; a helper killed between the two takes the waiting program with it.
 */
async function run(
  house: House,
  record: Omit<MadeSession, 'pid' | 'startTime'>,
  start: (hold: (pid: number) => Promise<void>) => ReturnType<typeof launch>,
): Promise<number> {
  let made: MadeSession | undefined;
  let watch: (() => void) | undefined;
  try {
    const { pid } = await start(async (pid) => {
      const startTime = startTimeOf(pid);
      if (startTime === undefined) throw broken('not-found', 'process-not-found', { pid });
      const whole = { ...record, pid, startTime };
      house.journal.add(whole);
      made = whole;
      watch = adopt(house, whole);
    });
    house.changes.bump('session');
    return pid;
  } catch (error) {
    watch?.();
    if (made !== undefined) house.journal.forget(made);
    throw launchFailure(error, record.command);
  }
}

/** Watches a session's program and forgets the session when it ends. Returns what stops the watching. */
function adopt(house: House, record: MadeSession): () => void {
  const pidfd = holdProgram(record);
  if (pidfd === undefined) {
    forget(house, record);
    return () => undefined;
  }
  let watch: Watch | undefined = watchReadable(pidfd, () => {
    stop();
    forget(house, record);
  });
  watch.unref();
  const stop = () => {
    if (watch === undefined) return;
    watch.close();
    watch = undefined;
    close(pidfd);
  };
  return stop;
}

function forget(house: House, record: MadeSession): void {
  house.journal.forget(record);
  house.changes.bump('session');
}

/** Files that ip-netns(8) binds over those of /etc for a network namespace of this name. */
function netnsBinds(name: string): { source: string; target: string }[] {
  const directory = `/etc/netns/${name}`;
  let files: string[];
  try {
    files = readdirSync(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
  return files.sort().map((file) => ({ source: `${directory}/${file}`, target: `/etc/${file}` }));
}

/** How long a hung-up program may take to end before it is killed, in milliseconds. */
const GRACE = 1000;

/**
 * Ends every session's program by identity: hung up as by a closed terminal, killed where that does not help. Resolves
 * with those that ended and those that even SIGKILL did not end in time (in an uninterruptible wait).
 */
export async function endSessions(house: House): Promise<{ ended: MadeSession[]; kept: MadeSession[] }> {
  const records = sessionRecords(house);
  const gone = await Promise.all(records.map(endProgram));
  const ended = records.filter((_, at) => gone[at]);
  house.journal.forget(...ended);
  if (ended.length > 0) house.changes.bump('session');
  return { ended, kept: records.filter((_, at) => !gone[at]) };
}

async function endProgram(record: MadeSession): Promise<boolean> {
  const pidfd = holdProgram(record);
  if (pidfd === undefined) return true;
  try {
    // A stopped program acts on a hang-up only once it goes on.
    signal(pidfd, SIGHUP);
    signal(pidfd, SIGCONT);
    if (await ends(pidfd)) return true;
    signal(pidfd, SIGKILL);
    return await ends(pidfd);
  } finally {
    close(pidfd);
  }
}

function signal(pidfd: number, number: number): void {
  try {
    pidfdSendSignal(pidfd, number);
  } catch (error) {
    // It ended by itself.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

function ends(pidfd: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(false), GRACE);
    const watch = watchReadable(pidfd, () => settle(true));
    const settle = (ended: boolean) => {
      clearTimeout(timer);
      watch.close();
      resolve(ended);
    };
  });
}
