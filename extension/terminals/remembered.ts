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
import type { Attach } from '../context';
import type { Helper } from '../helper/client';
import type { Ours } from './ours';
import { type Remembered, restorable } from './restorable';

const KEY = 'terminals';
/** More than anybody has open; the oldest are forgotten. */
const MOST = 50;
/** Milliseconds after a window was loaded in which a server that ended may still be ending its terminals. */
const ENDING = 30_000;

export class RememberedTerminals implements Disposable {
  /** Session of a terminal that was made, or found again, in this window. */
  readonly #sessions = new WeakMap<Terminal, string>();
  readonly #listeners: Disposable[];
  #looked = false;
  /** Whose terminal lives, but was not seen in this window so far: it comes from the server, or ends with the one before. */
  #awaited: readonly Remembered[] = [];

  constructor(
    private readonly memento: Memento,
    private readonly helper: Helper,
    private readonly ours: Ours,
    private readonly attach: Attach,
  ) {
    this.#listeners = [
      window.onDidOpenTerminal((terminal) => void this.#note(terminal)),
      window.onDidCloseTerminal((terminal) => void this.#closed(terminal)),
      helper.onDidChangeState(() => void this.restore()),
      helper.onDidChange((topics) => topics.includes('session') && void this.#ended()),
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
    const { found, gone } = (await this.#lookFor(entries)) ?? {};
    if (!found || !gone) {
      this.#looked = false;
      return;
    }
    this.#awaited = found;
    setTimeout(() => {
      this.#awaited = [];
    }, ENDING);
    await this.memento.update(KEY, [...found, ...gone]);
    for (const entry of gone) this.#open(entry);
  }

  dispose(): void {
    for (const listener of this.#listeners) listener.dispose();
  }

  /** Brings back those that ended since. */
  async #ended(): Promise<void> {
    if (this.#awaited.length === 0) return;
    const { gone = [] } = (await this.#lookFor(this.#awaited)) ?? {};
    const seen = new Set(window.terminals.map((terminal) => this.#sessions.get(terminal)));
    // Whoever asked at the same time may have opened one.
    const missed = gone.filter((one) => this.#awaited.includes(one) && !seen.has(one.session));
    this.#awaited = this.#awaited.filter((one) => !missed.includes(one));
    for (const entry of missed) this.#open(entry);
  }

  /** Undefined where no helper can tell. */
  async #lookFor(entries: readonly Remembered[]): Promise<ReturnType<typeof restorable> | undefined> {
    const { state } = this.helper;
    const list = state.kind === 'connected' && (await state.client.call('session/list', {}).catch(() => undefined));
    return list ? restorable(entries, list) : undefined;
  }

  #open({ session, name, icon, color, args }: Remembered): void {
    const options = { name, shellPath: this.attach.path, shellArgs: [...this.attach.words, ...args] };
    const terminal = window.createTerminal({ ...options, iconPath: new ThemeIcon(icon), color: new ThemeColor(color) });
    this.#sessions.set(terminal, session);
  }

  /** While it lives: once it is closed nobody can tell any more whose it was. */
  async #note(terminal: Terminal): Promise<void> {
    if (this.#entries().length === 0) return;
    const session = await this.ours.session(terminal);
    if (session === undefined) return;
    this.#sessions.set(terminal, session.id);
    this.#awaited = this.#awaited.filter((one) => one.session !== session.id);
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
