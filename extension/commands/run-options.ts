// Options of a container that is to run: what can be picked, and the questions that some of them ask.
import { ThemeIcon } from 'vscode';
import type { Translate } from '../../helper/rpc/contract/sentences';
import type { Connected } from '../context';
import { allNetns, netnsChoice } from '../prompts/pick';
import { containerChoices } from '../prompts/pick-container';
import { all, notIn, type Rules } from '../prompts/rules';
import { RUN_OPTIONS, type RunAnswers, type RunOption } from '../prompts/run-plan';
import { askPick, askText, type Choice, type Position, type Step } from '../prompts/wizard';
import { bytesOf, wordsOf } from '../prompts/words';
import { t } from '../translate';
import { lives } from '../views/containers-nodes';
import { netnsRef } from '../views/refs';
import { visible } from '../views/row';
import { askOpen } from './files';

/** A folder of this machine that the container shall see. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

type Network = RunAnswers['network'];

export function optionChoices(translate: Translate): Choice<RunOption>[] {
  return RUN_OPTIONS.map((value) => {
    const [icon, label, detail] = optionWords(value, translate);
    return { label, detail, iconPath: new ThemeIcon(icon), value };
  });
}

function optionWords(option: RunOption, t: Translate): [icon: string, label: string, detail: string] {
  switch (option) {
    case 'terminal':
      return ['terminal', t('Terminal'), t('Its program has a terminal of its own, as a shell needs it.')];
    case 'remove':
      return ['trash', t('Remove when it ends'), t('Nothing of it stays, not even what it wrote.')];
    case 'readonly':
      return ['lock', t('Read-only root'), t('Only mounts can be written to.')];
    case 'init':
      return ['type-hierarchy', t('Tiny init'), t('A small process 1 reaps what others leave, and passes signals on.')];
    case 'userns':
      return ['shield', t('User namespace'), t('Root inside is nobody on the host; 65,536 ids are its own.')];
    case 'restart':
      return ['debug-restart', t('Restart policy…'), t('It is started again when it has ended.')];
    case 'network':
      return ['globe', t('Network…'), t('Another one than its own, in which only lo is up.')];
    case 'memory':
      return ['dashboard', t('Memory limit…'), t('Who wants more is killed.')];
    case 'cpus':
      return ['pulse', t('Processor limit…'), t('So much processor time, on however many processors.')];
    case 'pids':
      return ['list-ordered', t('Process limit…'), t('No more processes and threads than these.')];
    case 'env':
      return ['symbol-variable', t('Environment…'), t('Variables besides those of the image.')];
    case 'bind':
      return ['folder-library', t('Bind a folder…'), t('A folder of this machine is seen inside.')];
    case 'disk':
      return [
        'database',
        t('Disk…'),
        t('A file system of its own of a size; it stays until the container is removed.'),
      ];
    case 'user':
      return ['account', t('User…'), t('Another one than the image says.')];
    case 'hostname':
      return ['tag', t('Host name…'), t('Otherwise it is the beginning of its id.')];
  }
}

/** The questions of those that are picked, in the order of the list. */
export function followUps(
  context: Connected,
  rules: Rules,
  answers: () => RunAnswers,
  answer: (more: Partial<RunAnswers>) => void,
  binds: Bind[],
): Step[] {
  const asking: Partial<Record<RunOption, Step[]>> = {
    restart: [
      async (position) => {
        const choices = restartChoices(t);
        answer({ restart: await askPick(position, { prompt: t('When it is started again'), choices }) });
      },
    ],
    network: [
      async (position) => {
        answer({ network: await askNetwork(context, position) });
      },
    ],
    memory: [
      async (position) => {
        const value = answers().memory;
        const text = await askText(position, {
          prompt: t('Most memory, such as 64m or 1.5g'),
          value: value === undefined ? '256m' : String(value),
          check: (typed) => {
            const bytes = bytesOf(typed);
            return bytes === undefined
              ? t('A number with k, m, g or t behind it.')
              : rules.limits.memory(String(bytes));
          },
        });
        answer({ memory: bytesOf(text) ?? 0 });
      },
    ],
    cpus: [
      async (position) => {
        const prompt = t('Most processor time, in processors: 0.5 is half of one');
        const value = String(answers().cpus ?? 1);
        answer({ cpus: Number(await askText(position, { prompt, value, check: rules.limits.cpus })) });
      },
    ],
    pids: [
      async (position) => {
        const prompt = t('Most processes and threads');
        const value = String(answers().pids ?? 100);
        answer({ pids: Number(await askText(position, { prompt, value, check: rules.limits.pids })) });
      },
    ],
    env: [
      async (position) => {
        const prompt = t('Variables, such as LANG=C.UTF-8 MODE="two words"');
        const check = (text: string) => {
          const words = wordsOf(text);
          if (words === undefined) return t('A quotation mark is not closed.');
          return words.every((word) => /^[^=]+=/.test(word)) ? undefined : t('Each is NAME=VALUE.');
        };
        answer({ env: await askText(position, { prompt, value: answers().env ?? '', check }) });
      },
    ],
    bind: bindSteps(binds, rules),
    disk: [
      async (position) => {
        const prompt = t('Size and directory of the disk; the directory is made where it is missing');
        const value = answers().disk ?? '256M:/data';
        answer({ disk: await askText(position, { prompt, value, check: rules.containerDisk }) });
      },
    ],
    user: [
      async (position) => {
        const prompt = t('User inside: a name or number, with :group if wanted');
        answer({ user: await askText(position, { prompt, value: answers().user ?? '', check: rules.userName }) });
      },
    ],
    hostname: [
      async (position) => {
        const prompt = t('Host name inside');
        answer({
          hostname: await askText(position, { prompt, value: answers().hostname ?? '', check: rules.hostName }),
        });
      },
    ],
  };
  return answers().options.flatMap((option) => asking[option] ?? []);
}

