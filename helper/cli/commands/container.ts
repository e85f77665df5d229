// isolab container …: containers made from images, with the words of docker(1).
import type { Container } from '../../rpc/contract/container';
import { type Command, command, flag, many, operand, several, short, value } from '../command';
import { CREATE, CREATE_FIELDS, LIMITS, limitsOf, planOf } from '../container-options';
import { container, environment, variable } from '../container-plan';
import type { Context } from '../context';
import { image } from '../image-refs';
import { integer, text } from '../refs';
import { bringTerminal } from '../session';
import { table } from '../table';
import { UPKEEP } from '../upkeep-options';
import { Usage } from '../usage';
import { CONTAINER_FILES } from './container-files';
import { CONTAINER_LIVE } from './container-live';
import { CONTAINER_LOOKS } from './container-looks';

const CONTAINER = operand('CONTAINER', container, 'Its name, or an id of at least 12 digits.');
const CONTAINERS = several('CONTAINER', container, 'Their names, or ids of at least 12 digits.');
const IMAGE = operand('IMAGE', image, 'NAME[:TAG], or an id of at least 12 digits.');
/** What docker-run(1) ends with where the container could not be run. */
const NOT_RUN = 125;

/** What is asked of each container alike: with a time to be patient for, and without anything. */
const ENDING = [
  { verb: 'stop', summary: 'End containers: by their stop signal, and after a while by SIGKILL.' },
  { verb: 'restart', summary: 'End containers and run them again.' },
] as const;
const FREEZING = [
  { verb: 'pause', summary: 'Freeze all processes of containers.' },
  { verb: 'unpause', summary: 'Let the processes of paused containers go on.' },
] as const;

