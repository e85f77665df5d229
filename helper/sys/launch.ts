// Starts isolab-launch: a plan goes in (launch-plan.ts), descriptors stand at fixed places, status lines come back.
// What a plan means is written in native/launch; who may ask for one is the services' matter.
import { constants } from 'node:fs';
import { Socket } from 'node:net';
import { join as joinPath } from 'node:path';
import type { Kind } from '../rpc/contract/terms';
import { errnoName } from './errors';
import { encodePlan, type Slot, slots } from './launch-encode';
import type { LaunchPlan } from './launch-plan';
import { close, open, pidfdOpen } from './libc';
import { watchReadable } from './libc-poll';
import { SOCK_STREAM, socketPair, spawnDetached, waitExit } from './libc-process';

/** Numbers of descriptors of this process; the launcher inherits copies, the caller keeps and closes its own. */
export interface Descriptors {
  /** The program's standard input, output and error. The first terminal among them becomes its controlling terminal. */
  readonly stdio: readonly [number, number, number];
  /** A stream socket: one-byte signal numbers in, one status line out, end of file hangs the program up. */
  readonly link?: number;
  /** A user namespace. */
  readonly base?: number;
  readonly joins?: readonly { readonly kind: Kind; readonly fd: number }[];
  /** An open directory, or with `rootMount` a detached mount. */
  readonly root?: number;
  readonly statusFile?: number;
  /** Detached mounts, for `operations`. */
  readonly mounts?: readonly number[];
  /** cgroup.procs files, open for writing. */
  readonly cgroups?: readonly number[];
  /** Of a monitor: a bound SOCK_SEQPACKET socket on which it listens. */
  readonly control?: number;
  /** Of a monitor with a log: an open directory. */
  readonly logDirectory?: number;
  /** Of a monitor with a first client: a stream socket that carries frames. */
  readonly client?: number;
}

/** Something that did not work and that the program runs without: `cwd`, `bind`. */
export interface LaunchNote {
  readonly note: string;
  readonly errno: number;
  readonly path?: string;
}

export interface Launched {
  /** The launcher: parent of the program, lives as long as it. */
  readonly launcherPid: number;
  /** The program, as the launcher's own pid namespace numbers it. */
  readonly pid: number;
  readonly notes: readonly LaunchNote[];
  /** Settles when the launcher has ended, with the program's exit status (128 + N for a signal). */
  readonly ended: Promise<number>;
}

export interface LaunchOptions {
  /**
   * Runs once the namespaces stand, beside the rest of the set-up, with the pid that the program will have; the program
   * waits for it. Where it rejects, or the set-up fails meanwhile, the program
   * never runs and launch() rejects with that error.
   */
  readonly hold?: (pid: number) => Promise<void>;
}

/** A step of the plan failed; the program never ran. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  /** Symbolic errno; absent for a plan that was refused (`step` then starts with `plan-`). */
  readonly code: string | undefined;
  constructor(
    /** `clone`, `join-net`, `uid-map`, `mount-proc`, `exec`, `exec-interpreter`, `plan-…`, … */
    readonly step: string,
    /** Positive errno, 0 where no system call failed. */
    readonly errno: number,
    /** What the step was about: the missing interpreter, the mount's target. */
    readonly path?: string,
    /** Why a mount is refused, as a code: `mount-user-namespace`, `mount-target`, `mount-type`, `mount-propagation`. */
    readonly hint?: string,
    /** What a program said that failed: of the steps `newuidmap` and `newgidmap`. */
    readonly said?: string,
  ) {
    const code = errno === 0 ? undefined : errnoName(errno);
    super([step, path, said, code].filter((part) => part !== undefined).join(': '));
    this.code = code;
  }
}

/** The descriptors behind the channel, in the places that encodePlan() wrote down. */
function extraDescriptors(plan: LaunchPlan, descriptors: Descriptors, monitorProgram: number | undefined): number[] {
  return slots(plan, descriptors.link !== undefined).map((slot) => {
    const fd = descriptorOf(slot, descriptors, monitorProgram);
    if (fd === undefined) throw new TypeError(`no descriptor for ${JSON.stringify(slot)}`);
    return fd;
  });
}

