// isolab uplink …: an outside connection for a network namespace, without touching the host's links.
import type { Uplink } from '../../rpc/contract/uplink';
import { UPLINK_PROGRAMS } from '../../rpc/contract/uplink-programs';
import { type Command, command, operand, value } from '../command';
import type { Context } from '../context';
import { netns, oneOf, text } from '../refs';
import { table } from '../table';

export const UPLINKS: readonly Command[] = [
  command({
    words: 'uplink start',
    summary: 'Connect a network namespace with the outside through pasta or slirp4netns.',
    notes: [
      'No port of the host is opened to the inside. The connection goes with the namespace, or with “isolab uplink stop”.',
    ],
    operands: { netns: operand('NETNS', netns, 'The network namespace to connect.') },
    options: {
      program: value('PROGRAM', oneOf(...UPLINK_PROGRAMS), 'pasta or slirp4netns; the first that works when left out.'),
      link: value('IF', text, 'Name of the interface inside; uplink0 when left out.'),
    },
    fields: { netns: 'NETNS', program: '--program', link: '--link' },
    run: async (context, { netns, program, link }) => {
      const params = { netns, ...(program !== undefined && { program }), ...(link !== undefined && { link }) };
      return context.show(await context.call('uplink/start', params), (uplink) => rows(context, [uplink]));
    },
  }),
  command({
    words: 'uplink stop',
    summary: 'End the outside connection of a network namespace.',
    operands: { netns: operand('NETNS', netns, 'The network namespace.') },
    fields: { netns: 'NETNS' },
    run: async (context, { netns }) => context.show(await context.call('uplink/stop', { netns }), () => []),
  }),
  command({
    words: 'uplink list',
    summary: 'List the outside connections, and the programs for them that are installed.',
    run: async (context) => {
      const { t } = context;
      const result = await context.call('uplink/list', {});
      const status = context.show(result, ({ uplinks }) => rows(context, uplinks));
      if (context.json) return status;
      for (const { program, path } of result.programs) {
        context.note(path === undefined ? t('{program} is not installed.', { program }) : `${program}: ${path}`);
      }
      return status;
    },
  }),
];

function rows({ t }: Context, uplinks: readonly Uplink[]): string[] {
  return table(
    [t('NETNS'), t('INTERFACE'), t('ADDRESS'), t('GATEWAY'), t('NAME SERVER'), t('PROGRAM'), 'PID'],
    uplinks.map(({ netns, link, addresses, gateway, nameserver, program, pid }) => [
      netns.names.join(', ') || `net:${netns.id}`,
      link,
      addresses.join(', '),
      gateway,
      nameserver,
      program,
      pid,
    ]),
  );
}
