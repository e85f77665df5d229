// Gives acts to the thread of files. System calls on a container's files may hang for as long as somebody likes (a file
// system in user space, a dead server): then its thread is left to itself, the act fails, and another thread goes on.
import { Worker } from 'node:worker_threads';
import { type ErrorData, Failure } from '../../rpc/contract/errors';
import { broken } from '../failures';
import type { Act, Arguments, Outcome } from './acts';

export interface Order {
  readonly number: number;
  readonly act: Act;
  readonly args: readonly unknown[];
  /** Files are made and shown with ids from this one on: of a user namespace of their container's own. */
  readonly ids?: number | undefined;
}

export interface Report {
  readonly number: number;
  readonly outcome?: unknown;
  readonly failure?: ErrorData;
  /** For the log, of what nobody foresaw. */
  readonly trouble?: string;
}

interface Job {
  readonly order: Omit<Order, 'number'>;
  readonly resolve: (outcome: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Called once nothing uses its descriptors any more. */
  readonly over: () => void;
}

/** After this long without work the thread ends, and after this long within one act it is left, in milliseconds. */
const IDLE = 30_000;
const HUNG = 10_000;
/** So many threads may hang at once. */
const MAX_HUNG = 4;

/** The thread is started from the event loop, never during a visit to a namespace, which is synchronous. */
export class FileThread {
  #worker: Worker | undefined;
  #busy: { readonly job: Job; readonly number: number; readonly timer: NodeJS.Timeout } | undefined;
  readonly #queue: Job[] = [];
  readonly #hung = new Set<Worker>();
  #idle: NodeJS.Timeout | undefined;
  #next = 1;

  constructor(
    private readonly workerFile: string,
    private readonly warn: (text: string) => void,
    private readonly hungAfter = HUNG,
  ) {}

  /**
   * What the act answers; rejects with its Failure. `over` is called when its descriptors may be closed: with the answer, or
   * long after it where the thread hangs.
   */
  perform<A extends Act>(
    act: A,
    args: Arguments<A>,
    ids: number | undefined,
    over: () => void = () => {},
  ): Promise<Outcome<A>> {
    return new Promise<Outcome<A>>((resolve, reject) => {
      this.#queue.push({ order: { act, args, ids }, resolve: resolve as Job['resolve'], reject, over });
      this.#turn();
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#worker?.terminate();
  }

  #turn(): void {
    const [job] = this.#queue;
    if (job === undefined || this.#busy !== undefined) return;
    this.#queue.shift();
    if (this.#hung.size >= MAX_HUNG) {
      job.reject(broken('busy', 'files-hang', undefined));
      job.over();
      this.#turn();
      return;
    }
    clearTimeout(this.#idle);
    const worker = this.#worker ?? this.#start();
    const number = this.#next++;
    this.#busy = { job, number, timer: setTimeout(() => this.#leave(worker), this.hungAfter) };
    worker.ref();
    worker.postMessage({ ...job.order, number } satisfies Order);
  }

  #start(): Worker {
    const worker = new Worker(this.workerFile);
    this.#worker = worker;
    worker.on('message', (report: Report) => this.#done(worker, report));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, new Error('the thread of files ended')));
    return worker;
  }

  #done(worker: Worker, { number, outcome, failure, trouble }: Report): void {
    if (worker !== this.#worker || this.#busy?.number !== number) return;
    const { job, timer } = this.#busy;
    clearTimeout(timer);
    this.#busy = undefined;
    if (trouble !== undefined) this.warn(`files: ${trouble}`);
    if (failure === undefined) job.resolve(outcome);
    else job.reject(new Failure(failure));
    job.over();
    this.#turn();
    if (this.#busy === undefined) this.#rest(worker);
  }

  #rest(worker: Worker): void {
    worker.unref();
    this.#idle = setTimeout(() => {
      if (this.#busy !== undefined || this.#worker !== worker) return;
      this.#worker = undefined;
      void worker.terminate();
    }, IDLE).unref();
  }

  /** What its act still does, nobody waits for; what it holds is given back if it ever ends. */
  #leave(worker: Worker): void {
    const left = this.#busy;
    if (left === undefined) return;
    this.#worker = undefined;
    this.#busy = undefined;
    this.#hung.add(worker);
    worker.unref();
    const over = () => {
      this.#hung.delete(worker);
      left.job.over();
    };
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
    worker.on('error', () => {});
    worker.once('message', () => void worker.terminate());
    worker.once('exit', over);
    this.warn(`files: ${left.job.order.act} hangs`);
    left.job.reject(broken('busy', 'file-hangs', { seconds: Math.round(this.hungAfter / 1000) }, { field: 'path' }));
    this.#turn();
  }

  #lost(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    const lost = this.#busy;
    this.#busy = undefined;
    if (lost === undefined) return;
    clearTimeout(lost.timer);
    lost.job.reject(error);
    lost.job.over();
    this.#turn();
  }
}
