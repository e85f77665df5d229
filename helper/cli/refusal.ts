// A refusal that isolab-attach met after it took this program's place, and whose sentence it does not know: it runs us with
// the error's data on standard input.
import { readFileSync } from 'node:fs';
import { Failure, isErrorData } from '../rpc/contract/errors';
import type { Translate } from '../rpc/contract/sentences';
import { COMMANDS } from './commands';
import { complain } from './complain';

/** First argument that asks for nothing but this; native/attach/words.c. */
export const TELL = '--tell-refusal';

/** `words`: of the command that was refused, `container run`. Returns what that would have ended with. */
export function tellRefusal(words: string, t: Translate): number {
  const data: unknown = JSON.parse(readFileSync(0, 'utf8'));
  const command = COMMANDS.find((one) => one.words.join(' ') === words);
  return complain(new Failure(isErrorData(data) ? data : { kind: 'internal' }), command, t);
}
