// A client whose changes are written down as the lines that one would have typed: asked for before the action, while what it
// is about still stands, and written after its success. What goes wrong with them never touches the action. No editor here.
import type { Input, MethodName, Result } from '../../helper/rpc/contract';
import type { Client } from '../../helper/rpc/contract/client';
import type { Equivalent } from '../../helper/rpc/contract/command';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { titleOf } from './titles';

/** Their answers say the line themselves: that of the very shell that was opened. */
const SAYING: ReadonlySet<MethodName> = new Set(['session/open', 'session/reopen']);

export function recording(client: Client, write: (title: string, answer: Equivalent) => void, t: Translate): Client {
  return {
    greeting: client.greeting,
    call: async (method, params, options) => {
      const title = isPart(method, params) ? undefined : titleOf(method, params, t);
      if (title === undefined) return client.call(method, params, options);
      const before = SAYING.has(method) ? undefined : await ask(client, method, params);
      const result = await client.call(method, params, options);
      const answer = saidBy(result) ?? before;
      if (answer !== undefined && answer.none?.code !== 'changes-nothing') write(title, answer);
      return result;
    },
    onChanged: (listener) => client.onChanged(listener),
    onContainerEvent: (listener) => client.onContainerEvent(listener),
    onClose: (listener) => client.onClose(listener),
    close: () => client.close(),
  };
}

/** A piece of a file that is written by several requests: the last one stands for all. */
function isPart(method: MethodName, params: object): boolean {
  return method === 'file/write' && !('commit' in params);
}

/** What is written is part of no line, and crosses once. */
function withoutContent(params: object): object {
  const { data: _data, ...rest } = params as { data?: unknown };
  return rest;
}

/** Undefined where the helper cannot say: an older one, or one that refuses the action as well. */
async function ask<M extends MethodName>(client: Client, method: M, params: Input<M>) {
  try {
    return await client.call('command/equivalent', { method, params: { ...withoutContent(params) } });
  } catch {
    // The action goes on; if something is wrong with it, it will say so itself.
    return undefined;
  }
}

function saidBy(result: Result<MethodName>): Equivalent | undefined {
  return 'equivalent' in result ? { lines: [result.equivalent] } : undefined;
}
