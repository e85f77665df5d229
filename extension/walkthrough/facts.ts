// Ticks the steps of the walkthrough: asks the helper for the facts that are still missing whenever it says that something
// changed, remembers what was learned on this machine, and tells the editor through context keys.
import { commands, type Disposable, type Memento } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Topic } from '../../helper/rpc/contract/events';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Process } from '../../helper/rpc/contract/process';
import type { Helper, HelperState } from '../helper/client';
import type { Freshened } from '../views/refresh';
import { netnsRef } from '../views/refs';
import {
  answered,
  contextKey,
  isLesson,
  isOwnLook,
  joinedPairs,
  LESSONS,
  type Lesson,
  learnedInShells,
  type Surveyed,
} from './lessons';

const LEARNED = 'learned';
/** Whether something of ours stood that has to be cleaned up. */
const STOOD = 'stood';
const IN_SHELLS: readonly Lesson[] = ['uts', 'pid', 'mnt', 'user'];
/** Namespaces of ours that are looked into. */
const MOST = 16;

export class Facts implements Freshened, Disposable {
  readonly scans = false;
  readonly #learned: Set<Lesson>;
  readonly #listener: Disposable;

  constructor(
    private readonly helper: Helper,
    /** Of this machine and user. */
    private readonly memory: Memento,
  ) {
    this.#learned = new Set(memory.get<unknown[]>(LEARNED, []).filter(isLesson));
    for (const lesson of LESSONS) this.#tell(lesson);
    this.#listener = helper.onDidChangeState((state) => this.#connected(state));
  }

  /** Only what is missing is asked for: once all is learned, nothing. */
  get visible(): boolean {
    return this.helper.state.kind === 'connected' && this.#learned.size < LESSONS.length;
  }

  freshen(topics?: ReadonlySet<Topic>): void {
    const { state } = this.helper;
    if (state.kind !== 'connected') return;
    // A helper that goes, or a namespace that goes while it is asked about: the next change asks again.
    this.#ask(state.client, topics).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
    });
  }

  /** All that is to be seen has an event. */
  async scan(): Promise<void> {}

  /** The namespaces of a process are before the person's eyes. */
  saw(process: Process): void {
    if (isOwnLook(process, ownUid())) this.#learn('look');
  }

  dispose(): void {
    this.#listener.dispose();
  }

  #connected(state: HelperState): void {
    if (state.kind === 'connected') this.#learn('helper');
  }

  #lacks(...lessons: readonly Lesson[]): boolean {
    return lessons.some((lesson) => !this.#learned.has(lesson));
  }

  async #ask(client: Client, topics?: ReadonlySet<Topic>): Promise<void> {
    const told = (...some: Topic[]) => topics === undefined || some.some((topic) => topics.has(topic));
    if (this.#lacks(...IN_SHELLS) && told('session')) {
      const { sessions } = await client.call('session/list', {});
      for (const lesson of learnedInShells(sessions)) this.#learn(lesson);
    }
    if (!this.#lacks('net', 'clean')) return;
    const ours = (await client.call('netns/list', {})).netns.filter((netns) => netns.ours);
    if (this.#lacks('net') && ours.length > 1 && (await pinged(client, ours))) this.#learn('net');
    if (this.#lacks('clean')) await this.#askWhatIsLeft(client, ours.length > 0);
  }

  /** Clean is what nothing is left of, after something had stood that does not go by itself. */
  async #askWhatIsLeft(client: Client, stands: boolean): Promise<void> {
    if (stands) return this.memory.update(STOOD, true);
    if (!this.memory.get<boolean>(STOOD, false)) return;
    const { removed, kept } = await client.call('helper/cleanup', { dryRun: true });
    if (removed.length + kept.length === 0) this.#learn('clean');
  }

  #learn(lesson: Lesson): void {
    if (this.#learned.has(lesson)) return;
    this.#learned.add(lesson);
    void this.memory.update(LEARNED, [...this.#learned]);
    this.#tell(lesson);
  }

  #tell(lesson: Lesson): void {
    void commands.executeCommand('setContext', contextKey(lesson), this.#learned.has(lesson));
  }
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}

async function pinged(client: Client, all: readonly Netns[]): Promise<boolean> {
  const surveyed = await Promise.all(
    all.slice(0, MOST).map(async (netns): Promise<Surveyed> => {
      const { links } = await client.call('link/list', { netns: netnsRef(netns) });
      return { netns, links, neighbours: [] };
    }),
  );
  const pairs = joinedPairs(surveyed);
  const asked = new Map<Surveyed, Surveyed>();
  for (const one of new Set(pairs.map(([near]) => near))) {
    const netns = all.find(({ id }) => id === one.netns.id);
    if (!netns) continue;
    asked.set(one, { ...one, ...(await client.call('neighbour/list', { netns: netnsRef(netns) })) });
  }
  return answered(pairs.map(([near, far]) => [asked.get(near) ?? near, far]));
}