export const CONTAINERS_COMMANDS: readonly Command[] = [
  command({
    words: 'container run',
    summary: 'Make a container from an image and run it, in this terminal or with --detach by itself.',
    notes: [
      'All words after the image are the program and its arguments, in place of the image’s own.',
      'The exit status is the program’s; 125 where it could not be run, 126 where it cannot be executed, 127 where there is none.',
    ],
    operands: { image: IMAGE },
    options: { detach: short('d', flag('Do not attach to it: print its id.')), ...CREATE },
    program: 'rest',
    fields: CREATE_FIELDS,
    failure: NOT_RUN,
    run: async (context, given, program) => {
      const { detach } = given;
      const { id } = await context.call('container/create', planOf(given.image, given, program));
      if (detach) {
        await context.call('container/start', { container: { id } });
        return context.show({ id }, () => [id]);
      }
      const ticket = await context.call('container/attach', {
        ...{ container: { id }, start: true },
        ...(given.interactive && { stdin: true }),
      });
      return bringTerminal(context, ticket.ticket);
    },
  }),
  command({
    words: 'container create',
    summary: 'Make a container from an image without running it; its id is printed.',
    operands: { image: IMAGE },
    options: CREATE,
    program: 'rest',
    fields: CREATE_FIELDS,
    run: async (context, given, program) =>
      context.show(await context.call('container/create', planOf(given.image, given, program)), ({ id }) => [id]),
  }),
  command({
    words: 'container start',
    summary: 'Run containers that were made and do not run; with --attach in this terminal.',
    operands: { containers: CONTAINERS },
    options: {
      attach: short('a', flag('Attach to its output; the exit status is then the program’s.')),
      interactive: short('i', flag('With --attach: to its input, too.')),
    },
    fields: { container: 'CONTAINER' },
    failure: NOT_RUN,
    run: async (context, { containers, attach, interactive }) => {
      if (!attach && !interactive) {
        return each(context, containers, (one) => context.call('container/start', { container: one }));
      }
      const [only, ...more] = containers;
      if (only === undefined || more.length > 0) throw new Usage('Only one container can be attached to at a time.');
      const { ticket } = await context.call('container/attach', {
        ...{ container: only, start: true },
        ...(interactive && { stdin: true }),
      });
      return bringTerminal(context, ticket);
    },
  }),
  command({
    words: 'container attach',
    summary: 'Attach this terminal to a container that runs. Ctrl-P Ctrl-Q detaches.',
    operands: { container: CONTAINER },
    options: { 'no-stdin': flag('To its output only.') },
    fields: { container: 'CONTAINER' },
    failure: NOT_RUN,
    run: async (context, given) => {
      const stdin =
        !given['no-stdin'] && (await context.call('container/show', { container: given.container })).interactive;
      const { ticket } = await context.call('container/attach', {
        container: given.container,
        ...(stdin && { stdin }),
      });
      return bringTerminal(context, ticket);
    },
  }),
  command({
    words: 'container exec',
    summary: 'Run one more program in a container that runs.',
    notes: [
      'The exit status is the program’s; 125 where it could not be run, 126 or 127 where there is none to execute.',
    ],
    operands: { container: CONTAINER },
    options: {
      interactive: short('i', flag('Keep standard input open.')),
      tty: short('t', flag('Give it a terminal of its own.')),
      detach: short('d', flag('Do not attach to it: print its pid.')),
      env: short('e', many('NAME=VALUE', variable, 'A variable; a name alone passes yours on.')),
      workdir: short('w', value('DIR', text, 'Directory to start in.')),
      user: short('u', value('USER[:GROUP]', text, 'Who its program is: names of its own files, or numbers.')),
      privileged: flag('With all capabilities.'),
    },
    program: 'rest',
    fields: { container: 'CONTAINER', command: 'CMD', workdir: '--workdir', user: '--user' },
    failure: NOT_RUN,
    run: async (context, given, program) => {
      if (program.length === 0) throw new Usage('The program to run is missing.');
      const env = environment(given.env);
      const answer = await context.call('container/exec', {
        ...{ container: given.container, command: [...program] },
        ...(given.tty && { tty: true }),
        ...(given.interactive && { interactive: true }),
        ...(env.length > 0 && { env }),
        ...(given.workdir !== undefined && { workdir: given.workdir }),
        ...(given.user !== undefined && { user: given.user }),
        ...(given.privileged && { privileged: true }),
        ...(given.detach && { detach: true }),
      });
      if ('ticket' in answer) return bringTerminal(context, answer.ticket);
      return context.show(answer, ({ pid }) => [String(pid)]);
    },
  }),
  ...ENDING.map(({ verb, summary }) =>
    command({
      words: `container ${verb}`,
      summary,
      operands: { containers: CONTAINERS },
      options: {
        time: short('t', value('S', integer, 'Seconds to wait before it is killed; its own setting when left out.')),
      },
      fields: { container: 'CONTAINER', timeout: '--time' },
      run: (context, { containers, time }) =>
        each(context, containers, (one) =>
          context.call(`container/${verb}`, { container: one, ...(time !== undefined && { timeout: time }) }),
        ),
    }),
  ),
  command({
    words: 'container kill',
    summary: 'Send a signal to the first process of containers.',
    operands: { containers: CONTAINERS },
    options: { signal: short('s', value('SIGNAL', text, 'SIGKILL when left out.')) },
    fields: { container: 'CONTAINER', signal: '--signal' },
    run: (context, { containers, signal }) =>
      each(context, containers, (one) =>
        context.call('container/kill', { container: one, ...(signal !== undefined && { signal: signalOf(signal) }) }),
      ),
  }),
  ...FREEZING.map(({ verb, summary }) =>
    command({
      words: `container ${verb}`,
      summary,
      operands: { containers: CONTAINERS },
      fields: { container: 'CONTAINER' },
      run: (context, { containers }) =>
        each(context, containers, (one) => context.call(`container/${verb}`, { container: one })),
    }),
  ),
  command({
    words: 'container remove',
    summary: 'Remove containers and what was written in them.',
    operands: { containers: CONTAINERS },
    options: { force: short('f', flag('Kill it first, where it runs.')) },
    fields: { container: 'CONTAINER' },
    run: (context, { containers, force }) =>
      each(context, containers, (one) =>
        context.call('container/remove', { container: one, ...(force && { force: true }) }),
      ),
  }),
  command({
    words: 'container rename',
    summary: 'Give a container another name.',
    operands: { container: CONTAINER, name: operand('NAME', text, 'The new name.') },
    fields: { container: 'CONTAINER', name: 'NAME' },
    run: async (context, { container: one, name }) =>
      context.show(await context.call('container/rename', { container: one, name }), () => []),
  }),
  command({
    words: 'container update',
    summary: 'Change the limits of a container, also while it runs, and when it is started again.',
    operands: { container: CONTAINER },
    options: { ...LIMITS, restart: UPKEEP.restart },
    fields: { container: 'CONTAINER', ...CREATE_FIELDS },
    run: async (context, { container: one, ...given }) => {
      const limits = limitsOf(given);
      const { restart } = given;
      if (Object.keys(limits).length === 0 && restart === undefined) throw new Usage('No limit was given.');
      const params = { container: one, limits, ...(restart !== undefined && { restart }) };
      return context.show(await context.call('container/update', params), () => []);
    },
  }),
  command({
    words: 'container wait',
    summary: 'Wait until containers have ended; their exit statuses are printed.',
    operands: { containers: CONTAINERS },
    fields: { container: 'CONTAINER' },
    run: async (context, { containers }) => {
      const ends = await Promise.all(containers.map((one) => context.call('container/wait', { container: one })));
      return context.show(ends, (all) => all.map((end) => howItEnded(end, context)));
    },
  }),
  command({
    words: 'container prune',
    summary: 'Remove all containers that do not run.',
    options: { force: short('f', flag('Do not ask.')) },
    run: async (context, { force }) => {
      const { t } = context;
      if (!force && context.ask(t('Remove all containers that do not run? [y/N]')) !== true) {
        context.note(t('Nothing was removed.'));
        return 1;
      }
      return context.show(await context.call('container/prune', {}), ({ removed }) => removed.map(({ name }) => name));
    },
  }),
  ...CONTAINER_LOOKS,
  ...CONTAINER_LIVE,
  ...CONTAINER_FILES,
  command({
    words: 'container list',
    summary: 'List the containers that run; with --all those that do not as well.',
    options: { all: short('a', flag('Also those that do not run.')), quiet: short('q', flag('Their ids only.')) },
    run: async (context, { all, quiet }) =>
      context.show(await context.call('container/list', all ? { all } : {}), ({ containers }) =>
        quiet ? containers.map(({ id }) => id) : rows(context, containers),
      ),
  }),
];

