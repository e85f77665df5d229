// isolab process …: processes, and those of one namespace with the pids they have inside.
import type { Process } from '../../rpc/contract/process';
import { type Command, command, value } from '../command';
import type { Context } from '../context';
import { namespace } from '../refs';
import { table } from '../table';

export const PROCESSES: readonly Command[] = [
  command({
    words: 'process list',
    summary: 'List processes with the pids they have inside nested pid namespaces.',
    options: { in: value('KIND:ID', namespace, 'Only those in this namespace.') },
    fields: { in: '--in' },
    run: async (context, given) =>
      context.show(await context.call('process/list', given.in ? { in: given.in } : {}), ({ processes }) =>
        processRows(context, processes),
      ),
  }),
];

export function processRows(context: Context, processes: readonly Process[]): string[] {
  const { t } = context;
  return table(
    ['PID', 'PPID', t('INSIDE'), 'UID', t('COMMAND')],
    processes.map((one) => [
      one.pid,
      one.ppid,
      one.pids.length > 1 ? one.pids.slice(1).join(' ') : undefined,
      one.uid,
      one.command || `[${one.comm}]`,
    ]),
    context.columns(),
  );
}
