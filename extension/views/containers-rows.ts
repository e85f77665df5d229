// How containers and what they are made of look, as plain data.
import { constants } from 'node:os';
import type { Container } from '../../helper/rpc/contract/container';
import { ranInto, sentence, step, type Translate } from '../../helper/rpc/contract/sentences';
import { agoText, durationText, memoryText } from './amounts';
import { KIND_ICONS } from './icons';
import { shortId } from './images-rows';
import { kindMeaning } from './namespaces-rows';
import type {
  ContainerGroup,
  ContainerGroupNode,
  ContainerNamespaceNode,
  ContainerNode,
  LayerDirectoryNode,
  MountNode,
} from './nodes';
import { type Fact, joined, type Mark, type Row, visible } from './row';
import { usageText } from './usage';

/** How it is, in a few words: `up 5 min`, `exit 1, 2 h ago`. An end that nobody saw is not made up. */
export function stateText(container: Container, now: number, t: Translate): string {
  const { state, startedAt = now, finishedAt, createdAt, failure } = container;
  switch (state) {
    case 'running':
      return [t('up {time}', { time: durationText(now - startedAt, t) }), healthText(container, t)]
        .filter(Boolean)
        .join(t(', '));
    case 'restarting':
      return [
        failure === undefined ? endText(container, t) : failureText(failure, t),
        t('starts again in {time}', { time: durationText(Math.max(0, (container.restartAt ?? now) - now), t) }),
      ].join(t(', '));
    case 'paused':
      return t('paused, up {time}', { time: durationText(now - startedAt, t) });
    case 'created':
      return failure === undefined ? t('created {ago}', { ago: agoText(createdAt, now, t) }) : failureText(failure, t);
    case 'exited':
      if (failure !== undefined) return failureText(failure, t);
      return [endText(container, t), finishedAt !== undefined && agoText(finishedAt, now, t)]
        .filter(Boolean)
        .join(t(', '));
    case 'dead':
      return t('not wholly removed');
  }
}

/** Nothing where it has no health check. */
export function healthText({ health }: Container, t: Translate): string | undefined {
  switch (health?.status) {
    case 'starting':
      return t('health not known yet');
    case 'healthy':
      return t('healthy');
    case 'unhealthy':
      return t('unhealthy');
    default:
      return undefined;
  }
}

/** `on-failure, at most 3 times; 1 so far`. */
function restartText({ restart, restarts = 0 }: Container, t: Translate): string | undefined {
  if (restart === undefined) return undefined;
  const { policy, retries } = restart;
  const most = retries === undefined ? '' : t(', at most {count} times', { count: retries });
  return t('{policy}{most}; {count} so far', { policy, most, count: restarts });
}

function failureText({ step: at }: NonNullable<Container['failure']>, t: Translate): string {
  return at === undefined ? t('did not start') : t('did not start: {step}', { step: step(at, t) });
}

/** How its last run ended. */
export function endText({ exit, signal, oomKilled }: Container, t: Translate): string {
  if (oomKilled) return t('killed: out of memory');
  if (signal !== undefined) return t('ended by {signal}', { signal: signalName(signal) });
  return exit === undefined ? t('end unknown') : t('exit {status}', { status: exit });
}

/** `SIGKILL`; a number for those that have no name (signal(7)). */
export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? String(number);
}

/** What its last run ran into, also while it goes on. */
function metTexts({ oomKills, pidsHits }: Container, t: Translate): string[] {
  return [
    ...(oomKills === undefined ? [] : [ranInto({ kind: 'oom-kill', count: oomKills }, t)]),
    ...(pidsHits === undefined ? [] : [ranInto({ kind: 'pids-limit', count: pidsHits }, t)]),
  ];
}

type Look = 'running' | 'unhealthy' | 'paused' | 'restarting' | 'created' | 'done' | 'failed' | 'dead';

/** Signals by which a container is asked to end: no failure of its own. */
const ASKED: readonly number[] = [
  constants.signals.SIGHUP,
  constants.signals.SIGINT,
  constants.signals.SIGKILL,
  constants.signals.SIGTERM,
];

/** An end with a status other than 0, or by a crash, deserves a look. */
export function lookOf({ state, exit, signal, oomKilled, failure, health }: Container): Look {
  if (state === 'running' && health?.status === 'unhealthy') return 'unhealthy';
  if (state !== 'exited') return failure !== undefined && state === 'created' ? 'failed' : state;
  const crashed = signal !== undefined && !ASKED.includes(signal);
  const failed = failure !== undefined || oomKilled || crashed || (exit !== undefined && exit !== 0);
  return failed ? 'failed' : 'done';
}

const LOOKS: Readonly<Record<Look, { icon: string; colour: string; mark?: Mark }>> = {
  running: { icon: 'vm-running', colour: 'charts.green' },
  paused: { icon: 'debug-pause', colour: 'charts.yellow', mark: { state: 'paused' } },
  unhealthy: { icon: 'vm-running', colour: 'charts.orange', mark: { state: 'unhealthy' } },
  restarting: { icon: 'debug-restart', colour: 'charts.yellow' },
  created: { icon: 'vm-outline', colour: 'disabledForeground', mark: { state: 'stopped' } },
  done: { icon: 'vm', colour: 'disabledForeground', mark: { state: 'stopped' } },
  failed: { icon: 'vm', colour: 'charts.red', mark: { state: 'failed' } },
  dead: { icon: 'warning', colour: 'list.warningForeground', mark: { state: 'stale' } },
};

