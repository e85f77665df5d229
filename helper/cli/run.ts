// One run of the command line: arguments in, exit status out. 0: done; 1: refused or failed; 2: it made no sense.
import { resolve as absolutePath } from 'node:path';
import { isatty, WriteStream } from 'node:tty';
import type { Input, MethodName } from '../rpc/contract';
import type { Client } from '../rpc/contract/client';
import type { Equivalent } from '../rpc/contract/command';
import { commandLine as shellLine } from '../rpc/contract/command-line';
import { Failure } from '../rpc/contract/errors';
import { escaped } from '../rpc/contract/escape';
import { coded, sentence, type Translate } from '../rpc/contract/sentences';
import type { Command } from './command';
import { COMMANDS } from './commands';
import { connectToHelper } from './connect';
import type { Context, Program } from './context';
import { commandHelp, groupHelp } from './help';
import { languageOf, translator } from './language';
import { askTerminal, Unread, write } from './output';
import { parse, resolve, wants } from './parse';
import { nothingToPrint, Printed, printing } from './print';
import { cut, safeJson } from './text';
import { Usage } from './usage';

/** Resolves to the exit status; never rejects for what the person, the helper or the kernel did. */
export async function commandLine(argv: readonly string[], program: Program): Promise<number> {
  const t = await translator(languageOf(process.env));
  const opened: Opened = {};
  let command: Command | undefined;
  try {
    const resolved = resolve(COMMANDS, argv);
    command = resolved.command;
    if (wants('version', resolved.rest, command)) {
      write(1, `isolab ${program.version}\n`);
      return 0;
    }
    if (wants('help', resolved.rest, command)) {
      write(1, command ? commandHelp(command, t) : groupHelp(COMMANDS, resolved.words, t));
      return 0;
    }
    if (command === undefined) {
      write(2, groupHelp(COMMANDS, resolved.words, t));
      return 2;
    }
    const parsed = parse(command, resolved.rest);
    return await command.run(context(t, program, parsed.given, opened), parsed);
  } catch (error) {
    return complain(error, command, t);
  } finally {
    opened.client?.close();
  }
}

/** The connection, once there is one. */
interface Opened {
  client?: Client;
  pending?: Promise<{ client: Client; socket: string }>;
}

function context(t: Translate, program: Program, given: Readonly<Record<string, unknown>>, opened: Opened): Context {
  const json = given.json === true;
  const named = (given.socket as string | undefined) ?? (process.env.ISOLAB_SOCKET || undefined);
  const socket = named === undefined ? undefined : absolutePath(named);
  const connected = async () => {
    const uid = process.getuid?.() ?? -1;
    opened.pending ??= connectToHelper({ socket, uid, env: process.env, script: program.script });
    const found = await opened.pending;
    opened.client = found.client;
    return found;
  };
  const show: Context['show'] = (result, lines) => {
    if (json) write(1, `${safeJson(result)}\n`);
    else for (const line of lines(result)) write(1, `${line}\n`);
    return 0;
  };
  const note: Context['note'] = (sentence) => write(2, `${escaped(sentence)}\n`);
  const print = (answer: Equivalent) => {
    if (answer.none !== undefined && !json) note(coded(answer.none, t));
    return show(answer, ({ lines }) => lines.map(shellLine));
  };
  const call: Context['call'] = async (method, params, options) => {
    const { client } = await connected();
    return given.print === true ? printing(client, print)(method, params) : client.call(method, params, options);
  };
  return {
    t,
    program: given.print === true ? { ...program, daemon: nothingToPrint } : program,
    json,
    ...(given.print === true && { print }),
    socket,
    call,
    // The helper refuses what it does not know; the type is for callers within.
    callByName: (method, params) => call(method as MethodName, params as Input<MethodName>),
    listen: async (onEvent) => {
      const { client, socket } = await connected();
      return new Promise((_, reject) => {
        client.onContainerEvent((event) => {
          try {
            onEvent(event);
          } catch (error) {
            reject(error);
          }
        });
        client.onClose(() =>
          reject(new Failure({ kind: 'not-found', rule: { code: 'helper-gone', args: { socket } } })),
        );
      });
    },
    connected: async () => {
      const { client, socket } = await connected();
      return { greeting: client.greeting, socket };
    },
    show: given.print === true ? nothingToPrint : show,
    note,
    columns: () => (isatty(1) ? new WriteStream(1).columns : undefined),
    ask: (question) => askTerminal(`${escaped(question)} `, (answer) => /^(y|yes|是|好)$/i.test(answer)),
  };
}

function complain(error: unknown, command: Command | undefined, t: Translate): number {
  if (error instanceof Printed) return 0;
  if (error instanceof Unread) return 1;
  if (error instanceof Usage) {
    // Who pastes a whole file by mistake need not read it again.
    const args = Object.entries(error.args).map(([name, value]) => [name, cut(String(value), 120)]);
    const words = t(error.text, Object.fromEntries(args));
    const help = ['isolab', ...(command?.words ?? []), '--help'].join(' ');
    say(error.argument, `${words} ${t('“{help}” says what it takes.', { help })}`);
    return command?.failure ?? 2;
  }
  if (error instanceof Failure) {
    say(argumentOf(error.data.field, command), sentence(error.data, t));
    return statusOf(error, command);
  }
  const words = error instanceof Error ? error.message : String(error);
  say(undefined, t('Isolab failed in a way it did not foresee: {words}', { words }));
  return command?.failure ?? 1;
}

/** As shells and docker-run(1) have it: 127 there is no such program, 126 it cannot be executed. */
function statusOf({ data }: Failure, command: Command | undefined): number {
  if (command?.failure === undefined) return 1;
  if (data.rule?.code === 'program-not-found') return 127;
  return data.rule?.code === 'program-not-executable' ? 126 : command.failure;
}

function say(argument: string | undefined, words: string): void {
  write(2, `isolab: ${argument === undefined ? '' : `${escaped(argument)}: `}${escaped(words)}\n`);
}

/** The argument that a field of the request was made from: the command's longest field that leads to it. */
export function argumentOf(field: string | undefined, command: Command | undefined): string | undefined {
  if (field === undefined) return undefined;
  const known = Object.keys(command?.fields ?? {}).filter((one) => field === one || field.startsWith(`${one}.`));
  const longest = known.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? field : command?.fields[longest];
}
