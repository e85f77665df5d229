// isolab link …: network interfaces; a veth pair is made whole by one command.
import type { Link } from '../../rpc/contract/link';
import { type Command, command, flag, many, needed, operand, value } from '../command';
import type { Context } from '../context';
import { removing, yes } from '../foreign';
import { end, integer, type LinkArgument, link, netns, netnsText, text } from '../refs';
import { table } from '../table';
import { Usage } from '../usage';

const LINK = operand('NAME[@NETNS]', link, 'The interface, in that network namespace (the host’s when left out).');

export const LINKS: readonly Command[] = [
  command({
    words: 'link create veth',
    summary: 'Create a veth pair: both ends in their network namespaces, with their addresses. All or nothing.',
    options: {
      a: needed('NAME[@NETNS]', end, 'The first end, and the network namespace it is made in.'),
      b: needed('NAME[@NETNS]', end, 'The second end.'),
      'a-addr': many('CIDR', text, 'An address for the first end.'),
      'b-addr': many('CIDR', text, 'An address for the second end.'),
      up: flag('Set both ends up.'),
    },
    fields: {
      a: '--a',
      'a.addresses': '--a-addr',
      b: '--b',
      'b.addresses': '--b-addr',
    },
    run: async (context, given) => {
      const made = await context.call('link/create', {
        kind: 'veth',
        a: { ...given.a, addresses: [...given['a-addr']] },
        b: { ...given.b, addresses: [...given['b-addr']] },
        ...(given.up && { up: true }),
      });
      return context.show(made, ({ a, b }) => rows(context, [a, b]));
    },
  }),
  command({
    words: 'link list',
    summary: 'List the interfaces of a network namespace, their addresses, and the other ends of veth pairs.',
    options: { netns: value('NETNS', netns, 'The network namespace; the host’s when left out.') },
    fields: { netns: '--netns' },
    run: async (context, given) =>
      context.show(await context.call('link/list', given.netns ? { netns: given.netns } : {}), ({ links }) =>
        rows(context, links),
      ),
  }),
  command({
    words: 'link set',
    summary: 'Set an interface up or down, its MTU, or its name.',
    operands: { link: LINK },
    options: {
      up: flag('Set it up.'),
      down: flag('Set it down.'),
      mtu: value('N', integer, 'Largest packet, in bytes.'),
      rename: value('NEW', text, 'Its new name.'),
    },
    fields: { link: 'NAME[@NETNS]', mtu: '--mtu', name: '--rename' },
    run: async (context, given) => {
      if (given.up && given.down) throw new Usage('--up and --down exclude each other.');
      if (!given.up && !given.down && given.mtu === undefined && given.rename === undefined)
        throw new Usage('Say what to set: --up, --down, --mtu N or --rename NEW.');
      const set = await context.call('link/set', {
        link: given.link,
        ...((given.up || given.down) && { up: given.up }),
        ...(given.mtu !== undefined && { mtu: given.mtu }),
        ...(given.rename !== undefined && { name: given.rename }),
      });
      return context.show(set, (one) => rows(context, [one]));
    },
  }),
  command({
    words: 'link move',
    summary: 'Move an interface to another network namespace. It arrives down and without addresses.',
    operands: { link: LINK, to: operand('NETNS', netns, 'Where to; “host” for the host’s.') },
    fields: { link: 'NAME[@NETNS]', to: 'NETNS' },
    run: async (context, { link, to }) =>
      context.show(await context.call('link/move', { link, to }), (moved) => rows(context, [moved])),
  }),
  command({
    words: 'link delete',
    summary: 'Delete an interface; of a veth pair both ends go.',
    operands: { link: LINK },
    options: { yes },
    fields: { link: 'NAME[@NETNS]' },
    run: async (context, given) => {
      const result = await removing(
        context,
        given.link,
        given.yes,
        (link, foreign) => context.call('link/delete', { link, ...(foreign && { foreign }) }),
        () => exact(context, given.link),
      );
      return result === undefined ? 1 : context.show(result, () => []);
    },
  }),
];

/** The interface that has this name now, by name and index: a successor of the same name is another one. */
async function exact({ call, t }: Context, ref: LinkArgument): Promise<{ what: string; ref: LinkArgument }> {
  const { links } = await call('link/list', ref.netns ? { netns: ref.netns } : {});
  const found = links.find((one) => (ref.index === undefined ? one.name === ref.name : one.index === ref.index));
  const name = found?.name ?? ref.name ?? String(ref.index);
  const what =
    ref.netns === undefined
      ? t('The interface {name} of the host', { name })
      : t('The interface {name} in {netns}', { name, netns: netnsText(ref.netns) });
  return { what, ref: found ? { ...ref, name: found.name, index: found.index } : ref };
}

function rows(context: Context, links: readonly Link[]): string[] {
  const { t } = context;
  return table(
    [t('INDEX'), t('NAME'), t('KIND'), t('STATE'), 'MTU', 'MAC', t('PEER'), t('ADDRESSES')],
    links.map((one) => [
      one.index,
      one.name,
      one.kind,
      one.up ? one.state : t('down'),
      one.mtu,
      one.mac,
      one.peer && peer(context, one.peer),
      one.addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(' ') || undefined,
    ]),
    context.columns(),
  );
}

/** As it is written on the command line: `NAME@NETNS`, `index:N` where the name could not be had. */
function peer({ t }: Context, { index, name = `index:${index}`, netns }: NonNullable<Link['peer']>): string {
  if (netns === undefined) return `${name}@${t('(unknown)')}`;
  return `${name}@${netns.host ? 'host' : (netns.names[0] ?? `net:${netns.id}`)}`;
}
