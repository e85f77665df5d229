// Starts a program that makes an outside connection and looks whether it did: the facts inside, by rtnetlink, and the
// program itself. What fails the test is ended again, and says why.
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as rest } from 'node:timers/promises';
import { startTimeOf } from '../../discovery/processes';
import { listAddresses } from '../../netlink/address';
import { listRoutes } from '../../netlink/route';
import type { Rtnetlink } from '../../netlink/socket';
import { close, open, pidfdOpen } from '../../sys/libc';
import { SOCK_STREAM, socketPair, spawnDetached, waitExit } from '../../sys/libc-process';
import { escapeControls } from '../../sys/proc';
import { asFailure, broken, errnoOf } from '../failures';
import type { OpenNetns } from '../netns-ref';
import { endProgram } from '../program-end';
import { withSocket } from '../rtnetlink';
import { lookFor } from '../undo';
import { lastWords, type UplinkPlan } from './plan';

/** Milliseconds that a program gets to make the connection, and between two looks. */
const PATIENCE = 5000;
const PAUSE = 20;
/** Characters of what it says that are kept. */
const MAX_TEXT = 4096;

/** Nothing of the helper's environment, and messages in one language. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } as const;

/** What the self-test found inside. */
export interface UplinkFacts {
  readonly addresses: string[];
  readonly gateway: string;
}

export interface RunningUplink extends UplinkFacts {
  readonly pid: number;
  readonly startTime: string;
}

export interface Started {
  readonly netns: OpenNetns;
  /** Of the user namespace that owns it, where the program has to enter that. */
  readonly userns?: number;
  readonly plan: UplinkPlan;
  readonly argv: readonly string[];
}

/** Rejects with a Failure when the self-test is not passed; the program has ended then. */
export async function runUplink({ netns, userns, plan, argv }: Started): Promise<RunningUplink> {
  const [near, far] = socketPair(SOCK_STREAM);
  const words = listen(near);
  const nothing = open('/dev/null', 0);
  let pid: number;
  try {
    const fds = [nothing, far, far, netns.fd, ...(userns === undefined ? [] : [userns])];
    // pasta ignores SIGPIPE by itself, and ends where that is so already.
    const outlivesReader = plan.program !== 'pasta';
    pid = spawnDetached(plan.path, fds, { args: argv.slice(1), env: ENVIRONMENT, outlivesReader });
  } catch (error) {
    throw asFailure(error, { step: 'uplink-program' });
  } finally {
    close(nothing);
    close(far);
  }
  // It cannot be somebody else's: nobody but us reaps it.
  const pidfd = pidfdOpen(pid);
  const startTime = startTimeOf(pid) ?? '';
  try {
    const facts = await selfTest(netns, plan, pid, words.text);
    return { pid, startTime, ...facts };
  } catch (error) {
    await endProgram(pidfd, constants.signals.SIGTERM);
    reap(pid);
    throw error;
  } finally {
    close(pidfd);
  }
}

/** Reads on as long as the helper lives, so that the program never waits for a reader; keeps the end of it. */
function listen(fd: number): { text: () => string } {
  let text = '';
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text = (text + chunk).slice(-MAX_TEXT);
  });
  // The program ended in the middle of a word.
  socket.on('error', () => undefined);
  socket.unref();
  return { text: () => text };
}

async function selfTest(netns: OpenNetns, plan: UplinkPlan, pid: number, words: () => string): Promise<UplinkFacts> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const found = withSocket(netns, (rt) => factsOf(rt, plan));
    const ended = reap(pid);
    if (typeof found !== 'string' && !ended) return found;
    if (ended) {
      // Its last words may still be on their way.
      await rest(PAUSE);
      throw notWorking(plan, 'uplink-program', words());
    }
    if (performance.now() > deadline) throw notWorking(plan, String(found), words());
    await rest(PAUSE);
  }
}

/** The facts, or the step that is not done yet. */
function factsOf(rt: Rtnetlink, { link: name, mac }: Pick<UplinkPlan, 'link' | 'mac'>): UplinkFacts | string {
  const link = lookFor(rt, { name });
  if (link === undefined || !link.up || link.mac !== mac) return 'uplink-link';
  const addresses = listAddresses(rt, link.index).filter(({ scope }) => scope === 'global');
  if (addresses.length === 0) return 'uplink-address';
  const route = listRoutes(rt).find(({ destination, oif }) => destination === 'default' && oif === link.index);
  if (route?.via === undefined) return 'uplink-route';
  return { addresses: addresses.map(({ address, prefix }) => `${address}/${prefix}`), gateway: route.via };
}

/** Whether it has ended; one that has, and was a child of ours, is no zombie any more. */
export function reap(pid: number): boolean {
  try {
    return waitExit(pid) !== undefined;
  } catch (error) {
    // Reaped already, or started by an earlier helper.
    if (errnoOf(error) === 'ECHILD') return true;
    throw error;
  }
}

function notWorking({ program }: UplinkPlan, step: string, text: string) {
  const said = lastWords(text);
  const more = { step, hint: { code: 'uplink-other' } };
  return said === undefined
    ? broken('internal', 'uplink-failed', { program }, more)
    : broken('internal', 'uplink-failed-said', { program, said: escapeControls(said) }, more);
}
