// Why a command did not do what it was to do: a sentence that names the argument, and the exit status.
import { Failure } from '../rpc/contract/errors';
import { escaped } from '../rpc/contract/escape';
import { sentence, type Translate } from '../rpc/contract/sentences';
import type { Command } from './command';
import { Unread, write } from './output';
import { Printed } from './print';
import { cut } from './text';
import { Usage } from './usage';

/** Says why not, on standard error. Returns the exit status. */
export function complain(error: unknown, command: Command | undefined, t: Translate): number {
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
