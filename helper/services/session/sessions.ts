// session/*: isolated shells. A plan becomes a ticket, the ticket and a terminal become a program below isolab-launch.
// What runs does not need the helper any more: a later one finds it in the journal and goes on watching.
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { startTimeOf } from '../../discovery/processes';
import type { Scanner } from '../../discovery/scanner';
import type { Params, Result } from '../../rpc/contract';
import type { IdMap } from '../../rpc/contract/terms';
import type { MadeSession } from '../../state/made';
import { launch } from '../../sys/launch';
import { close } from '../../sys/libc';
import { outsideId, parseMountInfo } from '../../sys/proc';
import { newDisk } from '../container/disk-image';
import { equivalent } from '../equivalent/session';
import { broken, errnoOf } from '../failures';
import type { Caller, Handlers, House } from '../house';
import { Turns } from '../turns';
import { findSession, livingAs, planAgain, whatBecame } from './again';
import { checkBase, mapPrograms, mapsInBase, type OpenJoin, openBase } from './base';
import { Fetched, surroundingsOf, variable } from './caller';
import { Insides } from './inside';
import { type FoundJoin, findJoins, hasRoot, idsInside, namesOf, openJoin } from './join';
import { launchFailure, launchPlan } from './launch';
import { SessionLives } from './life';
import { type SettledPlan, settlePlan, type Who } from './plan';
import { livingSessions } from './record';
import { newTicket, sessionOf, Tickets } from './tickets';

interface Planned {
  readonly plan: SettledPlan;
  readonly joins: readonly FoundJoin[];
  readonly inside?: { readonly uid: number; readonly gid: number };
  /** Of the joined network namespace. */
  readonly netnsName?: string;
  /** In a user realm: a file of the user namespace that is entered first. */
  readonly base?: string;
}

/** What a ticket stands for. */
interface Opened extends Planned {
  readonly session: string;
}

type Names = 'session/open' | 'session/attach' | 'session/list' | 'session/reopen';

/** Other services that hand out tickets for isolab-attach. */
interface Elsewhere {
  waits(uid: number, ticket: string): boolean;
  redeem(params: Params<'session/attach'>, caller: Caller): Promise<Result<'session/attach'>>;
}

/** `now`: the tickets' clock, monotonic, in milliseconds. */
export function sessionHandlers(
  house: House,
  scanner: Scanner,
  attachments: Elsewhere,
  now?: () => number,
): Pick<Handlers, Names> {
  const tickets = new Tickets<Opened>(now);
  const lives = new SessionLives(house);
  const turns = new Turns();
  const insides = new Insides(house);

  return {
    'session/open': async (params, caller) => {
      const { plan, ...around } = await planSession(house, params, caller, scanner);
      const ticket = newTicket();
      const session = sessionOf(ticket);
      tickets.issue(caller.uid, { session, plan, ...around }, ticket);
      return {
        ticket,
        session,
        equivalent: equivalent(plan, { ...around, caller }),
        ...(plan.added.length > 0 && { added: [...plan.added] }),
      };
    },

    'session/attach': async (params, caller) => {
      const { ticket, root } = params;
      if (attachments.waits(caller.uid, ticket)) return attachments.redeem(params, caller);
      const spent = !tickets.waits(caller.uid, ticket);
      const became = spent && whatBecame(findSession(house, lives, caller.uid, sessionOf(ticket)));
      if (became) throw became;
      return tickets.redeem(caller.uid, ticket, async (opened) => {
        if (opened.plan.root && root === undefined)
          throw broken('invalid', 'root-missing', undefined, { field: 'root' });
        if (!opened.plan.root && root !== undefined) {
          throw broken('invalid', 'root-not-planned', undefined, { field: 'root' });
        }
        return turns.take(opened.session, () => attach(house, lives, opened, params, caller));
      });
    },

    'session/list': (_params, caller) => {
      const shown = ({ uid }: { uid: number }) => caller.uid === 0 || uid === caller.uid;
      const ended = lives.ended.all().filter(shown);
      return {
        sessions: insides.seen(livingSessions(house).filter(shown)),
        ended: ended.map(({ session: id, plan, ...rest }) => ({ id, ...rest, reopens: plan !== undefined })),
      };
    },

    'session/reopen': async (params, caller) => {
      const found = findSession(house, lives, caller.uid, params.session);
      const { plan, ...around } = await planSession(house, planAgain(found), caller, scanner);
      const ticket = newTicket();
      // The same session begins anew: whoever asks with its first ticket finds it. One that lives stays what it is.
      const session = found.living === undefined ? params.session : sessionOf(ticket);
      tickets.issue(caller.uid, { session, plan, ...around }, ticket);
      const title = found.living?.title ?? found.ended?.title ?? '';
      return { ticket, session, title, equivalent: equivalent(plan, { ...around, caller }) };
    },
  };
}

