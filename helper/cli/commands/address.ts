// isolab address …: protocol addresses of interfaces.
import type { Address } from '../../rpc/contract/address';
import { type Command, command, operand, value } from '../command';
import type { Context } from '../context';
import { link, netns, text } from '../refs';
import { table } from '../table';

const CIDR = operand('CIDR', text, 'The address with its prefix length: 10.0.0.1/24.');
const LINK = operand('NAME[@NETNS]', link, 'The interface, in that network namespace (the host’s when left out).');
const FIELDS = { address: 'CIDR', link: 'NAME[@NETNS]' };

export const ADDRESSES: readonly Command[] = [
  command({
    words: 'address add',
    summary: 'Add an address to an interface.',
    operands: { address: CIDR, link: LINK },
    fields: FIELDS,
    run: async (context, { address, link }) =>
      context.show(await context.call('address/add', { address, link }), (added) => rows(context, [added])),
  }),
  command({
    words: 'address delete',
    summary: 'Take an address off an interface.',
    operands: { address: CIDR, link: LINK },
    fields: FIELDS,
    run: async (context, { address, link }) =>
      context.show(await context.call('address/delete', { address, link }), () => []),
  }),
  command({
    words: 'address list',
    summary: 'List the addresses in a network namespace.',
    options: { netns: value('NETNS', netns, 'The network namespace; the host’s when left out.') },
    fields: { netns: '--netns' },
    run: async (context, given) =>
      context.show(await context.call('address/list', given.netns ? { netns: given.netns } : {}), ({ addresses }) =>
        rows(context, addresses),
      ),
  }),
];

function rows({ t }: Context, addresses: readonly Address[]): string[] {
  return table(
    [t('INTERFACE'), t('ADDRESS'), t('FAMILY'), t('SCOPE')],
    addresses.map((one) => [one.link, `${one.address}/${one.prefix}`, one.family, one.scope]),
  );
}
