// isolab neighbour …: who a network namespace knows on its links (ARP, NDP).
import { type Command, command, value } from '../command';
import { netns } from '../refs';
import { table } from '../table';

export const NEIGHBOURS: readonly Command[] = [
  command({
    words: 'neighbour list',
    summary: 'List the neighbours a network namespace knows.',
    options: { netns: value('NETNS', netns, 'The network namespace; the host’s when left out.') },
    fields: { netns: '--netns' },
    run: async (context, given) => {
      const { t } = context;
      const result = await context.call('neighbour/list', given.netns ? { netns: given.netns } : {});
      return context.show(result, ({ neighbours }) =>
        table(
          [t('ADDRESS'), 'MAC', t('INTERFACE'), t('STATE')],
          neighbours.map((one) => [one.address, one.mac, one.dev, one.state]),
        ),
      );
    },
  }),
];