function descriptorOf(slot: Slot, descriptors: Descriptors, monitorProgram: number | undefined): number | undefined {
  if (typeof slot === 'object') return descriptors[slot.list]?.[slot.at];
  switch (slot) {
    case 'monitorProgram':
      return monitorProgram;
    case 'link':
    case 'root':
    case 'statusFile':
    case 'base':
    case 'control':
    case 'logDirectory':
    case 'client':
      return descriptors[slot];
    default:
      return descriptors.joins?.find(({ kind }) => kind === slot)?.fd;
  }
}

interface StatusLine {
  readonly ready?: number;
  readonly started?: number;
  readonly step?: string;
  readonly note?: string;
  readonly errno?: number;
  readonly path?: string;
  readonly hint?: string;
  readonly said?: string;
}

/** Reaps the launcher when it has ended; does not keep the event loop alive for it. */
function ended(pid: number): Promise<number> {
  const pidfd = pidfdOpen(pid);
  return new Promise((resolve) => {
    const watch = watchReadable(pidfd, () => {
      watch.close();
      close(pidfd);
      resolve(waitExit(pid) ?? 1);
    });
    watch.unref();
  });
}

/**
 * Spawns isolab-launch of `nativeDir` and resolves once the program has been executed.
 * Rejects with LaunchError when a step failed (the program then never ran), with SysError when the launcher itself
 * could not be started. The launcher outlives this process and does not keep its event loop alive.
 */
export function launch(
  nativeDir: string,
  plan: LaunchPlan,
  descriptors: Descriptors,
  options: LaunchOptions = {},
): Promise<Launched> {
  const records = encodePlan(plan, { link: descriptors.link !== undefined, hold: options.hold !== undefined });
  const program = plan.monitor ? open(joinPath(nativeDir, 'isolab-monitor'), constants.O_RDONLY) : undefined;
  const [near, far] = socketPair(SOCK_STREAM);
  let launcherPid: number;
  let end: Promise<number>;
  try {
    const extra = extraDescriptors(plan, descriptors, program);
    launcherPid = spawnDetached(joinPath(nativeDir, 'isolab-launch'), [...descriptors.stdio, far, ...extra]);
    end = ended(launcherPid);
  } catch (error) {
    close(near);
    return Promise.reject(error);
  } finally {
    close(far);
    if (program !== undefined) close(program);
  }

  return new Promise((resolve, reject) => {
    const notes: LaunchNote[] = [];
    let text = '';
    let settled = false;
    let refusal: unknown;
    const channel = new Socket({ fd: near, readable: true, writable: true });

    const fail = (error: unknown): void => {
      settled = true;
      channel.destroy();
      reject(error);
    };
    const take = (line: StatusLine): void => {
      if (line.note !== undefined) {
        notes.push({
          note: line.note,
          errno: line.errno ?? 0,
          ...(line.path === undefined ? {} : { path: line.path }),
        });
      } else if (line.ready !== undefined) {
        options.hold?.(line.ready).then(
          () => channel.write('g'),
          (error: unknown) => {
            // Closing our end is what tells the launcher to end the program that waits.
            refusal = error;
            channel.end();
          },
        );
      } else if (line.started !== undefined) {
        settled = true;
        channel.destroy();
        resolve({ launcherPid, pid: line.started, notes, ended: end });
      } else {
        fail(refusal ?? new LaunchError(line.step ?? 'launcher', line.errno ?? 0, line.path, line.hint, line.said));
      }
    };

    channel.setEncoding('utf8');
    channel.on('data', (chunk: string) => {
      text += chunk;
      for (let at = text.indexOf('\n'); at >= 0 && !settled; at = text.indexOf('\n')) {
        const line = text.slice(0, at);
        text = text.slice(at + 1);
        take(JSON.parse(line) as StatusLine);
      }
    });
    // The launcher may refuse a plan before it has read all of it: what it says counts, not our EPIPE.
    channel.on('error', () => undefined);
    channel.once('close', () => {
      if (!settled) fail(refusal ?? new LaunchError('launcher', 0));
    });
    channel.write(records);
  });
}
