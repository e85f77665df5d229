// uplink/*: outside connections of network namespaces. The program that carries one outlives the helper, as shells do; the
// next helper finds it in the journal. It holds its namespace, so it is ended as soon as nobody else does.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { formatMac } from '../../netlink/link';
import { listRoutes } from '../../netlink/route';
import type { Params } from '../../rpc/contract';
import { UPLINK_LINK, type Uplink } from '../../rpc/contract/uplink';
import { UPLINK_PROGRAMS } from '../../rpc/contract/uplink-programs';
import { bareNetns, type MadeUplink, sameNetns } from '../../state/made';
import { close } from '../../sys/libc';
import { HOME_NETNS, openOwner } from '../../sys/namespaces';
import { begin } from '../begin';
import { asFailure, broken } from '../failures';
import type { Handlers, House } from '../house';
import { namesById } from '../netns-names';
import { type OpenNetns, openNetns, withNetns } from '../netns-ref';
import { endProgram } from '../program-end';
import { withSocket } from '../rtnetlink';
import { holdProgram } from '../session/record';
import { lookFor } from '../undo';
import { nameserverOf, type UplinkPlan, uplinkArgv } from './plan';
import { choosePrograms, findProgram, needTun } from './program';
import { reap, runUplink } from './run';
import type { UplinkWatch } from './watch';

export function uplinkRecords({ journal }: Pick<House, 'journal'>): MadeUplink[] {
  return journal.made().filter((made) => made.type === 'uplink');
}

export function uplinkHandlers(
  house: House,
  watch: UplinkWatch,
): Pick<Handlers, 'uplink/list' | 'uplink/start' | 'uplink/stop'> {
  /** Namespaces that one is just being started for. */
  const starting = new Set<string>();
  return {
    'uplink/list': () => ({
      uplinks: living(house).map((record) => view(house, record)),
      programs: UPLINK_PROGRAMS.map((program) => {
        const path = findProgram(program);
        return { program, ...(path !== undefined && { path }) };
      }),
    }),
    'uplink/start': async (params) => {
      const netns = openNetns(house.realm, params.netns);
      try {
        if (starting.has(netns.id)) throw broken('busy', 'uplink-starting', undefined, { field: 'netns' });
        starting.add(netns.id);
        try {
          const record = await start(house, netns, params);
          watch.adopt(record);
          house.changes.bump('uplink');
          return view(house, record);
        } finally {
          starting.delete(netns.id);
        }
      } finally {
        close(netns.fd);
      }
    },
    'uplink/stop': async ({ netns }) => {
      const record = withNetns(house.realm, netns, (open) => living(house).find((each) => sameNetns(each.netns, open)));
      if (record === undefined) throw broken('not-found', 'uplink-not-found', undefined, { field: 'netns' });
      if (!(await endUplink(house, record))) throw broken('busy', 'uplink-stays', { pid: record.pid });
      return {};
    },
  };
}

/** Those whose program still runs. */
function living(house: House): MadeUplink[] {
  return uplinkRecords(house).filter((record) => {
    const pidfd = holdProgram(record);
    if (pidfd === undefined) return false;
    close(pidfd);
    return true;
  });
}

function view({ realm }: House, record: MadeUplink): Uplink {
  const { netns, program, pid, startTime, link, addresses, gateway, startedAt } = record;
  const nameserver = nameserverOf(program);
  return {
    netns: { kind: 'net', ...bareNetns(netns), names: namesById(realm).get(netns.id) ?? [] },
    ...{ program, pid, startTime, link, addresses, gateway, startedAt },
    ...(nameserver !== undefined && { nameserver }),
  };
}

/** Programs are tried in turn until one passes its self-test; of several failures the first is told. */
async function start(house: House, netns: OpenNetns, params: Params<'uplink/start'>): Promise<MadeUplink> {
  const link = params.link ?? UPLINK_LINK;
  refuse(house, netns, link);
  const programs = choosePrograms(params.program);
  needTun();
  const root = process.geteuid?.() === 0;
  const userns = root ? undefined : openOwner(netns.fd);
  try {
    const [name] = namesById(house.realm).get(netns.id) ?? [];
    const plans = programs.flatMap(({ program, path }): UplinkPlan[] => {
      const plan = { program, path, link, mac: randomMac(), root };
      const byPath = program === 'pasta' && name !== undefined;
      // A newer pasta closes what it inherits before it opens its namespaces.
      return byPath ? [plan, { ...plan, netnsPath: `${house.realm.netns.directory}/${name}` }] : [plan];
    });
    let first: unknown;
    for (const plan of plans) {
      try {
        return await attempt(house, netns, userns, plan);
      } catch (error) {
        first ??= error;
      }
    }
    throw first;
  } finally {
    if (userns !== undefined) close(userns);
  }
}

/** What would make it fail, or make it spoil what is there. */
function refuse(house: House, netns: OpenNetns, link: string): void {
  const field = { field: 'netns' };
  if (netns.id === HOME_NETNS) throw broken('invalid', 'uplink-own', undefined, field);
  if (living(house).some((each) => sameNetns(each.netns, netns)))
    throw broken('exists', 'uplink-exists', undefined, field);
  withSocket(netns, (rt) => {
    if (lookFor(rt, { name: link }) !== undefined) {
      throw broken('exists', 'link-exists', { name: link }, { field: 'link' });
    }
    const route = listRoutes(rt).find(({ destination, family }) => destination === 'default' && family === 'inet');
    if (route !== undefined) throw broken('conflict', 'uplink-default-route', undefined, field);
  });
}

async function attempt(
  { journal }: House,
  netns: OpenNetns,
  userns: number | undefined,
  plan: UplinkPlan,
): Promise<MadeUplink> {
  const argv = uplinkArgv(plan);
  const entry = begin(journal, { method: 'uplink/start', netns: bareNetns(netns), argv });
  let running: Awaited<ReturnType<typeof runUplink>>;
  try {
    running = await runUplink({ netns, plan, argv, ...(userns !== undefined && { userns }) });
  } catch (error) {
    entry.undone();
    throw error;
  }
  const { program, link } = plan;
  const record: MadeUplink = {
    ...running,
    ...{ type: 'uplink', netns: bareNetns(netns), program, link, startedAt: Date.now() },
  };
  try {
    entry.done(record);
  } catch (error) {
    await end(record);
    throw asFailure(error, { step: 'journal' });
  }
  return record;
}

/** Locally administered, unicast. */
function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return formatMac(bytes);
}

/** Ends the program by identity, and forgets it once it is gone. */
export async function endUplink(
  { journal, changes }: Pick<House, 'journal' | 'changes'>,
  record: MadeUplink,
): Promise<boolean> {
  if (!(await end(record))) return false;
  journal.forget(record);
  changes.bump('uplink');
  return true;
}

async function end(record: Pick<MadeUplink, 'pid' | 'startTime'>): Promise<boolean> {
  const pidfd = holdProgram(record);
  if (pidfd === undefined) return true;
  try {
    const ended = await endProgram(pidfd, constants.signals.SIGTERM);
    if (ended) reap(record.pid);
    return ended;
  } finally {
    close(pidfd);
  }
}
