// One more program in a container that runs: in all its namespaces and its control group, confined as it is. A monitor of
// its own carries its terminal or pipes.
import { constants } from 'node:fs';
import { startTimeOf } from '../../discovery/processes';
import type { Params } from '../../rpc/contract';
import type { Kind } from '../../rpc/contract/terms';
import { launch } from '../../sys/launch';
import { close, open } from '../../sys/libc';
import { bindPackets } from '../../sys/libc-message';
import { openNamespace } from '../../sys/namespaces';
import { broken } from '../failures';
import { containerFailure } from './failure';
import type { FirstClient } from './launch';
import { isAlive, whenGone } from './life';
import type { ContainerRecord, Exec, ProcessIdentity } from './record';
import type { Kitchen } from './start';

/** `time` nobody makes; the rest may be shared with the host, which costs nothing. `user` besides, where it has one. */
const ENTERED: readonly Kind[] = ['mnt', 'uts', 'ipc', 'pid', 'net', 'cgroup'];

export type ExecWish = Omit<Params<'container/exec'>, 'container' | 'detach'>;

interface ExecOptions {
  readonly client?: FirstClient;
  /** Nobody is told of it. */
  readonly quiet?: boolean;
}

/** Resolves once it has been executed; its pid is the host's. */
export async function execInContainer(
  { house, store, lives, confinements }: Pick<Kitchen, 'house' | 'store' | 'lives' | 'confinements'>,
  record: ContainerRecord,
  wish: ExecWish,
  { client, quiet = false }: ExecOptions = {},
): Promise<ProcessIdentity> {
  const living = lives.get(record.id);
  if (living === undefined) throw notRunning(record);
  // It would stand still like all the others, and whoever waits for it with it.
  if (living.cgroup?.frozen()) {
    throw broken('conflict', 'container-paused', { name: record.name }, { field: 'container' });
  }
  const opened: number[] = [];
  const keep = (fd: number) => {
    opened.push(fd);
    return fd;
  };
  const name = `exec-${process.hrtime.bigint()}`;
  let exec: Exec | undefined;
  try {
    const joins = openAll(living.run.program, record, opened);
    const cgroups = living.cgroup?.entrances() ?? [];
    opened.push(...cgroups);
    const control = keep(bindPackets(store.runs.exec(record.id, name)));
    const nothing = keep(open('/dev/null', constants.O_RDWR));
    const { ended } = await launch(
      house.nativeDir,
      {
        join: joins.map(({ kind }) => kind),
        cgroups: cgroups.length,
        ...confinements.of(wish.privileged ? { ...record, capAdd: ['ALL'], capDrop: [] } : record),
        userName: wish.user ?? (record.user === '' ? '0' : record.user),
        ...{ umask: 0o022, cwd: wish.workdir ?? record.workdir, cwdRequired: true },
        ...(wish.tty && { pty: { rows: client?.rows ?? 24, columns: client?.columns ?? 80 } }),
        monitor: {
          input: wish.interactive && client !== undefined ? 'once' : 'none',
          ...(client && { client: client.flags, hangUp: true }),
        },
        command: wish.command,
        environment: environment(record, wish),
      },
      {
        stdio: [nothing, nothing, nothing],
        ...{ control, joins, cgroups },
        ...(client && { client: client.fd }),
      },
      {
        hold: async (program) => {
          const startTime = startTimeOf(program);
          // A step of the set-up failed meanwhile: the launcher says which.
          if (startTime === undefined) return;
          exec = { name, pid: program, startTime, command: wish.command, startedAt: Date.now() };
          if (quiet) return;
          living.execs.add(exec);
          try {
            store.runs.putExec(record.id, exec);
          } catch (error) {
            // On a full disk: it runs all the same, only the next helper will not know of it.
            house.log.warn(`exec ${program}: ${String(error)}`);
          }
        },
      },
    );
    const made = exec;
    if (made === undefined) throw new Error('launched without having been held');
    const over = ended.then(() => whenGone(made));
    if (quiet) void over.finally(() => store.runs.forgetExec(record.id, name)).catch(() => undefined);
    else {
      lives.watchExec(record.id, living, made, over);
      house.changes.bump('container');
    }
    return made;
  } catch (error) {
    if (exec !== undefined) living.execs.delete(exec);
    store.runs.forgetExec(record.id, name);
    // It may have ended under our hands, which then is what is wrong.
    if (!isAlive(living.run.program)) throw notRunning(record);
    throw containerFailure(error, wish.command, record);
  } finally {
    for (const fd of opened) close(fd);
  }
}

export function notRunning({ name }: ContainerRecord) {
  return broken('conflict', 'container-not-running', { name }, { field: 'container' });
}

function openAll(program: ProcessIdentity, record: ContainerRecord, opened: number[]): { kind: Kind; fd: number }[] {
  const kinds = record.ids === undefined ? ENTERED : [...ENTERED, 'user' as const];
  const joins = kinds.map((kind) => {
    const fd = openNamespace(program.pid, kind);
    opened.push(fd);
    return { kind, fd };
  });
  // Looked at afterwards: still the same, so the namespaces are its own.
  if (!isAlive(program)) throw notRunning(record);
  return joins;
}

/** Of one name the last counts. */
function environment({ env }: ContainerRecord, wish: ExecWish): string[] {
  const all = [...(wish.tty ? ['TERM=xterm'] : []), ...env, ...(wish.env ?? [])];
  return [...new Map(all.map((variable) => [variable.slice(0, variable.indexOf('=')), variable])).values()];
}
