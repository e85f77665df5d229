// uplink/*: an outside connection for network namespaces that have none.
import { ProgressLocation, window } from 'vscode';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Connected } from '../context';
import { allNetns, netnsChoice, pickSome } from '../prompts/pick';
import { alone } from '../prompts/wizard';
import { t } from '../translate';
import { netnsLabel } from '../views/networks-rows';
import { netnsKey } from '../views/nodes';
import { netnsRef } from '../views/refs';
import { done } from './report';
import { nodesOf, type Target } from './target';

/** The helper tests the connection before it answers, which may take seconds. */
export async function startUplink(context: Connected, target: Target): Promise<void> {
  const { client } = context;
  const chosen = rowsOf(target) ?? (await pick(context, t('Connect with the outside'), isLonely));
  for (const netns of chosen) {
    const name = netnsLabel(netns, t);
    const title = t('Connecting {netns} with the outside', { netns: name });
    const { program, addresses } = await window.withProgress({ location: ProgressLocation.Window, title }, () =>
      client.call('uplink/start', { netns: netnsRef(netns) }),
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
  const { uplinks } = await client.call('uplink/list', {});
  const connected = new Set(uplinks.map(({ netns }) => netnsKey(netns)));
  const isConnected = (netns: Netns) => connected.has(netnsKey(netns));
  const chosen = rowsOf(target) ?? (await pick(context, t('Disconnect from the outside'), isConnected));
  for (const netns of chosen) {
    await client.call('uplink/stop', { netns: netnsRef(netns) });
    done(t('{netns} is cut off from the outside', { netns: netnsLabel(netns, t) }));
  }
}

function rowsOf(target: Target): Netns[] | undefined {
  const rows = nodesOf(target, 'netns').map(({ netns }) => netns);
  return rows.length > 0 ? rows : undefined;
}

/** The host is outside already; the home of a user realm is not. */
function isLonely({ host, realm }: Netns): boolean {
  return !host || realm === 'user';
}

async function pick({ client }: Connected, title: string, fits: (netns: Netns) => boolean): Promise<Netns[]> {
  const choices = (await allNetns(client)).filter(fits).map(netnsChoice);
  return pickSome(alone(title), t('Network namespace'), choices);
}
