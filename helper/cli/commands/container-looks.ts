// isolab container show, logs, diff, top: what is to be seen of a container.
import type { ContainerDetails, LogEntry } from '../../rpc/contract/container';
import { escaped } from '../../rpc/contract/escape';
import { ranInto, sentence } from '../../rpc/contract/sentences';
import { type Command, command, flag, operand, short, value } from '../command';
import { container, type Ref } from '../container-plan';
import type { Context } from '../context';
import { write } from '../output';
import { integer } from '../refs';
import { facts, table } from '../table';
import { safeJson } from '../text';
import { Usage } from '../usage';

const CONTAINER = operand('CONTAINER', container, 'Its name, or an id of at least 12 digits.');

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
  const met = [
    ['oom-kill', one.oomKills],
    ['pids-limit', one.pidsHits],
  ] as const;
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
    [
      t('RAN INTO'),
      met.flatMap(([kind, count]) => (count === undefined ? [] : [ranInto({ kind, count }, t)])).join('; ') ||
        undefined,
    ],
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
