// The output channel with the lines that one would have typed, ready to paste: of every action of the editor, since all go
// through a client that is recorded. Environment and secrets are no part of any line.
import { type Disposable, type OutputChannel, window } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Equivalent } from '../../helper/rpc/contract/command';
import { commandLine } from '../../helper/rpc/contract/command-line';
import { coded } from '../../helper/rpc/contract/sentences';
import { t } from '../translate';
import { recording } from './recording';

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
    return recording(client, (title, answer) => this.#write(title, answer), t);
  }

  #write(title: string, { lines, none }: Equivalent): void {
    const why = none === undefined ? [] : [`# ${coded(none, t)}`];
    this.#channel.appendLine([`# ${clock(new Date())}  ${title}`, ...why, ...lines.map(commandLine), ''].join('\n'));
  }
}

/** Local time, in digits that every language reads. */
function clock(now: Date): string {
  return [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
