// isolab route …: the main routing table of a network namespace.
import type { Route } from '../../rpc/contract/route';
import { type Command, command, keyword, operand, value } from '../command';
import type { Context } from '../context';
import { type NetnsArgument, netns, text } from '../refs';
import { table } from '../table';

const PLACES = {
  destination: operand('DEST', text, 'default, an address, or a network such as 10.1.0.0/16.'),
  via: keyword('GW', text, 'The gateway.'),
  dev: keyword('IF', text, 'The interface it leaves by.'),
};
const OPTIONS = { netns: value('NETNS', netns, 'The network namespace; the host’s when left out.') };
const FIELDS = { destination: 'DEST', via: 'via', dev: 'dev', netns: '--netns' };

export const ROUTES: readonly Command[] = [
  command({
    words: 'route add',
    summary: 'Add a route: through a gateway, out of an interface, or both.',
    operands: PLACES,
    options: OPTIONS,
    fields: FIELDS,
    run: async (context, given) =>
      context.show(await context.call('route/add', params(given)), (added) => rows(context, [added])),
  }),
  command({
    words: 'route delete',
    summary: 'Delete a route.',
    operands: PLACES,
    options: OPTIONS,
    fields: FIELDS,
    run: async (context, given) => context.show(await context.call('route/delete', params(given)), () => []),
  }),
  command({
    words: 'route list',
    summary: 'List the main routing table of a network namespace.',
    options: OPTIONS,
    fields: FIELDS,
    run: async (context, given) =>
      context.show(await context.call('route/list', given.netns ? { netns: given.netns } : {}), ({ routes }) =>
        rows(context, routes),
      ),
  }),
];

function params(given: {
  destination: string;
  via: string | undefined;
  dev: string | undefined;
  netns: NetnsArgument | undefined;
}) {
  return {
    destination: given.destination,
    ...(given.via !== undefined && { via: given.via }),
    ...(given.dev !== undefined && { dev: given.dev }),
    ...(given.netns !== undefined && { netns: given.netns }),
  };
}

function rows({ t }: Context, routes: readonly Route[]): string[] {
  return table(
    [t('DESTINATION'), t('GATEWAY'), t('INTERFACE'), t('SOURCE'), t('METRIC'), t('PROTOCOL'), t('SCOPE'), t('TYPE')],
    routes.map((one) => [one.destination, one.via, one.dev, one.source, one.metric, one.protocol, one.scope, one.type]),
  );
}