/** What a plan means for this caller, checked; nothing is done yet. */
export async function planSession(
  house: Pick<House, 'realm' | 'nativeDir'>,
  params: Params<'session/open'>,
  caller: Caller,
  scanner: Scanner,
): Promise<Planned> {
  const { realm } = house;
  const who = actorOf(realm, caller);
  const plan = settlePlan(params, who, realm.kind);
  const joins = await findJoins(realm, plan.join, scanner);
  const user = joins.find(({ kind, same }) => kind === 'user' && !same);
  const inside = user && plan.as === 'me' ? idsInside(user, who) : undefined;
  if (user && plan.as === 'me' && inside === undefined) {
    throw broken('invalid', 'not-mapped-there', { id: who.uid }, { field: 'as' });
  }
  if (user && plan.as !== 'me' && !hasRoot(user)) {
    throw broken('invalid', 'root-not-mapped-there', undefined, { field: 'as', hint: { code: 'enter-as-me' } });
  }
  const base = await checkBase(house, plan, joins);
  const net = plan.join.find(({ kind }) => kind === 'net')?.of;
  const netId = joins.find(({ kind }) => kind === 'net')?.id;
  const netnsName = net && 'name' in net ? net.name : netId && namesOf(realm, netId)[0];
  return {
    plan,
    joins,
    ...(base !== undefined && { base }),
    ...(inside && { inside }),
    ...(netnsName !== undefined && { netnsName }),
  };
}

async function attach(
  house: House,
  lives: SessionLives,
  opened: Opened,
  params: Params<'session/attach'>,
  caller: Caller,
) {
  const { plan, session } = opened;
  // Begun anew twice, by two terminals.
  const twice = whatBecame(livingAs(house, caller.uid, session));
  if (twice) throw twice;
  const fetched = new Fetched(caller.pidfd);
  const joins: OpenJoin[] = [];
  const descriptors: number[] = [];
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
    for (const found of opened.joins) if (!found.same) joins.push({ kind: found.kind, found, fd: openJoin(found) });
    const base = openBase(house.realm, plan, joins);
    if (base !== undefined) descriptors.push(base.fd);
    const maps = base === undefined ? plan.maps : mapsInBase(plan, base);
    const programs = mapPrograms(plan);
    const mounts = await disksOf(plan, caller, descriptors);

    const record: Omit<MadeSession, 'pid' | 'startTime'> = {
      type: 'session',
      session,
      uid: caller.uid,
      plan: plan.asked,
      title: plan.asked.title ?? basename(command[0] ?? ''),
      command,
      openedAt: Date.now(),
      ...terminalOf(caller),
    };
    const statusFile = lives.ended.open(session);
    descriptors.push(statusFile);
    const pid = await run(house, lives, record, (hold) =>
      launch(
        house.nativeDir,
        {
          ...launchPlan(plan, {
            caller: actorOf(house.realm, caller),
            surroundings,
            command,
            ...(house.realm.kind === 'user' && {
              realm: { based: base !== undefined, ...(maps && { maps }), ...(programs && { programs }) },
            }),
            join: joins.map(({ kind }) => kind),
            ...(opened.inside && { inside: opened.inside }),
            binds: plan.netnsFiles && opened.netnsName !== undefined ? netnsBinds(opened.netnsName) : [],
          }),
          statusFile: true,
        },
        {
          stdio,
          link,
          joins,
          statusFile,
          mounts,
          ...(base && { base: base.fd }),
          ...(root === undefined ? {} : { root }),
        },
        { hold },
      ),
    );
    return { session, pid };
  } finally {
    fetched.close();
    for (const fd of [...joins.map((join) => join.fd), ...descriptors]) close(fd);
  }
}

/** Detached mounts of new disks, which end with these descriptors unless somebody has attached them by then. */
async function disksOf(
  { asked: { disks = [] }, as, maps }: SettledPlan,
  caller: Caller,
  opened: number[],
): Promise<number[]> {
  const mounts: number[] = [];
  for (const [at, { size }] of disks.entries()) {
    const owner = as === 'me' ? caller : { uid: rootOutside(maps?.uid), gid: rootOutside(maps?.gid) };
    const mount = await newDisk(size, owner, `disks.${at}.size`);
    opened.push(mount);
    mounts.push(mount);
  }
  return mounts;
}

function rootOutside(map: readonly IdMap[] | undefined): number {
  return (map && outsideId(map, 0)) ?? 0;
}

/** Whose identity a session may have: in a user realm nobody's but that of the person whose realm it is. */
function actorOf(realm: House['realm'], caller: Caller): Who {
  if (realm.kind === 'host') return caller;
  return { uid: process.getuid?.() ?? caller.uid, gid: process.getgid?.() ?? caller.gid, groups: [] };
}

/** Who waits for the session's end, as an identity; nothing where it ended meanwhile. */
function terminalOf({ pid }: Caller): Pick<MadeSession, 'terminal'> {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? {} : { terminal: { pid, startTime } };
}

/**
 * Launches and records. The record is written while the program waits before its exec, so that nothing ever runs that
 * the journal does not know; a helper killed between the two takes the waiting program with it.
 */
async function run(
  house: House,
  lives: SessionLives,
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
      watch = lives.adopt(whole);
    });
    lives.ended.forget(record.session);
    house.changes.bump('session');
    return pid;
  } catch (error) {
    watch?.();
    if (made !== undefined) house.journal.forget(made);
    lives.ended.abandon(record.session);
    throw launchFailure(error, record.command, () => parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')));
  }
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
