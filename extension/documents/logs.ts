// Logs of containers as documents that grow: they can be searched, and follow the end while nobody scrolled away from it.
// A document asks only while it is open.
import {
  type Disposable,
  type Event,
  EventEmitter,
  Position,
  Range,
  type TextDocument,
  type TextDocumentContentProvider,
  type TextEditor,
  TextEditorRevealType,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Container } from '../../helper/rpc/contract/container';
import { Failure } from '../../helper/rpc/contract/errors';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { endText } from '../views/containers-rows';
import { visible } from '../views/row';
import { LogText } from './log-text';

export const LOG_SCHEME = 'isolab-log';

/** Lines that are shown of what was written before. */
const TAIL = 10_000;
/** Milliseconds between two drawings. */
const APART = 200;

export class Logs implements TextDocumentContentProvider, Disposable {
  readonly #emitter = new EventEmitter<Uri>();
  readonly onDidChange: Event<Uri> = this.#emitter.event;
  readonly #followed = new Map<string, Followed>();
  readonly #listeners: Disposable[];

  constructor(private readonly helper: Helper) {
    this.#listeners = [
      workspace.onDidCloseTextDocument(({ uri }) => this.#end(uri)),
      // A document whose language is changed is closed and opened again, without being asked for.
      workspace.onDidOpenTextDocument(({ uri }) => uri.scheme === LOG_SCHEME && this.#follow(uri)),
      workspace.onDidChangeTextDocument(({ document }) => this.#scroll(document)),
      helper.onDidChangeState(() => this.#wake()),
      helper.onDidChange((topics) => topics.includes('container') && this.#wake()),
    ];
  }

  async show({ id, name }: Container): Promise<void> {
    const uri = Uri.from({ scheme: LOG_SCHEME, path: `/${visible(name).replaceAll('/', '∕')}.log`, query: id });
    const document = await workspace.openTextDocument(uri);
    const editor = await window.showTextDocument(document, { preview: false });
    toEnd(editor);
  }

  provideTextDocumentContent(uri: Uri): string {
    return this.#follow(uri).text;
  }

  dispose(): void {
    for (const followed of this.#followed.values()) followed.end();
    for (const listener of this.#listeners) listener.dispose();
    this.#emitter.dispose();
  }

  #follow(uri: Uri): Followed {
    const known = this.#followed.get(uri.toString());
    if (known) return known;
    const followed = new Followed(
      uri.query,
      () => this.helper,
      () => this.#emitter.fire(uri),
    );
    this.#followed.set(uri.toString(), followed);
    void followed.run();
    return followed;
  }

  #end(uri: Uri): void {
    this.#followed.get(uri.toString())?.end();
    this.#followed.delete(uri.toString());
  }

  #wake(): void {
    for (const followed of this.#followed.values()) void followed.run();
  }

  /** Editors that showed the end before show it now. */
  #scroll(document: TextDocument): void {
    if (document.uri.scheme !== LOG_SCHEME) return;
    const followed = this.#followed.get(document.uri.toString());
    if (!followed) return;
    const before = followed.lines;
    followed.lines = document.lineCount;
    for (const editor of window.visibleTextEditors) {
      if (editor.document !== document) continue;
      const last = editor.visibleRanges.at(-1)?.end.line ?? 0;
      if (last >= before - 2) toEnd(editor);
    }
  }
}

function toEnd(editor: TextEditor): void {
  const at = new Position(Math.max(0, editor.document.lineCount - 1), 0);
  editor.revealRange(new Range(at, at), TextEditorRevealType.Default);
}

/** One container's log: what was read of it, and the question that waits for more. */
class Followed {
  readonly #log = new LogText();
  #cursor: string | undefined;
  #asking: AbortController | undefined;
  #drawing: NodeJS.Timeout | undefined;
  #ended = false;
  #told: string | undefined;
  /** Of the document, as it was drawn last. */
  lines = 0;

  constructor(
    private readonly id: string,
    private readonly helper: () => Helper,
    private readonly draw: () => void,
  ) {}

  get text(): string {
    return this.#log.text;
  }

  /** Asks until the container has ended or nobody answers; to be called again when that may have changed. */
  async run(): Promise<void> {
    const { state } = this.helper();
    if (this.#asking || this.#ended || state.kind !== 'connected') return;
    this.#asking = new AbortController();
    try {
      await this.#follow(state.client, this.#asking.signal);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!this.#ended && error.data.rule?.code !== 'helper-gone') this.#remark(sentence(error.data, t));
    } finally {
      this.#asking = undefined;
    }
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#drawing);
    this.#asking?.abort();
  }

  async #follow(client: Client, signal: AbortSignal): Promise<void> {
    for (;;) {
      const from = this.#cursor === undefined ? { tail: TAIL } : { cursor: this.#cursor };
      const container = { id: this.id };
      const answer = await client.call('container/logs', { container, ...from, follow: true }, { signal });
      this.#cursor = answer.cursor;
      if (this.#log.add(answer.entries)) this.#told = undefined;
      if (answer.entries.length > 0) this.#redraw();
      if (!answer.ended || !answer.end) continue;
      const { containers } = await client.call('container/list', { all: true });
      const found = containers.find(({ id }) => id === this.id);
      if (found && found.state !== 'created') this.#remark(endText(found, t));
      return;
    }
  }

  /** Once, however often it is found out. */
  #remark(text: string): void {
    if (this.#told === text) return;
    this.#told = text;
    this.#log.remark(`— ${text} —`);
    this.#redraw();
  }

  #redraw(): void {
    this.#drawing ??= setTimeout(() => {
      this.#drawing = undefined;
      this.draw();
    }, APART);
  }
}
