// A shell in the namespaces of a process and, of one kind, in another namespace: by dropping one on the other, or asked.
import type { Process } from '../../helper/rpc/contract/process';
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { pickNamespace, pickProcess } from '../prompts/pick';
import { type Position, type Step, wizard } from '../prompts/wizard';
import { enteringBoth } from '../terminals/both';
import type { Entry } from '../terminals/places';
import { openTerminal } from '../terminals/sessions';
import { t } from '../translate';
import { visible } from '../views/row';
import { type Ground, groundLabel, groundRef } from './dropping';
import { hostNamespaces, opening } from './session';
import { processesOf, type Target } from './target';

type Hosts = Awaited<ReturnType<typeof hostNamespaces>>;

export async function openBoth(context: Connected, processes: readonly Process[], ground: Ground): Promise<void> {
  for (const { plan, look } of entriesOf(processes, ground, await hostNamespaces(context))) {
    await openTerminal(context, plan, look);
  }
}

function entriesOf(processes: readonly Process[], ground: Ground, host: Hosts): Entry[] {
  const { kind, id } = ground;
  const place = { kind, id, host: host.has(id), of: groundRef(ground), label: groundLabel(ground, t) };
  return processes.map((process) => enteringBoth(process, place, host));
}

/** The same by keyboard. */
export async function enterBoth(context: Connected, target: Target): Promise<void> {
  let processes = processesOf(target);
  const given = processes.length > 0;
  let ground: Ground | undefined;
  const host = await hostNamespaces(context);
  const steps: Step[] = [
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
  ];
  const offer = copying(context, () =>
    ground ? entriesOf(processes, ground, host).map(({ plan }) => opening(context, plan)) : [],
  );
  await wizard(t('Open shell here with another namespace'), steps, offer);
  if (ground) await openBoth(context, processes, ground);
}
