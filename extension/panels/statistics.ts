// The Statistics panels of the window: which are open, what they are told, and that the helper is asked only for what is
// in sight.
import {
  type Disposable,
  env,
  type Uri,
  ViewColumn,
  type WebviewPanel,
  type WebviewPanelSerializer,
  window,
} from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Container } from '../../helper/rpc/contract/container';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Topic } from '../../helper/rpc/contract/events';
import { sentence, type Translate } from '../../helper/rpc/contract/sentences';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { endText } from '../views/containers-rows';
import type { Freshened } from '../views/refresh';
import { visible } from '../views/row';
import { History, only, type Sample, type Tick } from './history';
import { type Kept, kept, MOST_CONTAINERS, type Shown, type ToPage } from './messages';
import { Sampler } from './sampler';
import { panelTitle, StatisticsPanel } from './statistics-panel';
import { pageTexts } from './texts';

export const STATISTICS = 'isolab.statistics';

export class Statistics implements Disposable, Freshened, WebviewPanelSerializer {
  readonly scans = false;
  readonly #history = new History();
  /** By the ids of their containers: the same choice again is the same panel. */
  readonly #panels = new Map<string, StatisticsPanel>();
  readonly #known = new Map<string, Shown>();
  /** Quotas of processor time, percent of one core: they are not among the figures. */
  readonly #quotas = new Map<string, number>();
  readonly #sampler: Sampler;
  /** What went wrong with the last request. */
  #trouble = '';

