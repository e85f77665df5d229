// One Statistics panel: a page that draws what it is sent, about the same containers for as long as it is open.
import { randomBytes } from 'node:crypto';
import { type Disposable, env, Uri, type WebviewPanel } from 'vscode';
import { t } from '../translate';
import { pageHtml } from './html';
import { type FromPage, fromPage, type ToPage } from './messages';

export interface Asked {
  /** What the page is told first. */
  readonly begin: () => Extract<ToPage, { type: 'begin' }>;
  /** It was shown or hidden. */
  readonly looked: () => void;
  readonly closed: () => void;
  readonly warn: (text: string) => void;
}

export class StatisticsPanel {
  readonly #panel: WebviewPanel;
  readonly #listeners: Disposable[];
  /** The page listens: a hidden one does not, and begins anew when it is shown. */
  #ready = false;

  constructor(
    panel: WebviewPanel,
    /** Of the containers it is about. */
    readonly ids: readonly string[],
    title: string,
    extension: Uri,
    private readonly asked: Asked,
  ) {
    this.#panel = panel;
    const { webview } = panel;
    const file = (...path: string[]) => Uri.joinPath(extension, ...path);
    panel.title = title;
    panel.iconPath = { light: file('media', 'statistics.svg'), dark: file('media', 'statistics-dark.svg') };
    webview.options = { enableScripts: true, enableForms: false, localResourceRoots: [file('dist')] };
    this.#listeners = [
      webview.onDidReceiveMessage((message: unknown) => this.#hear(message)),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.#ready = false;
        asked.looked();
      }),
      panel.onDidDispose(() => {
        for (const listener of this.#listeners) listener.dispose();
        asked.closed();
      }),
    ];
    webview.html = pageHtml({
      nonce: randomBytes(18).toString('base64url'),
      language: env.language,
      title,
      script: webview.asWebviewUri(file('dist', 'statistics.js')).toString(),
      style: webview.asWebviewUri(file('dist', 'statistics.css')).toString(),
    });
  }

  get visible(): boolean {
    return this.#panel.visible;
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  /** Nothing where the page does not listen: it will ask. */
  send(message: ToPage): void {
    if (this.#ready) void this.#panel.webview.postMessage(message);
  }

  #hear(message: unknown): void {
    let heard: FromPage;
    try {
      heard = fromPage(message);
    } catch (error) {
      heard = { type: 'failed', text: String(error) };
    }
    if (heard.type === 'failed') this.asked.warn(`statistics: ${heard.text}`);
    else this.#begin();
  }

  #begin(): void {
    this.#ready = true;
    this.send(this.asked.begin());
    this.asked.looked();
  }
}

export function panelTitle(names: readonly string[]): string {
  const [only] = names;
  return names.length === 1 && only !== undefined
    ? t('Statistics: {name}', { name: only })
    : t('Statistics: {count} containers', { count: names.length });
}