/** One after another; the name of each that it was done to is printed. */
async function each<Ref extends { name: string } | { id: string }, Result>(
  context: Context,
  refs: readonly Ref[],
  act: (ref: Ref) => Promise<Result>,
): Promise<number> {
  const results: Result[] = [];
  for (const ref of refs) results.push(await act(ref));
  return context.show(results, () => refs.map((ref) => ('name' in ref ? ref.name : ref.id)));
}

function signalOf(word: string): string | number {
  return /^\d{1,2}$/.test(word) ? Number(word) : word.toUpperCase();
}

function howItEnded({ exit, signal }: Pick<Container, 'exit' | 'signal'>, { t }: Context): string {
  if (exit !== undefined) return String(exit);
  return signal === undefined ? t('unknown') : String(128 + signal);
}

function rows(context: Context, containers: readonly Container[]): string[] {
  const { t } = context;
  return table(
    ['ID', t('NAME'), t('IMAGE'), t('STATE'), 'PID', t('SINCE'), t('COMMAND')],
    containers.map((one) => [
      one.id.slice(0, 12),
      one.name,
      one.image.name.length === 64 ? one.image.name.slice(0, 12) : one.image.name,
      stateText(one, context),
      one.pid,
      shortTime(one.startedAt ?? one.createdAt),
      one.command.join(' '),
    ]),
    context.columns(),
  );
}

function stateText(one: Container, context: Context): string {
  const { t } = context;
  const words = { created: t('made'), paused: t('paused'), dead: t('dead') };
  if (one.state === 'running') return healthText(one, context);
  if (one.state !== 'exited' && one.state !== 'restarting') return words[one.state];
  const how = howItEnded(one, context);
  if (one.state === 'restarting') {
    return t('ended ({status}), starts again ({count})', { status: how, count: (one.restarts ?? 0) + 1 });
  }
  return one.oomKilled ? t('ended ({status}, out of memory)', { status: how }) : t('ended ({status})', { status: how });
}

function healthText({ health }: Container, { t }: Context): string {
  switch (health?.status) {
    case 'healthy':
      return t('running (healthy)');
    case 'unhealthy':
      return t('running (unhealthy)');
    case 'starting':
      return t('running (health not known yet)');
    default:
      return t('running');
  }
}

/** UTC, whole seconds. */
function shortTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
