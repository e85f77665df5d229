// isolab namespace …: namespaces of every kind, and whether two processes share them.
import type { Namespace } from '../../rpc/contract/namespace';
import { type Command, command, many, operand } from '../command';
import type { Context } from '../context';
import { kind, namespace, pid } from '../refs';
import { facts, table } from '../table';
import { processRows } from './process';

export const NAMESPACES: readonly Command[] = [
  command({
    words: 'namespace list',
    summary: 'List namespaces that have processes or a name.',
    options: { kind: many('KIND', kind, 'Only this kind: mnt, uts, ipc, pid, net, user, cgroup or time.') },
    fields: { kinds: '--kind' },
    run: async (context, given) => {
      const params = given.kind.length > 0 ? { kinds: [...given.kind] } : {};
      const result = await context.call('namespace/list', params);
      const { hidden } = result;
      const status = context.show(result, ({ namespaces }) => rows(context, namespaces));
      // Left out without a word, they would be taken for not being there.
      if (hidden > 0 && !context.json)
        context.note(
          context.t('Not shown, since the kernel does not tell this helper: the namespaces of {count} processes.', {
            count: hidden,
          }),
        );
      return status;
    },
  }),
  command({
    words: 'namespace show',
    summary: 'Show one namespace and the processes in it.',
    operands: { namespace: operand('KIND:ID', namespace, 'Its kind and number, as in /proc/PID/ns.') },
    fields: { namespace: 'KIND:ID' },
    run: async (context, given) => {
      const { t } = context;
      const result = await context.call('namespace/show', { namespace: given.namespace });
      return context.show(result, ({ namespace: one, processes }) => [
        ...facts([
          [t('Namespace'), `${one.kind}:${one.id}`],
          [t('Identity'), one.uid],
          [t('Names'), one.names.join(', ') || undefined],
          [t('Whose'), whose(context, one)],
          [t('Owner'), one.owner && `user:${one.owner}`],
          [t('Parent'), one.parent && `${one.kind}:${one.parent}`],
        ]),
        '',
        ...processRows(context, processes),
      ]);
    },
  }),
  command({
    words: 'namespace compare',
    summary: 'Compare two processes kind by kind: what do they share, what isolates them?',
    operands: {
      a: operand('PID', pid, 'The first process.'),
      b: operand('PID', pid, 'The second process.'),
    },
    fields: { a: 'PID', b: 'PID' },
    run: async (context, given) => {
      const { t } = context;
      const result = await context.call('namespace/compare', { a: { pid: given.a }, b: { pid: given.b } });
      return context.show(result, ({ a, b, kinds }) =>
        table(
          [t('KIND'), `${a.pid} ${a.comm}`, `${b.pid} ${b.comm}`, t('RESULT')],
          kinds.map((one) => [
            one.kind,
            one.a,
            one.b,
            one.shared === undefined ? t('unknown') : one.shared ? t('shared') : t('isolated'),
          ]),
        ),
      );
    },
  }),
];

function whose({ t }: Context, one: Namespace): string | undefined {
  if (one.host) return t('host');
  return one.ours ? 'Isolab' : undefined;
}

function rows(context: Context, namespaces: readonly Namespace[]): string[] {
  const { t } = context;
  return table(
    [t('KIND'), 'ID', t('PROCESSES'), t('WHOSE'), 'PID', t('COMMAND'), t('NAMES')],
    namespaces.map((one) => [
      one.kind,
      one.id,
      one.processes,
      whose(context, one),
      one.leader?.pid,
      one.leader?.comm,
      one.names.join(', ') || undefined,
    ]),
    context.columns(),
  );
}