function restartChoices(t: Translate): Choice<NonNullable<RunAnswers['restart']>>[] {
  return [
    { label: 'on-failure', description: t('after an end with an error'), value: { policy: 'on-failure' } },
    {
      label: 'unless-stopped',
      description: t('after every end, until somebody stops it'),
      value: { policy: 'unless-stopped' },
    },
    {
      label: 'always',
      description: t('as before, and after a boot also where somebody had stopped it'),
      value: { policy: 'always' },
    },
  ];
}

/** The first folder by steps of its own; each further one within the step that asks whether there is another. */
function bindSteps(binds: Bind[], rules: Rules): Step[] {
  return [
    async (position) => {
      binds.splice(0, binds.length, await askPlace(position, rules, binds[0]?.target ?? '/mnt', []));
    },
    async (position) => {
      const readonly = await askReadonly(position);
      binds.splice(0, 1, ...binds.slice(0, 1).map((bind) => ({ ...bind, readonly })));
    },
    async (position) => {
      binds.splice(1);
      while (await askAnother(position, binds)) {
        const place = await askPlace(position, rules, `/mnt${binds.length + 1}`, binds);
        binds.push({ ...place, readonly: await askReadonly(position) });
      }
    },
  ];
}

async function askPlace(position: Position, rules: Rules, value: string, others: readonly Bind[]): Promise<Bind> {
  const [source = ''] = await askOpen(t('Folder that the container shall see'), 'folder');
  const prompt = t('Where it is seen inside');
  const taken = new Set(others.map(({ target }) => target));
  const free = notIn(taken, (path) => t('At {path} another folder is seen.', { path }));
  const target = await askText(position, { prompt, value, check: all(rules.mountTarget, free) });
  return { source, target, readonly: false };
}

function askReadonly(position: Position): Promise<boolean> {
  const choices: Choice<boolean>[] = [
    { label: t('Read and write'), iconPath: new ThemeIcon('edit'), value: false },
    { label: t('Read only'), iconPath: new ThemeIcon('lock'), value: true },
  ];
  return askPick(position, { prompt: t('What may be done with it inside'), choices });
}

function askAnother(position: Position, binds: readonly Bind[]): Promise<boolean> {
  const list = binds.map(({ source, target }) => `${visible(source)} → ${visible(target)}`).join(', ');
  const choices: Choice<boolean>[] = [
    { label: t('No other folder'), iconPath: new ThemeIcon('check'), value: false },
    { label: t('Bind another folder…'), iconPath: new ThemeIcon('add'), value: true },
  ];
  return askPick(position, { prompt: t('It sees {list}', { list }), choices });
}

async function askNetwork({ client }: Connected, position: Position): Promise<Network> {
  const [netns, containers] = await Promise.all([allNetns(client), containerChoices(client, lives)]);
  const choices: Choice<Network>[] = [
    { label: t('Its own'), description: t('only lo, and that is up'), iconPath: new ThemeIcon('shield'), value: 'own' },
    ...netns.map((each) => ({ ...netnsChoice(each), value: netnsRef(each) })),
    ...containers.map(({ value, label, ...rest }) => ({
      ...rest,
      label: t('That of {name}', { name: label }),
      value: { container: { id: value.id } },
    })),
  ];
  return askPick(position, { prompt: t('Network that it is in'), choices });
}
