// The wizard that runs a container: image, command, name, options with their own questions, and whether it runs in a
// terminal, in the background, or is only made.
import { ThemeIcon } from 'vscode';
import type { Input } from '../../helper/rpc/contract';
import type { Image, ImageConfig } from '../../helper/rpc/contract/image';
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { freeName } from '../prompts/defaults';
import { imageChoices } from '../prompts/pick-container';
import { all, loadRules, notIn } from '../prompts/rules';
import { containerBase, type RunAnswers, type RunOption, runPlan } from '../prompts/run-plan';
import { askMany, askPick, askText, type Choice, type Position, type Step, wizard } from '../prompts/wizard';
import { wordsOf } from '../prompts/words';
import { openContainerTerminal } from '../terminals/containers';
import { t } from '../translate';
import { containerNode } from '../views/containers-nodes';
import { visible } from '../views/row';
import { imageRef, imagesOf, noImage } from './containers-meant';
import { placing } from './files';
import { done } from './report';
import { type Bind, followUps, optionChoices } from './run-options';
import type { Target } from './target';

type Way = 'terminal' | 'background' | 'create';
type Plan = Input<'container/create'>;

export async function runContainer(context: Connected, target: Target): Promise<void> {
  const { client } = context;
  const [choices, { containers }, rules] = await Promise.all([
    imageChoices(client),
    client.call('container/list', { all: true }),
    loadRules(t),
  ]);
  if (choices.length === 0) throw await noImage();
  const taken = new Set(containers.map(({ name }) => name));
  const [given] = imagesOf(target);
  let image: Image | undefined = given;
  let config: ImageConfig | undefined;
  let answers: RunAnswers = { image: { id: '' }, command: '', name: '', options: ['terminal'] };
  let proposed = '';
  const binds: Bind[] = [];
  let way: Way | undefined;
  const answer = (more: Partial<RunAnswers>) => {
    answers = { ...answers, ...more };
  };

  const first: Step[] = [
    async (position) => {
      const active = image && { active: (value: Image) => value.id === image?.id };
      image = await askPick(position, { prompt: t('Image to run'), choices, ...active });
    },
  ];
  const fixed: Step[] = [
    async (position) => {
      if (!image) return;
      ({ config } = await client.call('image/show', { image: { id: image.id } }));
      answer({ image: imageRef(image), command: await askCommand(position, config, answers.command) });
    },
    async (position) => {
      if (answers.name === proposed) {
        proposed = freeName(containerBase(image?.names[0]), taken);
        answer({ name: proposed });
      }
      const exists = notIn(taken, (text) => t('A container “{name}” exists already.', { name: text }));
      const check = all(rules.containerName, exists);
      answer({ name: await askText(position, { prompt: t('Name of the container'), value: answers.name, check }) });
    },
    async (position) => {
      const options: readonly RunOption[] = await askMany(position, {
        prompt: t('What is special about it'),
        choices: optionChoices(t),
        picked: (value) => answers.options.includes(value),
      });
      answer({ options });
      steps.splice(before, steps.length, ...followUps(context, rules, () => answers, answer, binds), last);
    },
  ];
  const last: Step = async (position) => {
    way = await askWay(position, answers.options.includes('terminal'), way);
  };
  const steps: Step[] = [...(given ? [] : first), ...fixed, last];
  const before = steps.length - 1;
  await wizard(
    t('Run a container'),
    steps,
    copying(context, () => [{ method: 'container/create', params: runPlan(answers) }]),
  );
  const wanted = answers.options.includes('bind') ? binds : [];
  const plan = runPlan(answers);
  const made = await withSources(wanted, (bound) => {
    const mounts = [...bound, ...(plan.mounts ?? [])];
    return client.call('container/create', { ...plan, ...(mounts.length > 0 && { mounts }) });
  });
  await begin(context, made, way ?? 'create', answers.options.includes('terminal'));
}

async function begin(
  context: Connected,
  made: { readonly id: string; readonly name: string },
  way: Way,
  tty: boolean,
): Promise<void> {
  const { client } = context;
  const container = { id: made.id };
  const holes = { name: visible(made.name) };
  switch (way) {
    case 'terminal': {
      const plan = { container, start: true, ...(tty && { stdin: true }) };
      const { ticket } = await client.call('container/attach', plan);
      openContainerTerminal(context, made, ticket, 'vm-running');
      break;
    }
    case 'background':
      await client.call('container/start', { container });
      done(t('{name} is running', holes));
      break;
    case 'create':
      done(t('Made the container {name}', holes));
      break;
  }
  const { containers } = await client.call('container/list', { all: true });
  const found = containers.find(({ id }) => id === made.id);
  if (found) await context.containers.reveal(containerNode(found, Date.now()), false);
}

function askCommand(position: Position, config: ImageConfig, value: string): Promise<string> {
  const own = [...(config.entrypoint ?? []), ...(config.cmd ?? [])].join(' ');
  const prompt =
    config.entrypoint && config.entrypoint.length > 0
      ? t('What follows {entrypoint}, or nothing for what the image says', { entrypoint: config.entrypoint.join(' ') })
      : t('Command and its arguments, or nothing for what the image says');
  return askText(position, {
    prompt,
    value,
    placeholder: own,
    check: (text) => {
      if (wordsOf(text) === undefined) return t('A quotation mark is not closed.');
      return text === '' && own === '' ? t('The image names no program: say which one.') : undefined;
    },
  });
}

function askWay(position: Position, terminal: boolean, active: Way | undefined): Promise<Way> {
  const choices: Choice<Way>[] = [
    terminal
      ? { label: t('Run it in a terminal'), iconPath: new ThemeIcon('terminal'), value: 'terminal' }
      : { label: t('Run it and show its output'), iconPath: new ThemeIcon('output'), value: 'terminal' },
    { label: t('Run it in the background'), iconPath: new ThemeIcon('play'), value: 'background' },
    { label: t('Only make it'), iconPath: new ThemeIcon('add'), value: 'create' },
  ];
  return askPick(position, {
    prompt: t('How to run it'),
    choices,
    ...(active && { active: (value: Way) => value === active }),
  });
}

/** The folders are open until the container is made: their descriptors say which they are. */
async function withSources<T>(
  binds: readonly Bind[],
  act: (mounts: NonNullable<Plan['mounts']>) => Promise<T>,
): Promise<T> {
  const [first, ...others] = binds;
  if (!first) return act([]);
  return placing(first.source, (source) => {
    const { target, readonly } = first;
    return withSources(others, (mounts) => act([{ type: 'bind', source, target, readonly }, ...mounts]));
  });
}
