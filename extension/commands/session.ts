// session/*: new isolated shells, and shells in namespaces that exist.
import { env, ThemeIcon, window } from 'vscode';
import { commandLine, wrapped } from '../../helper/rpc/contract/command-line';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Process } from '../../helper/rpc/contract/process';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { Connected } from '../context';
import { type Identity, identitiesFor, proposedIdentity } from '../prompts/identities';
import { pickNamespace, pickProcess } from '../prompts/pick';
import { alone, askMany, askPick, type Choice, type Position, wizard } from '../prompts/wizard';
import { entering, joinsOf, type Place } from '../terminals/places';
import {
  type Look,
  type Opened,
  openSession,
  openTerminal,
  type Plan,
  planOf,
  terminalOptions,
} from '../terminals/sessions';
import { t } from '../translate';
import { type Explanation, explainKind } from '../views/explain';
import { KIND_ICONS, SHELL_ICON } from '../views/icons';
import { hostIds, namespaceNode } from '../views/namespaces-nodes';
import { kindMeaning } from '../views/namespaces-rows';
import { visible } from '../views/row';
import { done } from './report';
import { nodesOf, type Target } from './target';

/** Milliseconds for which a ticket that was fetched for the preview is still used: well under its life of 30 s. */
const TICKET_FRESH = 20_000;

export async function newShell(context: Connected, target: Target): Promise<void> {
  const { defaultKinds, defaultIdentity } = context.configured();
  let kinds = target.kinds ?? defaultKinds;
  let identity: Identity | undefined;
  const title = t('New isolated shell');
  await wizard(title, [
    async (position) => {
      kinds = await askKinds(position, t('Kinds of namespaces to create'), kinds);
    },
    async (position) => {
      const active = identity ?? proposedIdentity(kinds, defaultIdentity);
      identity = await askPick(position, {
        prompt: t('Who you are inside'),
        choices: identitiesFor(kinds).map(identityChoice),
        active: (value) => value === active,
      });
    },
    (position) => review(context, position, planOf(kinds, identity), shellLook(kinds)),
  ]);
}

/** Shows the equivalent command line; opens the shell, or copies the line as often as wanted. */
async function review(context: Connected, position: Position, plan: Plan, look: Look): Promise<void> {
  let opened: Opened = await openSession(context, plan, look);
  const fetched = Date.now();
  const line = commandLine(opened.equivalent);
  const choices: Choice<'open' | 'copy'>[] = [
    { label: t('Open the shell'), iconPath: new ThemeIcon('terminal'), value: 'open' },
    { label: t('Copy the command line'), iconPath: new ThemeIcon('copy'), value: 'copy' },
  ];
  const note = { title: t('The equivalent command line'), lines: wrapped(opened.equivalent) };
  const prompt = t('Open it, or see what util-linux would be told for the same');
  while ((await askPick(position, { prompt, choices, note })) === 'copy') {
    await env.clipboard.writeText(line);
    done(t('Copied {text}', { text: line }));
  }
  if (Date.now() - fetched > TICKET_FRESH) opened = await openSession(context, plan, look);
  window.createTerminal(terminalOptions(context, opened, { ...look, colourOf: opened.session })).show();
}

function shellLook(kinds: readonly Kind[]): Look {
  const [only] = kinds;
  const icon = kinds.length === 1 && only ? KIND_ICONS[only] : SHELL_ICON;
  return { name: shellName(kinds), icon, colourOf: shellName(kinds) };
}

/** What tells it from others comes first: tabs cut long names short. */
function shellName(kinds: readonly Kind[]): string {
  if (kinds.length === 0) return t('Plain shell');
  return kinds.length === KINDS.length ? t('Isolated shell') : t('{kinds} isolated', { kinds: kinds.join(' ') });
}

function identityChoice(value: Identity): Choice<Identity> {
  switch (value) {
    case 'mapped': {
      const detail = t('A user namespace maps uid 0 to your own: nothing inside has rights on the host.');
      return { label: t('Root inside, you outside'), detail, value };
    }
    case 'root':
      return { label: t('Root'), detail: t('Full rights over everything that is not isolated.'), value };
    case 'me':
      return { label: t('You'), detail: t('Your own uid and groups.'), value };
  }
}

function detailOf({ text, page }: Explanation): string {
  return `${text} ${page}`;
}

function askKinds(position: Position, prompt: string, picked: readonly Kind[]): Promise<Kind[]> {
  return askMany(position, {
    prompt,
    choices: KINDS.map((kind) => ({
      label: kind,
      description: kindMeaning(kind, t),
      detail: detailOf(explainKind(kind, t)),
      iconPath: new ThemeIcon(KIND_ICONS[kind]),
      value: kind,
    })),
    picked: (kind) => picked.includes(kind),
  });
}

export async function openShellHere(context: Connected, target: Target): Promise<void> {
  const places = target.nodes.flatMap((node): Place[] =>
    node.type === 'netns' || node.type === 'namespace' || node.type === 'process' ? [node] : [],
  );
  if (places.length === 0) {
    const namespace = await pickNamespace(alone(t('Open shell here')), context.client, t('Namespace to enter'));
    places.push(namespaceNode(namespace));
  }
  const host = places.some(({ type }) => type === 'process') ? await hostNamespaces(context) : new Set<never>();
  for (const place of places) {
    const { plan, look } = entering(place, host, t);
    await openTerminal(context, plan, look);
  }
}

/** Any subset of the namespaces of a running process, those that are not the host's picked. */
export async function enterProcess(context: Connected, target: Target): Promise<void> {
  let [process]: (Process | undefined)[] = nodesOf(target, 'process').map((node) => node.process);
  const given = process;
  const host = await hostNamespaces(context);
  let kinds: Kind[] | undefined;
  const title = t('Enter namespaces of a process');
  await wizard(title, [
    ...(given
      ? []
      : [
          async (position: Position) => {
            process = await pickProcess(position, context.client, t('Process whose namespaces to enter'));
            kinds = undefined;
          },
        ]),
    async (position) => {
      if (!process) return;
      const own = process.namespaces;
      kinds ??= KINDS.filter((kind) => own[kind] !== undefined && !host.has(own[kind]));
      kinds = await askKinds(position, t('Kinds of namespaces to enter'), kinds);
    },
  ]);
  if (!process || !kinds) return;
  const name = `${visible(process.comm)} (${process.pid})`;
  const look = { name, icon: 'terminal', colourOf: `${process.pid}:${process.startTime}` };
  await openTerminal(context, { join: joinsOf(process, kinds) }, look);
}

export async function hostNamespaces({ client }: Connected) {
  return hostIds((await client.call('namespace/list', {})).namespaces);
}
