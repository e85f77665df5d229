// isolab netns …: network namespaces with a name, shared with `ip netns`.
import type { Netns } from '../../rpc/contract/netns';
import { type Command, command, operand } from '../command';
import type { Context } from '../context';
import { removing, yes } from '../foreign';
import { namedNetns, netns, netnsText, text } from '../refs';
import { openShell } from '../session';
import { table } from '../table';

export const NETNS: readonly Command[] = [
  command({
    words: 'netns create',
    summary: 'Create a network namespace with a name; “ip netns” shows it too. Its lo is down.',
    operands: { name: operand('NAME', text, 'The name: letters, digits, “_”, “.” and “-”.') },
    fields: { name: 'NAME' },
    run: async (context, { name }) =>
      context.show(await context.call('netns/create', { name }), (made) => rows(context, [made])),
  }),
  command({
    words: 'netns list',
    summary: 'List the host’s network namespace and those that have a name.',
    run: async (context) => {
      const { t } = context;
      const result = await context.call('netns/list', {});
      const status = context.show(result, ({ host, netns }) => rows(context, [host, ...netns]));
      if (!context.json && result.stale.length > 0)
        context.note(t('Files that name no namespace any more: {names}', { names: result.stale.join(', ') }));
      return status;
    },
  }),
  command({
    words: 'netns delete',
    summary: 'Take the name of a network namespace away. It ends with its last process.',
    operands: { netns: operand('NETNS', namedNetns, 'Its name, or net:ID.') },
    options: { yes },
    fields: { netns: 'NETNS' },
    run: async (context, given) => {
      const { t } = context;
      const result = await removing(
        context,
        given.netns,
        given.yes,
        (netns, foreign) => context.call('netns/delete', { netns, ...(foreign && { foreign }) }),
        async () => {
          const { netns } = await context.call('netns/list', {});
          const found = netns.find((one) =>
            'name' in given.netns ? one.names.includes(given.netns.name) : one.id === given.netns.id,
          );
          const what = t('The network namespace {name}', { name: netnsText(given.netns) });
          return found?.uid === undefined
            ? { what, ref: given.netns }
            : { what, ref: { ...given.netns, uid: found.uid } };
        },
      );
      if (result === undefined) return 1;
      if (result.holders.length > 0)
        context.note(
          t('Its name is gone, but processes keep it alive: {holders}', {
            holders: result.holders.map(({ pid, comm }) => `${pid} (${comm})`).join(', '),
          }),
        );
      return context.show(result, () => []);
    },
  }),
  command({
    words: 'netns exec',
    summary: 'Run a program in a network namespace, with its own /sys and the files of /etc/netns/NAME.',
    operands: { netns: operand('NETNS', netns, 'The network namespace to enter.') },
    program: 'required',
    fields: { join: 'NETNS', command: 'CMD' },
    run: (context, given, program) =>
      openShell(context, { join: [{ kind: 'net', of: given.netns }], netnsFiles: true, command: [...program] }),
  }),
];

/** The word for it on the command line is `host` in either realm. */
function homeText({ realm }: Netns, t: Context['t']): string {
  return realm === 'user' ? t('host (home of your user realm)') : t('host');
}

function rows({ t }: Context, all: readonly Netns[]): string[] {
  return table(
    [t('NAME'), 'ID', t('MADE BY')],
    all.map((one) => [
      one.host ? homeText(one, t) : one.names.join(', '),
      `net:${one.id}`,
      one.ours || one.realm === 'user' ? 'Isolab' : one.host ? t('the kernel') : t('somebody else'),
    ]),
  );
}
