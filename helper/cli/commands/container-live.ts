// isolab container stats, events: what goes on while it is looked at, until one has seen enough (^C).
import { setTimeout as pause } from 'node:timers/promises';
import type { Result } from '../../rpc/contract';
import type { ContainerEvent } from '../../rpc/contract/events';
import type { Stats } from '../../rpc/contract/limits';
import { ranInto } from '../../rpc/contract/sentences';
import { type Command, command, flag, maybe } from '../command';
import { container, type Ref } from '../container-plan';
import type { Context } from '../context';
import { write } from '../output';
import { nothingToPrint } from '../print';
import { table } from '../table';
import { bytes, jsonLine } from '../text';

/** Milliseconds between the first two readings, which a percentage is made from, and between those that follow. */
const FIRST = 500;
const EACH = 1000;
/** Of console_codes(4): the cursor home, the rest of a line erased, and of the screen. */
const [HOME, TO_END, BELOW] = ['\x1b[H', '\x1b[K', '\x1b[J'];
const CLEAR = '\x1b[2J';

type Reading = Result<'container/stats'>;

export const CONTAINER_LIVE: readonly Command[] = [
  command({
    words: 'container stats',
    summary:
      'Show what containers use, each second anew: memory, processors (100 % is one of them), block I/O, processes.',
    notes: [
      'It goes on until Ctrl-C, or until the container that was named has ended. With --json each reading is a line.',
    ],
    operands: { container: maybe('CONTAINER', container, 'Its name; all that run when left out.') },
    options: { 'no-stream': flag('Once only.') },
    fields: { 'containers.0': 'CONTAINER' },
    run: (context, given) => stats(context, given.container, !given['no-stream']),
  }),
  command({
    words: 'container events',
    summary: 'Tell of processes that are killed for want of memory, and of forks that a limit refuses, as they happen.',
    notes: ['It goes on until Ctrl-C. Of one container and kind there is at most one line a second, with the number.'],
    operands: { container: maybe('CONTAINER', container, 'Its name; all containers when left out.') },
    fields: { container: 'CONTAINER' },
    run: async (context, given) => {
      if (context.print) nothingToPrint();
      const { container: ref } = given;
      const only = ref && (await context.call('container/show', { container: ref })).id;
      return context.listen((event) => {
        if (only === undefined || event.id === only)
          write(1, `${context.json ? jsonLine(event) : told(event, context)}\n`);
      });
    },
  }),
];

function told(event: ContainerEvent, { t }: Context): string {
  return `${new Date(event.at).toISOString()} ${event.name}: ${ranInto(event, t)}`;
}

/** As docker-stats(1) does, also into a pipe: there without redrawing. */
async function stats(context: Context, named: Ref | undefined, stream: boolean): Promise<number> {
  const params = named === undefined ? {} : { containers: [named] };
  const ask = () => context.call('container/stats', params);
  let before = await ask();
  for (let wait = FIRST; ; wait = EACH) {
    await pause(wait);
    const now = await ask();
    if (!stream) return context.show(now, () => linesOf(context, before, now));
    // Nothing is to come any more of the one that was asked for.
    if (named !== undefined && now.stats.length === 0) return 0;
    show(context, linesOf(context, before, now), { now, first: wait === FIRST });
    before = now;
  }
}

function show(context: Context, lines: readonly string[], { now, first }: { now: Reading; first: boolean }): void {
  // Refused there: it changes nothing.
  if (context.print !== undefined) nothingToPrint();
  if (context.json || context.columns() === undefined) {
    write(1, context.json ? `${jsonLine(now)}\n` : lines.map((line) => `${line}\n`).join(''));
    return;
  }
  const screen = lines.map((line) => `${line}${TO_END}\n`).join('');
  write(1, `${first ? CLEAR : ''}${HOME}${screen}${BELOW}`);
}

function linesOf(context: Context, before: Reading, now: Reading): string[] {
  const { t } = context;
  const earlier = new Map(before.stats.map((each) => [each.id, each.stats]));
  return table(
    [t('NAME'), t('CPU'), t('MEMORY'), t('LIMIT'), t('READ'), t('WRITTEN'), t('PROCESSES')],
    now.stats.map(({ id, name, stats: one }) => {
      const { memory, io, pids } = one;
      const from = earlier.get(id);
      return [
        name,
        from === undefined ? undefined : percent(from, one),
        sized(memory?.workingSet),
        sized(memory?.limit),
        sized(io?.readBytes),
        sized(io?.writeBytes),
        pids?.current,
      ];
    }),
    context.columns(),
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
