// Starts a helper: at once where the editor is root, else through sudo in a terminal or pkexec, or without root as a user
// realm, after saying exactly what will run.
import { spawn } from 'node:child_process';
import { env, ThemeIcon, window } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import { commandLine, wrapped } from '../../helper/rpc/contract/command-line';
import type { Context } from '../context';
import { alone, askPick, Cancelled, type Choice } from '../prompts/wizard';
import { t } from '../translate';
import { argvOf, type Elevation, elevatedArgv, helperArgv, type Launch, type Way, waysHere } from './elevate';
import { runInTerminal } from './sudo-terminal';
import { reachText, withinReach } from './within-reach';

/** Milliseconds between looks for the new helper, and how long after its command ended without complaint. */
const LOOK_EVERY = 200;
const LOOK_AFTER = 5000;

/** How a start ended that brought no helper; undefined: it is not known to have failed. */
type Outcome = { readonly status: number; readonly said: string } | undefined;

/** `root`: a user realm's helper will not do; `none`: no root is wanted. */
export type Wanted = 'root' | 'none' | 'any';

/** The client of a helper that was found or started, or undefined where that was not wanted or failed (and was told). */
export async function startHelper(
  context: Context,
  wanted: Wanted = 'any',
  failed = false,
): Promise<Client | undefined> {
  const { helper } = context;
  const found = await helper.connect();
  if (found && !(wanted === 'root' && found.greeting.realm === 'user')) return found;
  const { socket } = context.configured();
  const here = { node: process.execPath, cli: context.programs.cli, ...(socket !== '' && { socket }) };
  const chosen = process.getuid?.() === 0 ? 'root' : await chooseWay(context, here, wanted);
  const reached = isElevation(chosen) ? await withinReach(here, wanted, failed) : here;
  const [way, launch] = reached === 'none' ? (['none', here] as const) : ([chosen, reached] as const);
  // A user realm's helper goes on, and leaves by itself once nobody needs it.
  if (found) helper.disconnect();
  helper.starting(wanted === 'root');
  const ended = way === 'sudo' ? inTerminal(context, launch) : asProcess(context, way, launch);
  const client = await arrival(context, ended).finally(() => helper.notStarted());
  return client ?? (await tellFailure(context, { way, launch, wanted }, await ended));
}

/** The only way there is, or the one that the person picks with its command before the eyes. */
async function chooseWay(context: Context, launch: Launch, wanted: Wanted): Promise<Way> {
  if (wanted === 'none') return 'none';
  const elevations = waysHere(process.env, env.remoteName !== undefined);
  const ways: Way[] = wanted === 'root' ? elevations : [...elevations, 'none'];
  const set = ways.find((way) => way === context.configured().elevation);
  if (set) return set;
  const choices = ways.map((way): Choice<Way | 'copy'> => ({ ...wayChoice(way), value: way }));
  const copy: Choice<Way | 'copy'> = {
    label: t('Copy the command'),
    detail: t('Run it as root in any terminal: Isolab connects by itself.'),
    iconPath: new ThemeIcon('copy'),
    value: 'copy',
  };
  const chosen = await askPick(alone(t('Start helper')), {
    prompt: t('With root it reaches the whole machine; without, namespaces and networks of your own.'),
    choices: [...choices, copy],
    note: { title: t('This will run'), lines: wrapped(elevatedArgv(elevations[0] ?? 'sudo', launch)) },
  });
  if (chosen !== 'copy') return chosen;
  await env.clipboard.writeText(commandLine(elevatedArgv('sudo', launch)));
  throw new Cancelled();
}

function wayChoice(way: Way): Omit<Choice<Way>, 'value'> {
  switch (way) {
    case 'sudo':
      return { label: t('Use sudo in a terminal'), iconPath: new ThemeIcon('terminal') };
    case 'pkexec':
      return { label: t('Use pkexec'), iconPath: new ThemeIcon('key') };
    case 'none':
      return {
        label: t('Without root'),
        detail: t(
          'Isolated shells and networks of your own, in a user namespace. The host’s interfaces and other people’s processes stay out of reach.',
        ),
        iconPath: new ThemeIcon('account'),
      };
  }
}

async function inTerminal({ programs }: Context, launch: Launch): Promise<Outcome> {
  const status = await runInTerminal(programs.inTerminal, elevatedArgv('sudo', launch));
  return status === 0 ? undefined : { status, said: '' };
}

/** The command becomes a daemon by itself and ends when the helper answers. */
function asProcess({ log }: Context, way: 'root' | 'pkexec' | 'none', launch: Launch): Promise<Outcome> {
  const argv = way === 'root' ? helperArgv(launch) : argvOf(way, launch);
  const [program, ...args] = argv as [string, ...string[]];
  log.info(commandLine(argv));
  const child = spawn(program, args, {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ status: -1, said: error.message }));
    // Not 'close': the daemon may keep the pipe.
    child.once('exit', (code) => {
      if (said !== '') log.info(said.trimEnd());
      resolve(code === 0 ? undefined : { status: code ?? -1, said: said.replace(/^isolab: /, '').trim() });
    });
  });
}

/** The connection, as soon as there is one; undefined when the command failed or nothing came of it. */
async function arrival({ helper }: Context, ended: Promise<Outcome>): Promise<Client | undefined> {
  let until = Number.POSITIVE_INFINITY;
  void ended.then((outcome) => {
    until = outcome ? 0 : Date.now() + LOOK_AFTER;
  });
  for (;;) {
    const client = await helper.connect();
    if (client || Date.now() > until) return client;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

interface Attempt {
  readonly way: 'root' | Way;
  readonly launch: Launch;
  readonly wanted: Wanted;
}

/** Tries again if the person wants to. */
async function tellFailure(context: Context, attempt: Attempt, outcome: Outcome): Promise<Client | undefined> {
  const { way, launch, wanted } = attempt;
  const client = await context.helper.connect();
  // Somebody is there who will not serve us: status bar and views say so with their own sentence.
  if (client || context.helper.state.kind === 'refused') return client;
  context.log.warn(`start by ${way}: ${outcome ? `status ${outcome.status}` : 'no helper came'}`);
  const again = t('Try again');
  const unread = isElevation(way) && outcome ? await reachText(launch) : undefined;
  const text = failureText(way, outcome, context.helper.socket);
  const answer = await window.showErrorMessage(unread === undefined ? text : `${text} ${unread}`, again);
  return answer === again ? startHelper(context, wanted, true) : undefined;
}

function isElevation(way: 'root' | Way): way is Elevation {
  return way === 'sudo' || way === 'pkexec';
}

function failureText(way: 'root' | Way, outcome: Outcome, socket: string): string {
  if (!outcome) return t('The helper was started, but does not answer at {socket}.', { socket });
  const { status, said } = outcome;
  if (way === 'root' || way === 'none') return t('The helper did not start: {said}', { said: said || String(status) });
  if (way === 'pkexec') {
    // pkexec(1): 126 is a dismissed question, 127 no authorization.
    if (status === 126) return t('The question of pkexec was dismissed: the helper was not started.');
    if (status === 127) return t('pkexec refused: this account may not become root.');
    return t('The helper did not start: {said}', { said: said || String(status) });
  }
  if (status === -1) return t('The terminal of sudo was closed: the helper was not started.');
  return t(
    'The helper did not start (status {status}). Either sudo refused (a wrong password, or an account that may not use sudo), or the helper said in that terminal what is missing.',
    { status },
  );
}
