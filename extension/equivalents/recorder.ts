// The output channel with the lines that one would have typed. Every request of the editor goes through a client that is
// recorded here: the lines are asked for before the action, while what it is about still stands, and written after its
// success. What goes wrong with them never touches the action. Environment and secrets are no part of any line.
import { type Disposable, type OutputChannel, window } from 'vscode';
import type { Input, MethodName, Result } from '../../helper/rpc/contract';
import type { Client } from '../../helper/rpc/contract/client';
import type { Equivalent } from '../../helper/rpc/contract/command';
import { commandLine } from '../../helper/rpc/contract/command-line';
import { coded } from '../../helper/rpc/contract/sentences';
import { t } from '../translate';
import { titleOf } from './titles';

export class Recorder implements Disposable {
  readonly #channel: OutputChannel = window.createOutputChannel(t('Isolab: equivalent commands'), 'shellscript');

  show(): void {
    this.#channel.show(true);
  }

  dispose(): void {
    this.#channel.dispose();
  }

  /** The same connection; what it changes is written down. */
  recording(client: Client): Client {
    return {
      greeting: client.greeting,
      call: async (method, params) => {
        const title = titleOf(method, params, t);
        if (title === undefined) return client.call(method, params);
        const before = await ask(client, method, params);
        const result = await client.call(method, params);
        const answer = saidBy(result) ?? before;
        if (answer !== undefined) this.#write(title, answer);
        return result;
      },
      onChanged: (listener) => client.onChanged(listener),
      onClose: (listener) => client.onClose(listener),
      close: () => client.close(),
    };
  }

  #write(title: string, { lines, none }: Equivalent): void {
    if (none?.code === 'changes-nothing') return;
    const why = none === undefined ? [] : [`# ${coded(none, t)}`];
    this.#channel.appendLine([`# ${clock(new Date())}  ${title}`, ...why, ...lines.map(commandLine), ''].join('\n'));
  }
}

/** Undefined where the helper cannot say: an older one, or one that refuses the action as well. */
async function ask<M extends MethodName>(client: Client, method: M, params: Input<M>) {
  try {
    return await client.call('command/equivalent', { method, params: { ...params } });
  } catch {
    // The action goes on; if something is wrong with it, it will say so itself.
    return undefined;
  }
}

/** Some answers say the line themselves: that of the very shell that was opened. */
function saidBy(result: Result<MethodName>): Equivalent | undefined {
  return 'equivalent' in result ? { lines: [result.equivalent] } : undefined;
}

/** Local time, in digits that every language reads. */
function clock(now: Date): string {
  return [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
