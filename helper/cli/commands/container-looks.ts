// isolab container show, logs, top, stats: what is to be seen of a container.
import type { ContainerDetails, LogEntry } from '../../rpc/contract/container';
import { escaped } from '../../rpc/contract/escape';
import type { Stats } from '../../rpc/contract/limits';
import { sentence } from '../../rpc/contract/sentences';
import { type Command, command, flag, maybe, operand, short, value } from '../command';
import { container, type Ref } from '../container-plan';
import type { Context } from '../context';
import { write } from '../output';
import { integer } from '../refs';
import { facts, table } from '../table';
import { bytes, safeJson } from '../text';
import { Usage } from '../usage';

const CONTAINER = operand('CONTAINER', container, 'Its name, or an id of at least 12 digits.');
/** Between the two readings that a percentage is made from. */
const BETWEEN_MS = 500;

const LETTERS = { added: 'A', changed: 'C', deleted: 'D' } as const;

export const CONTAINER_LOOKS: readonly Command[] = [
  command({
    words: 'container show',
    summary: 'Show all that is known of a container.',
    operands: { container: CONTAINER },
    fields: { container: 'CONTAINER' },
    run: async (context, given) =>
      context.show(await context.call('container/show', { container: given.container }), (details) =>
        described(details, context),
      ),
  }),
  command({
    words: 'container logs',
    summary: 'Print what the program of a container wrote.',
    operands: { container: CONTAINER },
    options: {
      follow: short('f', flag('Go on with what it writes from now on, until it ends.')),
      tail: short('n', value('N', tail, 'Only the last N lines, or all.')),
      since: value('TIME', since, 'Only what is younger: 10m, 2h, or a time such as 2026-11-27T22:00:00Z.'),
      timestamps: short('t', flag('With the time before each line.')),
    },
    fields: { container: 'CONTAINER' },
    run: async (context, { container: one, ...given }) => {
      const { tail: last, since: from } = given;
      let wish: Parameters<typeof page>[1] = {
        container: one,
        ...(last !== undefined && { tail: last }),
        ...(from !== undefined && { since: from }),
      };
      for (;;) {
        const { cursor, end, ended } = await page(context, wish, given.timestamps);
        if (ended || (end && !given.follow)) return 0;
        // A cursor takes the place of the tail.
        wish = { container: one, cursor, ...(from !== undefined && { since: from }), ...(end && { follow: true }) };
      }
    },
  }),
  command({
    words: 'container diff',
    summary: 'List what was changed in a container since its image: A added, C changed, D deleted.',
    operands: { container: CONTAINER },
    fields: { container: 'CONTAINER' },
    run: async (context, given) =>
      context.show(await context.call('container/diff', { container: given.container }), ({ changes }) =>
        changes.map(({ path, change }) => `${LETTERS[change]} ${escaped(path)}`),
      ),
  }),
  command({
    words: 'container top',
    summary: 'List the processes of a container: their pids on the host, and inside.',
    operands: { container: CONTAINER },
    fields: { container: 'CONTAINER' },
    run: async (context, given) =>
      context.show(await context.call('container/top', { container: given.container }), ({ processes }) =>
        table(
          ['PID', context.t('INSIDE'), 'PPID', 'UID', context.t('COMMAND')],
          processes.map((one) => [one.pid, one.inside, one.ppid, one.uid, one.command || `[${one.comm}]`]),
          context.columns(),
        ),
      ),
  }),
  command({
    words: 'container stats',
    summary: 'Show what containers use: memory, processors (100 % is one of them), block I/O, processes.',
    operands: { container: maybe('CONTAINER', container, 'Its name; all that run when left out.') },
    fields: { 'containers.0': 'CONTAINER' },
    run: (context, given) => stats(context, given.container),
  }),
];

type LogsWish = Parameters<Context['call']>[1] & {
  container: Ref;
  tail?: number;
  since?: number;
  cursor?: string;
  follow?: boolean;
};

async function page(context: Context, wish: LogsWish, timestamps: boolean) {
  const answer = await context.call('container/logs', wish);
  if (context.json) for (const entry of answer.entries) write(1, `${safeJson(entry)}\n`);
  else for (const entry of answer.entries) write(entry.stream === 'stderr' ? 2 : 1, line(entry, timestamps));
  return answer;
}

