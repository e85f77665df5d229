// --print: where a command would change something, the lines that one would type instead are printed, and nothing is done.
import type { Client } from '../rpc/contract/client';
import type { Equivalent } from '../rpc/contract/command';
import { Usage } from './usage';

/** Ends a command in the place of the action. */
export class Printed extends Error {
  override readonly name = 'Printed';
}

/** Calls as a command makes them under --print: what only reads goes on as usual, anything else throws Printed. */
export function printing(client: Pick<Client, 'call'>, print: (answer: Equivalent) => void): Client['call'] {
  return async (method, params) => {
    const answer = await client.call('command/equivalent', { method, params: { ...params } });
    if (answer.none?.code === 'changes-nothing') return client.call(method, params);
    print(answer);
    throw new Printed();
  };
}

/** Of a command that changes nothing, and of `isolab helper`, which asks no helper. */
export function nothingToPrint(): never {
  throw new Usage('This command does nothing that other tools could do: there is nothing to print.', {}, '--print');
}
