// A task of type `isolab` as somebody wrote it in tasks.json, and the command line that it is. Pure. Values may still hold
// the editor's variables, like that of the workspace folder, filled in later: what they mean is for the command line to check.
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { type Identity, identitiesFor } from '../prompts/identities';

export const TASK_TYPE = 'isolab';

/** Arguments of `isolab`, the working directory and the variables of its process. */
export interface TaskLine {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A sentence about what is wrong with it. */
export interface Problem {
  readonly problem: string;
}

const FIELDS = ['type', 'command', 'container', 'netns', 'new', 'as', 'user', 'cwd', 'env'];
const IN_CONTAINER = ['user'];
const IN_SESSION = ['netns', 'new', 'as'];

/** Thrown within this file only. */
class Wrong extends Error {}

export function taskLine(definition: Readonly<Record<string, unknown>>, t: Translate): TaskLine | Problem {
  try {
    return read(definition, t);
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message };
    throw error;
  }
}

function read(definition: Readonly<Record<string, unknown>>, t: Translate): TaskLine {
  const unknown = Object.keys(definition).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) throw new Wrong(t('A task of Isolab has no field “{name}”.', { name: unknown }));
  const command = words(definition.command);
  if (command === undefined || command.length === 0) {
    throw new Wrong(t('The field “command” must be a list: the program, then its arguments.'));
  }
  const cwd = optional(definition, 'cwd', t);
  const env = variables(definition.env, t);
  const container = optional(definition, 'container', t);
  if (container !== undefined) {
    refuse(definition, IN_SESSION, (name) => t('“{name}” has no meaning in a container.', { name }));
    const user = optional(definition, 'user', t);
    return {
      args: [
        ...['container', 'exec', '--interactive', '--tty'],
        ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`),
        ...(cwd === undefined ? [] : [`--workdir=${cwd}`]),
        ...(user === undefined ? [] : [`--user=${user}`]),
        ...[container, '--', ...command],
      ],
      env: {},
    };
  }
  refuse(definition, IN_CONTAINER, (name) => t('“{name}” is for tasks in a container.', { name }));
  const place = sessionOf(definition, t);
  return { args: ['shell', ...place, '--', ...command], ...(cwd !== undefined && { cwd }), env };
}

/** The namespaces, and who one is in them: whoever runs the task, unless only a mapped root can be. */
function sessionOf(definition: Readonly<Record<string, unknown>>, t: Translate): string[] {
  const netns = optional(definition, 'netns', t);
  const kinds = kindsOf(definition.new, t);
  if (netns === undefined && kinds === undefined) {
    throw new Wrong(t('Say where it is to run: “container”, “netns”, or “new” for namespaces of its own.'));
  }
  const as = identityOf(definition.as, kinds ?? [], t);
  return [
    ...(kinds === undefined || kinds.length === 0 ? [] : [`--new=${kinds.join()}`]),
    ...(netns === undefined ? [] : [`--join=net=${netnsWord(netns)}`, '--netns-files']),
    `--as=${as}`,
  ];
}

/** A name is one whatever it looks like; forms like `net:ID` and variables stay as they are. */
function netnsWord(netns: string): string {
  return /^(host$|net:|pid:|name:)|\$\{/.test(netns) ? netns : `name:${netns}`;
}

function kindsOf(value: unknown, t: Translate): (typeof KINDS)[number][] | undefined {
  if (value === undefined) return undefined;
  if (value === 'all') return [...KINDS];
  const wanted = words(value);
  const strange = wanted?.find((word) => !KINDS.some((kind) => kind === word));
  if (wanted === undefined || strange !== undefined) {
    throw new Wrong(t('The field “new” must be “all” or a list of these: {kinds}.', { kinds: KINDS.join(', ') }));
  }
  return KINDS.filter((kind) => wanted.includes(kind));
}

function identityOf(value: unknown, kinds: readonly (typeof KINDS)[number][], t: Translate): Identity {
  const possible = identitiesFor(kinds);
  if (value === undefined) return possible.includes('mapped') ? 'mapped' : 'me';
  const found = possible.find((each) => each === value);
  if (found === undefined) {
    throw new Wrong(t('The field “as” must be one of these here: {words}.', { words: possible.join(', ') }));
  }
  return found;
}

function variables(value: unknown, t: Translate): Record<string, string> {
  if (value === undefined) return {};
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  const fits = ([name, text]: [string, unknown]) => /^[^=\0]+$/.test(name) && isText(text);
  if (entries === undefined || !entries.every(fits)) {
    throw new Wrong(t('The field “env” must give each variable a text.'));
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function optional(definition: Readonly<Record<string, unknown>>, name: string, t: Translate): string | undefined {
  const value = definition[name];
  if (value === undefined || (isText(value) && value !== '')) return value;
  throw new Wrong(t('The field “{name}” must be a text that is not empty.', { name }));
}

function refuse(
  definition: Readonly<Record<string, unknown>>,
  names: readonly string[],
  sentence: (name: string) => string,
): void {
  const found = names.find((name) => definition[name] !== undefined);
  if (found !== undefined) throw new Wrong(sentence(found));
}

function words(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every(isText) ? value : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}
