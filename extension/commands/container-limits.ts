// container/update: limits of a container, one at a time, from its row or picked.
import { ThemeIcon } from 'vscode';
import type { Input } from '../../helper/rpc/contract';
import type { Limits } from '../../helper/rpc/contract/limits';
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { type Check, loadRules, type Rules } from '../prompts/rules';
import { askPick, askText, type Choice, type Step, wizard } from '../prompts/wizard';
import { bytesOf } from '../prompts/words';
import { t } from '../translate';
import { containerName, oneContainer } from './containers-meant';
import { done } from './report';
import type { Target } from './target';

/** Those that one line can say; rates and devices are for the command line. */
const EDITABLE = ['memory', 'swap', 'cpus', 'cpuShares', 'cpusetCpus', 'pids', 'blkioWeight'] as const;
type Editable = (typeof EDITABLE)[number];

export async function changeLimit(context: Connected, target: Target): Promise<void> {
  const title = t('Change limits');
  const row = target.node?.type === 'detail' ? target.node.limit : undefined;
  const rules = await loadRules(t);
  const container = row?.container ?? (await oneContainer(context, target, title));
  const { limits } = await context.client.call('container/show', { container: { id: container.id } });
  let name: Editable | undefined = EDITABLE.find((each) => each === row?.name);
  const given = name !== undefined;
  let value = '';
  const params = (): Input<'container/update'> => ({
    container: { id: container.id },
    limits: name === undefined ? {} : limitsOf(name, value),
  });
  const steps: Step[] = [
    ...(given
      ? []
      : [
          async (position: Parameters<Step>[0]) => {
            name = await askPick(position, { prompt: t('Limit to change'), choices: EDITABLE.map(choice) });
          },
        ]),
    async (position) => {
      if (name === undefined) return;
      const prompt = promptOf(name, containerName(container));
      value = await askText(position, { prompt, value: written(limits[name]), check: checkOf(name, rules) });
    },
  ];
  const offer = copying(context, () => [{ method: 'container/update', params: params() }]);
  await wizard(title, steps, offer);
  await context.client.call('container/update', params());
  done(t('The limits of {name} are changed', { name: containerName(container) }));
}

function choice(value: Editable): Choice<Editable> {
  return { label: labelOf(value), iconPath: new ThemeIcon('dashboard'), value };
}

function labelOf(name: Editable): string {
  switch (name) {
    case 'memory':
      return t('Memory');
    case 'swap':
      return t('Swap');
    case 'cpus':
      return t('Processors');
    case 'cpuShares':
      return t('Processor shares');
    case 'cpusetCpus':
      return t('Processors allowed');
    case 'pids':
      return t('Processes');
    case 'blkioWeight':
      return t('Block I/O weight');
  }
}

function promptOf(name: Editable, container: string): string {
  const holes = { what: labelOf(name), name: container };
  if (name === 'memory' || name === 'swap') return t('{what} of {name}, such as 64m, or nothing for no limit', holes);
  if (name === 'cpus' || name === 'pids') return t('{what} of {name}, a number, or nothing for no limit', holes);
  if (name === 'cpusetCpus') return t('{what} of {name}, such as 0-2,5', holes);
  return t('{what} of {name}, a number', holes);
}

/** As it is now, in the form in which it is typed. */
function written(value: Limits[Editable]): string {
  return value === undefined || value === 'unlimited' ? '' : String(value);
}

function checkOf(name: Editable, rules: Rules): Check {
  const check = rules.limits[name];
  if (name === 'memory' || name === 'swap') {
    return (text) => {
      if (text === '') return undefined;
      const bytes = bytesOf(text);
      return bytes === undefined ? t('A number with k, m, g or t behind it.') : check(String(bytes));
    };
  }
  return name === 'cpus' || name === 'pids' ? (text) => (text === '' ? undefined : check(text)) : check;
}

function limitsOf(name: Editable, value: string): Input<'container/update'>['limits'] {
  switch (name) {
    case 'memory':
    case 'swap':
      return { [name]: value === '' ? 'unlimited' : bytesOf(value) };
    case 'cpus':
    case 'pids':
      return { [name]: value === '' ? 'unlimited' : Number(value) };
    case 'cpusetCpus':
      return { cpusetCpus: value };
    case 'cpuShares':
    case 'blkioWeight':
      return { [name]: Number(value) };
  }
}
