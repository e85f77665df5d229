// What the namespaces of the Networks tree hold, for its filter: asked of every namespace, so it is asked seldom. However
// many events come, at most a tenth of the time goes into asking.
import type { Client } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Link } from '../../helper/rpc/contract/link';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Process } from '../../helper/rpc/contract/process';
import type { Contents } from './networks-filter';
import { netnsKey } from './nodes';
import { netnsRef } from './refs';

const IDLE_SHARE = 9;

export class Surroundings {
  #last: Promise<Contents> | undefined;
  #stale = true;
  /** Milliseconds since the epoch. */
  #notBefore = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `again` is called when what was given out was stale and may be asked for anew. */
  constructor(private readonly again: () => void) {}

  changed(): void {
    this.#stale = true;
  }

  of(client: Client, netns: readonly Netns[]): Promise<Contents> {
    const wait = this.#notBefore - Date.now();
    if (this.#last !== undefined && (!this.#stale || wait > 0)) {
      if (this.#stale) this.#timer ??= setTimeout(() => this.#wake(), wait);
      return this.#last;
    }
    this.#stale = false;
    this.#last = this.#ask(client, netns).catch((error: unknown) => {
      this.forget();
      throw error;
    });
    return this.#last;
  }

  /** Processes as of the last time, whatever changed since: rows below follow the rows above. */
  async processes(client: Client): Promise<readonly Process[]> {
    return (await (this.#last ?? client.call('process/list', {}))).processes;
  }

  /** Newer processes than those of the last time. */
  found(processes: readonly Process[]): void {
    this.#last = this.#last?.then((contents) => ({ ...contents, processes }));
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#last = undefined;
    this.#stale = true;
    this.#notBefore = 0;
  }

  #wake(): void {
    this.#timer = undefined;
    this.again();
  }

  async #ask(client: Client, netns: readonly Netns[]): Promise<Contents> {
    const started = Date.now();
    const [links, { processes }] = await Promise.all([
      Promise.all(netns.map(async (each) => [netnsKey(each), await linksOf(client, each)] as const)),
      client.call('process/list', {}),
    ]);
    const now = Date.now();
    this.#notBefore = now + IDLE_SHARE * (now - started);
    return { links: new Map(links), processes };
  }
}

/** A namespace that went meanwhile holds nothing. */
async function linksOf(client: Client, netns: Netns): Promise<Link[]> {
  try {
    return (await client.call('link/list', { netns: netnsRef(netns) })).links;
  } catch (error) {
    if (error instanceof Failure && error.data.kind === 'not-found') return [];
    throw error;
  }
}
