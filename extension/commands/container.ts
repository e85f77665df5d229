// container/*: what is done with containers that exist. The wizard that makes one stands in run.ts.
import { window } from 'vscode';
import type { Input } from '../../helper/rpc/contract';
import type { Container } from '../../helper/rpc/contract/container';
import type { Connected } from '../context';
import { copyAsCommand, copying } from '../equivalents/copy';
import { all, loadRules, notIn } from '../prompts/rules';
import { askPick, askText, Cancelled, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { containerNode, lives } from '../views/containers-nodes';
import { visible } from '../views/row';
import { containerName, onEach, oneContainer, someContainers } from './containers-meant';
import { copyText } from './copy';
import { deleteNodes } from './delete';
import { told } from './image-files';
import { long } from './long';
import { done } from './report';
import type { Target } from './target';

/** What kill(1) is used for most, the default first. */
const SIGNALS = [
  'SIGKILL',
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGSTOP',
  'SIGCONT',
] as const;

export async function startContainer(context: Connected, target: Target): Promise<void> {
  const chosen = await someContainers(context, target, t('Start container'), (each) => !lives(each));
  const start = ({ id }: Container) => context.client.call('container/start', { container: { id } });
  await onEach(context, chosen, containerName, start, (names) => t('Started {names}', { names }));
}

export async function stopContainer(context: Connected, target: Target): Promise<void> {
  const chosen = await someContainers(
    context,
    target,
    t('Stop container'),
    (one) => lives(one) || one.state === 'restarting',
  );
  const stop = ({ id, name }: Container) =>
    long(t('Stopping {name}', { name: visible(name) }), (options) =>
      context.client.call('container/stop', { container: { id } }, options),
    );
  await onEach(context, chosen, containerName, stop, (names) => t('Stopped {names}', { names }));
}

export async function restartContainer(context: Connected, target: Target): Promise<void> {
  const chosen = await someContainers(context, target, t('Restart container'));
  const restart = ({ id, name }: Container) =>
    long(t('Restarting {name}', { name: visible(name) }), (options) =>
      context.client.call('container/restart', { container: { id } }, options),
    );
  await onEach(context, chosen, containerName, restart, (names) => t('Restarted {names}', { names }));
}

export async function killContainer(context: Connected, target: Target): Promise<void> {
  const title = t('Kill container');
  const chosen = await someContainers(context, target, title, lives);
  if (chosen.length === 0) return;
  let signal: string = SIGNALS[0];
  const names = chosen.map(containerName).join(', ');
  const ask: Step = async (position) => {
    const choices = SIGNALS.map((value) => ({ label: value, description: signalMeaning(value), value }));
    const prompt = t('Signal for the first process of {names}', { names });
    signal = await askPick(position, { prompt, choices, active: (value) => value === signal });
  };
  const params = ({ id }: Container) => ({ container: { id }, signal });
  const offer = copying(context, () => chosen.map((each) => ({ method: 'container/kill', params: params(each) })));
  await wizard(title, [ask], offer);
  const kill = (each: Container) => context.client.call('container/kill', params(each));
  await onEach(context, chosen, containerName, kill, (sent) => t('Sent {signal} to {names}', { signal, names: sent }));
}

function signalMeaning(signal: (typeof SIGNALS)[number]): string {
  switch (signal) {
    case 'SIGKILL':
      return t('ends it at once');
    case 'SIGTERM':
      return t('asks it to end');
    case 'SIGINT':
      return t('as Ctrl+C does');
    case 'SIGHUP':
      return t('often: read the configuration anew');
    case 'SIGQUIT':
      return t('ends it with a core dump');
    case 'SIGUSR1':
    case 'SIGUSR2':
      return t('means what the program says');
    case 'SIGSTOP':
      return t('stands still until SIGCONT');
    case 'SIGCONT':
      return t('goes on');
  }
}

export async function pauseContainer(context: Connected, target: Target): Promise<void> {
  const chosen = await someContainers(context, target, t('Pause container'), ({ state }) => state === 'running');
  const pause = ({ id }: Container) => context.client.call('container/pause', { container: { id } });
  await onEach(context, chosen, containerName, pause, (names) => t('Paused {names}', { names }));
}

export async function unpauseContainer(context: Connected, target: Target): Promise<void> {
  const chosen = await someContainers(context, target, t('Unpause container'), ({ state }) => state === 'paused');
  const unpause = ({ id }: Container) => context.client.call('container/unpause', { container: { id } });
  await onEach(context, chosen, containerName, unpause, (names) => t('Unpaused {names}', { names }));
}

export async function removeContainer(context: Connected, target: Target): Promise<void> {
  const chosen = await someContainers(context, target, t('Remove container'));
  const now = Date.now();
  await deleteNodes(
    context,
    chosen.map((container) => containerNode(container, now)),
  );
}

export async function pruneContainers(context: Connected): Promise<void> {
  const { containers } = await context.client.call('container/list', { all: true });
  const ended = containers.filter((each) => !lives(each));
  if (ended.length === 0) {
    void window.showInformationMessage(t('Every container is running: there is nothing to remove.'));
    return;
  }
  const yes = t('Remove');
  const copy = t('Copy as command');
  const question = t('Remove all containers that do not run, and what was written in them?');
  const detail = ended.map((each) => `• ${containerName(each)}`).join('\n');
  const answer = await window.showWarningMessage(question, { modal: true, detail }, yes, copy);
  if (answer === copy) await copyAsCommand(context, [{ method: 'container/prune', params: {} }]);
  if (answer !== yes) throw new Cancelled();
  const { removed } = await context.client.call('container/prune', {});
  done(t('Removed {count} containers', { count: removed.length }));
}

export async function renameContainer(context: Connected, target: Target): Promise<void> {
  const { client } = context;
  const title = t('Rename container');
  const [container, rules] = await Promise.all([oneContainer(context, target, title), loadRules(t)]);
  const { containers } = await client.call('container/list', { all: true });
  const taken = new Set(containers.filter(({ id }) => id !== container.id).map(({ name }) => name));
  let { name } = container;
  const params = () => ({ container: { id: container.id }, name });
  const ask: Step = async (position) => {
    name = await askText(position, {
      prompt: t('New name of {name}', { name: containerName(container) }),
      value: name,
      check: all(
        rules.containerName,
        notIn(taken, (text) => t('A container “{name}” exists already.', { name: text })),
      ),
    });
  };
  await wizard(
    title,
    [ask],
    copying(context, () => [{ method: 'container/rename', params: params() }]),
  );
  if (name === container.name) return;
  await client.call('container/rename', params());
  done(t('{name} is now {newName}', { name: containerName(container), newName: name }));
}

export async function copyContainerName(context: Connected, target: Target): Promise<void> {
  await copyText((await someContainers(context, target, t('Copy container name'))).map(({ name }) => name));
}

export async function inspectContainer(context: Connected, target: Target): Promise<void> {
  await context.documents.container(await oneContainer(context, target, t('Inspect container')));
}

export async function showChanges(context: Connected, target: Target): Promise<void> {
  await context.documents.changes(await oneContainer(context, target, t('Changes since the image')));
}

export async function showLogs(context: Connected, target: Target): Promise<void> {
  await context.logs.show(await oneContainer(context, target, t('Show output of container')));
}

export async function commitContainer(context: Connected, target: Target): Promise<void> {
  const title = t('Commit container');
  const [container, rules] = await Promise.all([oneContainer(context, target, title), loadRules(t)]);
  let name = '';
  let message = '';
  const params = (): Input<'container/commit'> => ({
    container: { id: container.id },
    name,
    ...(message !== '' && { message }),
  });
  const steps: Step[] = [
    async (position) => {
      const prompt = t('Name of the new image, such as {example}', { example: `${container.name}:1` });
      name = await askText(position, { prompt, value: name, check: rules.imageName });
    },
    async (position) => {
      const prompt = t('What was changed, or nothing');
      message = await askText(position, { prompt, value: message, check: () => undefined });
    },
  ];
  const offer = copying(context, () => [{ method: 'container/commit', params: params() }]);
  await wizard(title, steps, offer);
  const shown = t('Making an image of {name}', { name: containerName(container) });
  const made = await long(shown, (options) => context.client.call('container/commit', params(), options));
  await told(context, { images: [made.image], notes: made.notes });
}
