// uplink/*: an outside connection for network namespaces that have none.
import { ProgressLocation, window } from 'vscode';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Connected } from '../context';
import { type Change, copying } from '../equivalents/copy';
import { allNetns, netnsChoice, pickSome } from '../prompts/pick';
import { wizard } from '../prompts/wizard';
import { t } from '../translate';
import { netnsLabel } from '../views/networks-rows';
import { netnsKey } from '../views/nodes';
import { netnsRef } from '../views/refs';
import { done } from './report';
import { nodesOf, type Target } from './target';

/** The helper tests the connection before it answers, which may take seconds. */
export async function startUplink(context: Connected, target: Target): Promise<void> {
  const { client } = context;
  const ask = () => pick(context, t('Connect with the outside'), isLonely, connecting);
  for (const netns of rowsOf(target) ?? (await ask())) {
    const name = netnsLabel(netns, t);
    const title = t('Connecting {netns} with the outside', { netns: name });
    const { program, addresses } = await window.withProgress({ location: ProgressLocation.Window, title }, () =>
      client.call('uplink/start', connecting(netns).params),
    );
    done(
      t('{netns} reaches the outside through {program}: {addresses}', {
        netns: name,
        program,
        addresses: addresses.join(', '),
      }),
    );
  }
}

export async function stopUplink(context: Connected, target: Target): Promise<void> {
  const { client } = context;
  const isConnected = await connectedOnes(context);
  const ask = () => pick(context, t('Disconnect from the outside'), isConnected, disconnecting);
  for (const netns of rowsOf(target) ?? (await ask())) {
    await client.call('uplink/stop', disconnecting(netns).params);
    done(t('{netns} is cut off from the outside', { netns: netnsLabel(netns, t) }));
  }
}

/** What may be done about the outside with these: connecting those that have no connection, cutting off those that do. */
export async function uplinkChanges(
  context: Connected,
  all: readonly Netns[],
): Promise<{ connect: Change[]; disconnect: Change[] }> {
  const candidates = all.filter(isLonely);
  if (candidates.length === 0) return { connect: [], disconnect: [] };
  const isConnected = await connectedOnes(context);
  return {
    connect: candidates.filter((netns) => !isConnected(netns)).map(connecting),
    disconnect: candidates.filter(isConnected).map(disconnecting),
  };
}

function connecting(netns: Netns) {
  return { method: 'uplink/start', params: { netns: netnsRef(netns) } } as const;
}

function disconnecting(netns: Netns) {
  return { method: 'uplink/stop', params: { netns: netnsRef(netns) } } as const;
}

async function connectedOnes({ client }: Connected): Promise<(netns: Netns) => boolean> {
  const { uplinks } = await client.call('uplink/list', {});
  const keys = new Set(uplinks.map(({ netns }) => netnsKey(netns)));
  return (netns) => keys.has(netnsKey(netns));
}

function rowsOf(target: Target): Netns[] | undefined {
  const rows = nodesOf(target, 'netns').map(({ netns }) => netns);
  return rows.length > 0 ? rows : undefined;
}

/** The host is outside already; the home of a user realm is not. */
function isLonely({ host, realm }: Netns): boolean {
  return !host || realm === 'user';
}

async function pick(
  context: Connected,
  title: string,
  fits: (netns: Netns) => boolean,
  change: (netns: Netns) => Change,
): Promise<Netns[]> {
  const choices = (await allNetns(context.client)).filter(fits).map(netnsChoice);
  let chosen: Netns[] = [];
  const ask = async (position: Parameters<typeof pickSome>[0]) => {
    chosen = await pickSome(position, t('Network namespace'), choices);
  };
  await wizard(
    title,
    [ask],
    copying(context, () => chosen.map(change)),
  );
  return chosen;
}