  constructor(
    private readonly helper: Helper,
    private readonly extension: Uri,
    private readonly warn: (text: string) => void,
  ) {
    this.#sampler = new Sampler({
      client: () => this.#client(),
      ids: () => [...this.#inSight()].filter((id) => this.#known.get(id)?.lives).slice(0, MOST_CONTAINERS),
      tell: (read) => {
        const tick = this.#withQuotas(read);
        this.#history.add(tick);
        this.#complain('');
        this.#each(({ ids }) => ({ type: 'tick', tick: only(tick, ids) }));
      },
      stopped: () => this.#history.pause(),
      failed: (error) => this.#failed(error),
    });
  }

  get visible(): boolean {
    return [...this.#panels.values()].some((panel) => panel.visible);
  }

  /** Shows them together; the panel of the same choice if it is open. */
  open(containers: readonly Container[]): void {
    const chosen = containers.slice(0, MOST_CONTAINERS).map(({ id, name }) => ({ id, name: visible(name) }));
    const open = this.#panels.get(keyOf(chosen));
    if (open !== undefined) open.reveal();
    else this.#adopt(window.createWebviewPanel(STATISTICS, t('Statistics'), ViewColumn.Active), chosen);
  }

  /** A panel of a window that was loaded again. */
  async deserializeWebviewPanel(panel: WebviewPanel, state: unknown): Promise<void> {
    try {
      const { containers } = kept(state);
      if (containers.length === 0 || this.#panels.has(keyOf(containers))) panel.dispose();
      else this.#adopt(panel, containers);
    } catch (error) {
      // Of an older version, or never written.
      this.warn(`statistics: ${String(error)}`);
      panel.dispose();
    }
  }

  freshen(topics?: ReadonlySet<Topic>): void {
    if (topics === undefined || topics.has('container')) void this.#look();
  }

  async scan(): Promise<void> {}

  dispose(): void {
    this.#sampler.dispose();
    for (const panel of [...this.#panels.values()]) panel.dispose();
  }

  #adopt(webview: WebviewPanel, chosen: Kept['containers']): void {
    const key = keyOf(chosen);
    const ids = chosen.map(({ id }) => id);
    for (const { id, name } of chosen) {
      if (!this.#known.has(id)) this.#known.set(id, { id, name, state: '', lives: false });
    }
    const panel = new StatisticsPanel(webview, ids, panelTitle(chosen.map(({ name }) => name)), this.extension, {
      begin: () => ({
        type: 'begin',
        language: env.language,
        texts: pageTexts(t),
        containers: this.#shown(ids),
        ticks: this.#history.of(ids),
        trouble: this.#trouble,
      }),
      looked: () => void this.#look(),
      closed: () => {
        this.#panels.delete(key);
        if (this.#panels.size === 0) this.#forget();
        this.#sampler.look();
      },
      warn: this.warn,
    });
    this.#panels.set(key, panel);
    void this.#look();
  }

  #forget(): void {
    this.#history.clear();
    this.#known.clear();
    this.#quotas.clear();
  }

  #client(): Client | undefined {
    const { state } = this.helper;
    return state.kind === 'connected' ? state.client : undefined;
  }

  #inSight(): Set<string> {
    return new Set([...this.#panels.values()].filter((panel) => panel.visible).flatMap(({ ids }) => ids));
  }

  /** What the containers in sight are, asked when a panel comes in sight and when the helper says that something changed. */
  async #look(): Promise<void> {
    const client = this.#client();
    const ids = this.#inSight();
    if (client !== undefined && ids.size > 0) {
      try {
        await this.#ask(client, ids);
        this.#complain('');
      } catch (error) {
        this.#tellTrouble(error);
      }
    } else if (client === undefined) {
      this.#complain(t('There is no helper to ask; the figures go on when there is one.'));
    }
    this.#sampler.look();
  }

  async #ask(client: Client, ids: ReadonlySet<string>): Promise<void> {
    const { containers } = await client.call('container/list', { all: true });
    const found = new Map(containers.map((container) => [container.id, container]));
    await Promise.all([...ids].map(async (id) => this.#known.set(id, await this.#describe(client, id, found.get(id)))));
    this.#each(({ ids: its }) => ({ type: 'shown', containers: this.#shown(its) }));
  }

  async #describe(client: Client, id: string, container: Container | undefined): Promise<Shown> {
    if (container === undefined) {
      const name = this.#known.get(id)?.name ?? id.slice(0, 12);
      return { id, name, state: t('removed'), lives: false };
    }
    const lives = container.state === 'running' || container.state === 'paused';
    const shown = { id, name: visible(container.name), state: stateWord(container, t), lives };
    if (!lives) return shown;
    // It may be gone by now: then the next change says so.
    const details = await client.call('container/show', { container: { id } }).catch(() => undefined);
    const cpus = details?.limits.cpus;
    if (typeof cpus === 'number') this.#quotas.set(id, cpus * 100);
    else this.#quotas.delete(id);
    return shown;
  }

  #withQuotas({ time, samples }: Tick): Tick {
    const whole = Object.entries(samples).map(([id, sample]): [string, Sample] => {
      const cpuLimit = this.#quotas.get(id);
      return [id, { ...sample, ...(cpuLimit !== undefined && { cpuLimit }) }];
    });
    return { time, samples: Object.fromEntries(whole) };
  }

  #shown(ids: readonly string[]): Shown[] {
    return ids.flatMap((id) => this.#known.get(id) ?? []);
  }

  #each(message: (panel: StatisticsPanel) => ToPage): void {
    for (const panel of this.#panels.values()) panel.send(message(panel));
  }

  async #failed(error: unknown): Promise<void> {
    // One of them was removed: which, the list says.
    if (error instanceof Failure && error.data.kind === 'not-found' && this.#client() !== undefined) await this.#look();
    else this.#tellTrouble(error);
  }

  #tellTrouble(error: unknown): void {
    if (error instanceof Failure) this.#complain(sentence(error.data, t));
    else this.warn(`statistics: ${String(error)}`);
  }

  #complain(trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#each(() => ({ type: 'trouble', text: trouble }));
  }
}

function keyOf(containers: readonly { readonly id: string }[]): string {
  return containers
    .map(({ id }) => id)
    .sort()
    .join();
}

/** Without times, which would go on. */
function stateWord(container: Container, t: Translate): string {
  switch (container.state) {
    case 'running':
      return t('running');
    case 'paused':
      return t('paused');
    case 'restarting':
      return t('starts again');
    case 'created':
      return t('not started');
    case 'exited':
      return endText(container, t);
    case 'dead':
      return t('not wholly removed');
  }
}