/** As the program wrote it: what it says to a terminal is its own. */
function line({ at, text: words, partial }: LogEntry, timestamps: boolean): string {
  return `${timestamps ? `${at} ` : ''}${words}${partial ? '' : '\n'}`;
}

function tail(argument: string): number | undefined {
  return argument === 'all' ? undefined : integer(argument);
}

function since(argument: string): number {
  const span = /^(\d{1,9})([smhd])$/.exec(argument);
  const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
  if (span !== null) return Date.now() - Number(span[1]) * (seconds[span[2] ?? 's'] ?? 1) * 1000;
  const time = Date.parse(argument);
  if (Number.isNaN(time))
    throw new Usage('“{argument}” is no time, such as 10m or 2026-11-27T22:00:00Z.', { argument });
  return time;
}

function described(one: ContainerDetails, { t }: Context): string[] {
  const mounts = one.mounts.map(({ type, source, target, readonly }) =>
    [type, source, target, readonly ? 'ro' : ''].filter((word) => word !== undefined && word !== '').join(' '),
  );
  const limits = Object.entries(one.limits).filter(([name]) => name !== 'devices');
  return facts([
    ['ID', one.id],
    [t('NAME'), one.name],
    [t('IMAGE'), one.image.name],
    [t('STATE'), one.state],
    ['PID', one.pid],
    [t('COMMAND'), one.command.join(' ')],
    [t('RESTART'), restartText(one)],
    [t('HEALTH'), healthText(one, t)],
    [t('CHECK'), one.healthcheck?.command.join(' ')],
    [t('USER'), one.user || undefined],
    [t('DIRECTORY'), one.workdir],
    [t('HOST NAME'), one.hostname],
    [t('NETWORK'), one.network],
    ['pid, ipc, uts', [one.pidns, one.ipcns, one.uts].join(', ')],
    [t('MOUNTS'), mounts.join('; ') || undefined],
    [t('DEVICES'), one.devices.map(({ target }) => target).join(' ') || undefined],
    [t('CAPABILITIES'), one.capabilities.join(' ').replaceAll('CAP_', '')],
    ['no_new_privs', one.noNewPrivileges ? 1 : 0],
    ['seccomp', one.seccomp],
    [t('LIMITS'), limits.map(([name, most]) => `${name} ${JSON.stringify(most)}`).join(', ') || undefined],
    [t('LAYERS'), one.layers.length],
    [t('WRITTEN IN'), one.upper],
  ]);
}

/** As docker-run(1) has it. */
function restartText({ restart, restarts = 0 }: ContainerDetails): string | undefined {
  if (restart === undefined) return undefined;
  return `${restart.policy}${restart.retries === undefined ? '' : `:${restart.retries}`} (${restarts})`;
}

function healthText({ health, healthResults }: ContainerDetails, t: Context['t']): string | undefined {
  if (health === undefined) return undefined;
  const [last] = healthResults.slice(-1);
  const said = last?.failure === undefined ? last?.output.trim() : sentence(last.failure, t);
  return [health.status, health.failures > 0 && `(${health.failures})`, said && escaped(said)]
    .filter(Boolean)
    .join(' ');
}

async function stats(context: Context, container: Ref | undefined): Promise<number> {
  const params = container === undefined ? {} : { containers: [container] };
  const first = await context.call('container/stats', params);
  await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  const second = await context.call('container/stats', params);
  const { t } = context;
  return context.show(second, ({ stats: all }) =>
    table(
      [t('NAME'), t('CPU'), t('MEMORY'), t('LIMIT'), t('READ'), t('WRITTEN'), t('PROCESSES')],
      all.map(({ id, name, stats: now }) => {
        const before = first.stats.find((each) => each.id === id)?.stats;
        const { memory, io, pids } = now;
        return [
          name,
          before === undefined ? undefined : percent(before, now),
          sized(memory?.workingSet),
          sized(memory?.limit),
          sized(io?.readBytes),
          sized(io?.writeBytes),
          pids?.current,
        ];
      }),
    ),
  );
}

function percent(before: Stats, now: Stats): string | undefined {
  if (before.cpu === undefined || now.cpu === undefined || now.at <= before.at) return undefined;
  const share = (now.cpu.usage - before.cpu.usage) / 1e6 / (now.at - before.at);
  return `${(share * 100).toFixed(1)} %`;
}

function sized(number: number | undefined): string | undefined {
  return number === undefined ? undefined : bytes(number);
}
