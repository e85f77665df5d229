// Terminals that an editor in a browser forgets when its server is restarted: it brings back none of its terminals then. Ours
// are brought back by us, and say what ended; on a desktop the editor itself runs their programs again.
import {
  type Disposable,
  env,
  type Memento,
  type Terminal,
  TerminalExitReason,
  ThemeColor,
  ThemeIcon,
  UIKind,
  window,
} from 'vscode';
import type { Helper } from '../helper/client';
import type { Ours } from './ours';
import { type Remembered, restorable } from './restorable';

const KEY = 'terminals';
/** More than anybody has open; the oldest are forgotten. */
const MOST = 50;

export class RememberedTerminals implements Disposable {
  /** Session of a terminal that was made, or found again, in this window. */
  readonly #sessions = new WeakMap<Terminal, string>();
  readonly #listeners: Disposable[];
  #looked = false;

  constructor(
    private readonly memento: Memento,
    private readonly helper: Helper,
    private readonly ours: Ours,
    private readonly attach: string,
  ) {
    this.#listeners = [
      window.onDidOpenTerminal((terminal) => void this.#note(terminal)),
      window.onDidCloseTerminal((terminal) => void this.#closed(terminal)),
      helper.onDidChangeState(() => void this.restore()),
    ];
  }

  /** A terminal that is about to be made. */
  async add(entry: Remembered): Promise<void> {
    const others = this.#entries().filter(({ session }) => session !== entry.session);
    await this.memento.update(KEY, [...others, entry].slice(-MOST));
  }

  /** Once a window: as soon as a helper can tell what became of the sessions. */
  async restore(): Promise<void> {
    const { state } = this.helper;
    if (state.kind !== 'connected' || this.#looked || env.uiKind !== UIKind.Web) return;
    this.#looked = true;
    for (const terminal of window.terminals) void this.#note(terminal);
    const entries = this.#entries();
    if (entries.length === 0) return;
    const list = await state.client.call('session/list', {}).catch(() => undefined);
    if (list === undefined) {
      this.#looked = false;
      return;
    }
    const { found, gone } = restorable(entries, list);
    await this.memento.update(KEY, [...found, ...gone]);
    for (const entry of gone) this.#open(entry);
  }

  dispose(): void {
    for (const listener of this.#listeners) listener.dispose();
  }

  #open({ session, name, icon, color, args }: Remembered): void {
    const options = { name, shellPath: this.attach, shellArgs: [...args] };
    const terminal = window.createTerminal({ ...options, iconPath: new ThemeIcon(icon), color: new ThemeColor(color) });
    this.#sessions.set(terminal, session);
  }

  /** While it lives: once it is closed nobody can tell any more whose it was. */
  async #note(terminal: Terminal): Promise<void> {
    if (this.#entries().length === 0) return;
    const session = await this.ours.session(terminal);
    if (session !== undefined) this.#sessions.set(terminal, session.id);
  }

  /** Whoever closes one wants it no more; a window or a server that ends does not ask anybody. */
  async #closed(terminal: Terminal): Promise<void> {
    if (terminal.exitStatus?.reason === TerminalExitReason.Shutdown) return;
    const session = this.#sessions.get(terminal) ?? sessionBy(terminal, this.#entries());
    if (session === undefined) return;
    await this.memento.update(
      KEY,
      this.#entries().filter((entry) => entry.session !== session),
    );
  }

  #entries(): readonly Remembered[] {
    return this.memento.get<readonly Remembered[]>(KEY, []);
  }
}

/** By its ticket, which nobody else has. */
function sessionBy({ creationOptions }: Terminal, entries: readonly Remembered[]): string | undefined {
  if (!('shellArgs' in creationOptions)) return undefined;
  const ticket = creationOptions.shellArgs?.at(-1);
  return entries.find(({ args }) => args.at(-1) === ticket)?.session;
}
