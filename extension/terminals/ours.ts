// Which terminals of this window are isolated shells, by their process: one that was found again after a reload of the window
// no longer says how it was made, and a name is nobody's proof.
import { basename } from 'node:path';
import type { Terminal } from 'vscode';
import type { Session } from '../../helper/rpc/contract/session';
import type { Helper } from '../helper/client';

const ATTACH = 'isolab-attach';

export class Ours {
  /** Pid of isolab-attach; undefined for terminals that are not ours. */
  readonly #known = new WeakMap<Terminal, Promise<number | undefined>>();

  constructor(private readonly helper: Helper) {}

  /** The terminal's process where that is isolab-attach. */
  attachPid(terminal: Terminal): Promise<number | undefined> {
    const known = this.#known.get(terminal);
    if (known !== undefined) return known;
    const asked = this.#ask(terminal);
    // Whoever asks while nobody can tell may ask again.
    if (this.helper.state.kind === 'connected' || madeByUs(terminal)) this.#known.set(terminal, asked);
    return asked;
  }

  async #ask(terminal: Terminal): Promise<number | undefined> {
    const pid = await terminal.processId;
    if (pid === undefined || madeByUs(terminal)) return pid;
    return (await this.#sessionOf(pid)) && pid;
  }

  /** The session in a terminal; undefined where there is none, or no helper can tell. */
  async session(terminal: Terminal): Promise<Session | undefined> {
    const pid = await terminal.processId;
    return pid === undefined ? undefined : this.#sessionOf(pid);
  }

  async #sessionOf(pid: number): Promise<Session | undefined> {
    const { state } = this.helper;
    if (state.kind !== 'connected') return undefined;
    // The connection may go with its helper: then nobody can tell.
    const list = await state.client.call('session/list', {}).catch(() => undefined);
    return list?.sessions.find((session) => session.terminal?.pid === pid);
  }
}

function madeByUs({ creationOptions }: Terminal): boolean {
  return 'shellPath' in creationOptions && basename(creationOptions.shellPath ?? '') === ATTACH;
}
