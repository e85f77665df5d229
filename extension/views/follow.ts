// The trees follow the active terminal: where it is that of an isolated shell, the rows of its namespaces are selected in
// the views that are open. The keyboard's focus stays in the terminal.
import { type Disposable, type Terminal, window } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Session } from '../../helper/rpc/contract/session';
import type { Context } from '../context';
import { placesOf } from './followed';
import { namespaceNode } from './namespaces-nodes';
import { netnsNode } from './nodes';

type Followed = Pick<Context, 'helper' | 'networks' | 'namespaces' | 'configured' | 'log'>;

export function followTerminal(context: Followed): Disposable[] {
  const { helper, networks, namespaces, configured, log } = context;
  const views = [networks, namespaces];
  /** The terminal whose session was found. Another may become one: a terminal is active before its session is listed. */
  let followed: Terminal | undefined;

  const follow = async () => {
    const terminal = window.activeTerminal;
    if (!terminal || !configured().followTerminal || helper.state.kind !== 'connected') return;
    if (!views.some(({ visible }) => visible)) return;
    const { client } = helper.state;
    try {
      const [pid, { sessions }] = await Promise.all([terminal.processId, client.call('session/list', {})]);
      if (window.activeTerminal !== terminal) return;
      const session = sessions.find((each) => each.terminal?.pid === pid);
      if (session === undefined) return;
      followed = terminal;
      await select(context, client, session);
    } catch (error) {
      // A helper that went meanwhile is told elsewhere; nothing was asked for here.
      if (!(error instanceof Failure)) log.error(String(error));
    }
  };

  return [
    window.onDidChangeActiveTerminal(() => void follow()),
    ...views.map(({ tree }) => tree.onDidChangeVisibility(({ visible }) => visible && void follow())),
    helper.onDidChange((topics) => {
      if (topics.includes('session') && window.activeTerminal !== followed) void follow();
    }),
  ];
}

async function select({ networks, namespaces }: Followed, client: Client, session: Session): Promise<void> {
  const list: readonly Namespace[] = (await client.call('namespace/list', {})).namespaces;
  const places = placesOf(session, list);
  const shown = places.find(({ kind }) => namespaces.isOpen(kind)) ?? places[0];
  const { host, netns } = await client.call('netns/list', {});
  const net = [host, ...netns].find(({ id }) => id === session.namespaces.net);
  await Promise.all([
    net && networks.reveal(netnsNode(net), false),
    shown && namespaces.reveal(namespaceNode(shown), false),
  ]);
}