export function containerRow({ id, container, now, usage = {} }: ContainerNode, t: Translate): Row {
  const { name, image, state, command, pid, tty, createdAt, failure } = container;
  const { icon, colour, mark } = LOOKS[lookOf(container)];
  const again = restartText(container, t);
  const facts: Fact[] = [
    [t('Id'), container.id],
    [t('State'), stateText(container, now, t)],
    ...(again === undefined ? [] : [[t('Starts again'), again] as const]),
    ...(failure === undefined ? [] : [[t('Failure'), sentence(failure, t)] as const]),
    ...metTexts(container, t).map((text): Fact => [t('Ran into'), text]),
    [t('Image'), image.name],
    [t('Command'), command.join(' ')],
    ...(pid === undefined ? [] : [['pid', String(pid)] as const]),
    [t('Terminal'), tty ? t('yes') : t('no')],
    [t('Created'), new Date(createdAt).toISOString()],
    ...Object.entries(container.labels).map(([label, value]): Fact => [t('Label'), `${label}=${value}`]),
  ];
  return {
    id,
    label: visible(name),
    description: joined(
      stateText(container, now, t),
      ...(isAlive(state) ? metTexts(container, t) : []),
      visible(imageText(image)),
      isAlive(state) && usageText(usage, t),
    ),
    icon,
    colour,
    facts,
    context: `container ${state} ${isAlive(state) ? 'alive' : state === 'restarting' ? 'waiting' : 'ended'}${tty ? ' tty' : ''}`,
    expand: 'closed',
    ...(mark && { mark }),
  };
}

function isAlive(state: Container['state']): boolean {
  return state === 'running' || state === 'paused';
}

/** A reference by id is as long as one. */
export function imageText({ name }: Container['image']): string {
  return /^(sha256:)?[0-9a-f]{64}$/.test(name) ? shortId(name) : name;
}

const GROUP_ICONS: Readonly<Record<ContainerGroup, string>> = {
  processes: 'server-process',
  namespaces: 'shield',
  mounts: 'folder-library',
  limits: 'dashboard',
  files: 'files',
  changes: 'diff',
};

export function containerGroupLabel(group: ContainerGroup, t: Translate): string {
  switch (group) {
    case 'processes':
      return t('Processes');
    case 'namespaces':
      return t('Namespaces');
    case 'mounts':
      return t('Mounts');
    case 'limits':
      return t('Limits');
    case 'files':
      return t('Files');
    case 'changes':
      return t('Changes since the image');
  }
}

export function containerGroupRow({ id, group }: ContainerGroupNode, t: Translate): Row {
  return {
    id,
    label: containerGroupLabel(group, t),
    icon: GROUP_ICONS[group],
    context: `inside ${group}`,
    expand: 'closed',
  };
}

/** Whose it is: `own`, the host's, that of a name, or together with whom. */
export function whoseText({ host, names, others }: ContainerNamespaceNode, t: Translate): string {
  if (host) return t('host');
  const parts = [
    names.length > 0 && names.map(visible).join(t(', ')),
    others.length > 0 && t('shared with {names}', { names: others.map(visible).join(t(', ')) }),
  ].filter(Boolean);
  return parts.length === 0 ? t('own') : parts.join(t(', '));
}

export function containerNamespaceRow(node: ContainerNamespaceNode, t: Translate): Row {
  const { id, kind, namespace, host, names, others } = node;
  const own = !host && names.length === 0 && others.length === 0;
  return {
    id,
    label: kind,
    description: joined(namespace, whoseText(node, t)),
    icon: KIND_ICONS[kind],
    ...(!host && { colour: own ? 'charts.green' : 'charts.yellow' }),
    facts: [
      [t('Isolates'), kindMeaning(kind, t)],
      [t('Whose'), whoseText(node, t)],
    ],
    context: `belonging ${kind} ${host ? 'host' : 'isolated'}`,
    expand: 'never',
  };
}

const MOUNT_ICONS: Readonly<Record<MountNode['kind'], string>> = {
  overlay: 'layers',
  bind: 'folder-library',
  tmpfs: 'zap',
  disk: 'database',
};

export function mountRow({ id, target, kind, source, readonly, size, layers }: MountNode, t: Translate): Row {
  const below = layers.length - 1;
  const facts: Fact[] = [
    [t('Target'), target],
    [t('Kind'), kind],
    ...(source === undefined ? [] : [[t('Source'), source] as const]),
    [t('Writable'), readonly ? t('no') : t('yes')],
    ...(size === undefined ? [] : [[t('Size'), memoryText(size)] as const]),
  ];
  return {
    id,
    label: visible(target),
    description: joined(
      kind,
      kind === 'overlay' && (below === 1 ? t('1 layer') : t('{count} layers', { count: below })),
      source !== undefined && `← ${visible(source)}`,
      size !== undefined && memoryText(size),
      readonly && t('read-only'),
    ),
    icon: MOUNT_ICONS[kind],
    facts,
    context: `mount ${kind}`,
    expand: layers.length > 0 ? 'closed' : 'never',
  };
}

export function layerDirectoryRow({ id, path, layer }: LayerDirectoryNode, t: Translate): Row {
  return {
    id,
    label: layer === undefined ? 'upperdir' : t('lowerdir {number}', { number: layer }),
    description: visible(path),
    icon: layer === undefined ? 'edit' : 'lock',
    facts: [
      [t('Directory'), path],
      [t('Writable'), layer === undefined ? t('yes') : t('no')],
    ],
    context: 'directory',
    expand: 'never',
  };
}
