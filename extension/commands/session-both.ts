// A shell in the namespaces of a process and, of one kind, in another namespace: by dropping one on the other, or asked.
import type { Process } from '../../helper/rpc/contract/process';
import type { Connected } from '../context';
import { pickNamespace, pickProcess } from '../prompts/pick';
import { type Position, wizard } from '../prompts/wizard';
import { enteringBoth } from '../terminals/both';
import { openTerminal } from '../terminals/sessions';
import { t } from '../translate';
import { visible } from '../views/row';
import { type Ground, groundLabel, groundRef } from './dropping';
import { hostNamespaces } from './session';
import { processesOf, type Target } from './target';

export async function openBoth(context: Connected, processes: readonly Process[], ground: Ground): Promise<void> {
  const host = await hostNamespaces(context);
  const { kind, id } = ground;
  const place = { kind, id, host: host.has(id), of: groundRef(ground), label: groundLabel(ground, t) };
  for (const process of processes) {
    const { plan, look } = enteringBoth(process, place, host);
    await openTerminal(context, plan, look);
  }
}

/** The same by keyboard. */
export async function enterBoth(context: Connected, target: Target): Promise<void> {
  let processes = processesOf(target);
  const given = processes.length > 0;
  let ground: Ground | undefined;
  await wizard(t('Open shell here with another namespace'), [
    ...(given
      ? []
      : [
          async (position: Position) => {
            processes = [await pickProcess(position, context.client, t('Process whose namespaces to enter'))];
          },
        ]),
    async (position) => {
      const names = processes.map(({ comm, pid }) => `${visible(comm)} (${pid})`).join(', ');
      ground = await pickNamespace(
        position,
        context.client,
        t('Namespace to enter instead of the one of {names}', { names }),
      );
    },
  ]);
  if (ground) await openBoth(context, processes, ground);
}
