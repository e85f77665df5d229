// session/*: new isolated shells, and shells in namespaces that exist.
import { ThemeColor, ThemeIcon } from 'vscode';
import { commandLine, wrapped } from '../../helper/rpc/contract/command-line';
import { diskOf } from '../../helper/rpc/contract/disk-text';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Process } from '../../helper/rpc/contract/process';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { Connected } from '../context';
import { type Change, copying, copyLines } from '../equivalents/copy';
import { type Identity, identitiesFor, proposedIdentity } from '../prompts/identities';
import { pickNamespace, pickProcess } from '../prompts/pick';
import { loadRules, optional } from '../prompts/rules';
import { alone, askMany, askPick, askText, type Choice, type Position, type Step, wizard } from '../prompts/wizard';
import { type Disk, noDisk } from '../terminals/disks';
import { entering, joinsOf, type Place } from '../terminals/places';
import { type Look, openTerminal, type Plan, planOf } from '../terminals/sessions';
import { t } from '../translate';
import { type Explanation, explainKind } from '../views/explain';
import { KIND_ICONS, SHELL_ICON } from '../views/icons';
import { hostIds, namespaceNode } from '../views/namespaces-nodes';
import { kindMeaning } from '../views/namespaces-rows';
import { visible } from '../views/row';
import { nodesOf, type Target } from './target';

export async function newShell(context: Connected, target: Target): Promise<void> {
  const { defaultKinds, defaultIdentity } = context.configured();
  let kinds = target.kinds ?? defaultKinds;
  let identity: Identity | undefined;
  let disk: Disk | undefined;
  // A disk goes with the mnt namespace that it needs.
  const plan = (): Plan => ({
    ...planOf(kinds, identity),
    ...(disk && kinds.includes('mnt') && { disks: [disk] }),
  });
  const title = t('New isolated shell');
  const steps: Step[] = [
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
    async (position) => {
      while ((await review(context, position, plan(), kinds)) === 'disk') disk = await askDisk(title, disk);
    },
  ];
  await wizard(
    title,
    steps,
    copying(context, () => [opening(context, plan())]),
  );
  await openTerminal(context, plan(), shellLook(kinds));
}

/** Shows the equivalent command line, and copies it as often as wanted; ends when the shell is to be opened, or get a disk. */
async function review(
  context: Connected,
  position: Position,
  plan: Plan,
  kinds: readonly Kind[],
): Promise<'open' | 'disk'> {
  const { method, params } = opening(context, plan);
  const { lines } = await context.client.call('command/equivalent', { method, params: { ...params } });
  const reason = noDisk(context.client.greeting.features, kinds, t);
  const choices: Choice<'open' | 'copy' | 'disk' | undefined>[] = [
    { label: t('Open the shell'), iconPath: new ThemeIcon('terminal'), value: 'open' },
    { label: t('Copy the command line'), iconPath: new ThemeIcon('copy'), value: 'copy' },
    diskChoice(reason),
  ];
  const note = { title: t('The equivalent command line'), lines: lines.flatMap((argv) => wrapped(argv)) };
  const prompt = t('Open it, or see what util-linux would be told for the same');
  for (;;) {
    const chosen = await askPick(position, { prompt, choices, note });
    if (chosen === 'open' || chosen === 'disk') return chosen;
    if (chosen === 'copy') await copyLines(lines.map(commandLine));
  }
}

/** Greyed where there can be none, with the reason; it then does nothing. */
function diskChoice(reason: string | undefined): Choice<'disk' | undefined> {
  const label = t('With a disk of its own…');
  if (reason === undefined) {
    const detail = t('A new file system of a size you choose, seen only inside, gone with the shell.');
    return { label, detail, iconPath: new ThemeIcon('database'), value: 'disk' };
  }
  const icon = new ThemeIcon('circle-slash', new ThemeColor('disabledForeground'));
  return { label, detail: reason, iconPath: icon, value: undefined };
}

async function askDisk(title: string, before: Disk | undefined): Promise<Disk | undefined> {
  const { disk } = await loadRules(t);
  const text = await askText(alone(title), {
    prompt: t('Size and directory of the disk; the directory must be there already. Empty: no disk.'),
    value: before === undefined ? '256M:/mnt' : `${before.size}:${before.target}`,
    check: optional(disk),
  });
  return diskOf(text);
}

/** The request, as openTerminal makes it, for its command line. */
export function opening(context: Connected, plan: Plan): Change {
  const { shell } = context.configured();
  return { method: 'session/open', params: { ...(shell !== '' && { command: [shell] }), ...plan } };
}

function shellLook(kinds: readonly Kind[]): Look {
  const [only] = kinds;
  const icon = kinds.length === 1 && only ? KIND_ICONS[only] : SHELL_ICON;
  // Each of them is a place of its own.
  return { name: shellName(kinds), icon, colourOf: `session:${Date.now()}` };
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

/** The description says what it isolates; this, what follows. */
function detailOf({ more, page }: Required<Explanation>): string {
  return `${more} ${page}`;
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
    let place: Place | undefined;
    const ask: Step = async (position) => {
      place = namespaceNode(await pickNamespace(position, context.client, t('Namespace to enter')));
    };
    const plan = () => (place ? [opening(context, entering(place, new Set(), t).plan)] : []);
    await wizard(t('Open shell here'), [ask], copying(context, plan));
    if (place) places.push(place);
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
  const steps: Step[] = [
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
  ];
  const plan = (): Plan => ({ join: process && kinds ? joinsOf(process, kinds) : [] });
  await wizard(
    title,
    steps,
    copying(context, () => [opening(context, plan())]),
  );
  if (!process || !kinds) return;
  const name = `${visible(process.comm)} (${process.pid})`;
  const look = { name, icon: 'terminal', colourOf: `${process.pid}:${process.startTime}` };
  await openTerminal(context, plan(), look);
}

export async function hostNamespaces({ client }: Connected) {
  return hostIds((await client.call('namespace/list', {})).namespaces);
}
