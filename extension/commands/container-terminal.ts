// container/exec and container/attach in terminals.
import type { Container } from '../../helper/rpc/contract/container';
import type { Connected } from '../context';
import { openContainerTerminal } from '../terminals/containers';
import { t } from '../translate';
import { containerName, oneContainer, someContainers } from './containers-meant';
import { done } from './report';
import type { Target } from './target';

/** What every image with a shell has. */
const SHELL = '/bin/sh';

export async function openContainerShell(context: Connected, target: Target): Promise<void> {
  const chosen = await someContainers(context, target, t('Open shell in container'), isRunning);
  for (const container of chosen) {
    const { id } = container;
    const plan = { container: { id }, command: [SHELL], tty: true, interactive: true };
    const answer = await context.client.call('container/exec', plan);
    if ('ticket' in answer) openContainerTerminal(context, container, answer.ticket, 'terminal');
  }
}

export async function attachContainer(context: Connected, target: Target): Promise<void> {
  const container = await oneContainer(context, target, t('Attach to container'), isRunning);
  const { id, interactive } = container;
  const plan = { container: { id }, ...(interactive && { stdin: true }) };
  const { ticket } = await context.client.call('container/attach', plan);
  openContainerTerminal(context, container, ticket, 'debug-console');
  done(t('Attached to {name}: closing the terminal leaves it running', { name: containerName(container) }));
}

function isRunning({ state }: Container): boolean {
  return state === 'running';
}
