// One run of the command line: arguments in, exit status out. 0: done; 1: refused or failed; 2: it made no sense.
import { resolve as absolutePath } from 'node:path';
import { isatty, WriteStream } from 'node:tty';
import type { Input, MethodName } from '../rpc/contract';
import type { Client } from '../rpc/contract/client';
import type { Equivalent } from '../rpc/contract/command';
import { commandLine as shellLine } from '../rpc/contract/command-line';
import { Failure } from '../rpc/contract/errors';
import { escaped } from '../rpc/contract/escape';
import { coded, type Translate } from '../rpc/contract/sentences';
import type { Command } from './command';
import { COMMANDS } from './commands';
import { complain } from './complain';
import { connectToHelper } from './connect';
import type { Context, Program } from './context';
import { commandHelp, groupHelp } from './help';
import { languageOf, translator } from './language';
import { askTerminal, write } from './output';
import { parse, resolve, wants } from './parse';
import { nothingToPrint, printing } from './print';
import { TELL, tellRefusal } from './refusal';
import { safeJson } from './text';

/** Resolves to the exit status; never rejects for what the person, the helper or the kernel did. */
export async function commandLine(argv: readonly string[], program: Program): Promise<number> {
  const t = await translator(languageOf(process.env));
  const opened: Opened = {};
  if (argv[0] === TELL) return tellRefusal(argv[1] ?? '', t);
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
    return await command.run(context(t, program, command, parsed.given, opened), parsed);
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

function context(
  t: Translate,
  program: Program,
  { words }: Command,
  given: Readonly<Record<string, unknown>>,
  opened: Opened,
): Context {
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
    words,
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
