// Jobs of the image store: each has a thread and a directory of its own, and leaves neither behind, however it ends.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Failure } from '../../rpc/contract/errors';
import { cancelled } from './cancelled';
import type { Places } from './places';
import type { Order, Reply, TaskName, Tasks, WorkerData } from './tasks';

export interface JobOptions {
  readonly signal?: AbortSignal;
  /** Bytes. */
  readonly progress?: (step: string, done: number, total?: number) => void;
  /** It neither reads nor writes images. */
  readonly bare?: boolean;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** At once: each has a thread, and some memory. Others wait for their turn. */
const MAX_JOBS = 8;

export class Jobs {
  readonly #open = new Set<Job>();
  /** Of these, those that read or write images. */
  readonly #busy = new Set<Job>();
  #closing = false;
  /** Called when the last of them is over. */
  onIdle: () => void = () => {};

  constructor(
    private readonly workerFile: string,
    private readonly places: Places,
  ) {}

  get busy(): boolean {
    return this.#busy.size > 0;
  }

  /** What `work` resolves or rejects with, once thread and directory are gone. */
  async run<Result>(options: JobOptions, work: (job: Job) => Promise<Result>): Promise<Result> {
    while (this.#open.size >= MAX_JOBS && !this.#isOver(options)) await this.#oneEnds(options.signal);
    if (this.#isOver(options)) throw cancelled();
    const job = new Job(this.workerFile, this.places, options);
    this.#open.add(job);
    if (!options.bare) this.#busy.add(job);
    try {
      return await work(job);
    } finally {
      await job.end();
      this.#open.delete(job);
      if (this.#busy.delete(job) && !this.busy) this.onIdle();
    }
  }

  #isOver({ signal }: JobOptions): boolean {
    return this.#closing || signal?.aborted === true;
  }

  /** Or nobody waits any more. */
  #oneEnds(signal: AbortSignal | undefined): Promise<unknown> {
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
    return Promise.race([aborted, ...[...this.#open].map((job) => job.over)]);
  }

  /** Cancels all; resolves when they have undone what they did. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const job of this.#open) job.cancel();
    await Promise.all([...this.#open].map((job) => job.over));
  }
}

export class Job {
  /** On the file system of the store. */
  readonly temp: string;
  /** Resolves when it has ended. */
  readonly over: Promise<void>;
  readonly #flag = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, Waiting>();
  /** Answers that are not there yet. */
  readonly #asked = new Set<Promise<unknown>>();
  /** What else stops when nobody wants it any more. */
  readonly #stops = new Set<() => void>();
  readonly #onAbort = () => this.cancel();
  #worker: Worker | undefined;
  #next = 1;
  #settle: () => void = () => {};

  constructor(
    private readonly workerFile: string,
    private readonly places: Places,
    private readonly options: JobOptions,
  ) {
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.temp = join(places.temp, randomBytes(8).toString('hex'));
    if (!options.bare) mkdirSync(this.temp, { mode: 0o700 });
    options.signal?.addEventListener('abort', this.#onAbort);
  }

  get isCancelled(): boolean {
    return Atomics.load(this.#flag, 0) !== 0;
  }

  /** The worker notices at its next step. */
  cancel(): void {
    Atomics.store(this.#flag, 0, 1);
    for (const stop of this.#stops) stop();
  }

  /** `stop` is called once when the job is cancelled; at once where it was. Returns a function that forgets it. */
  onCancel(stop: () => void): () => void {
    if (this.isCancelled) stop();
    else this.#stops.add(stop);
    return () => this.#stops.delete(stop);
  }

  progress(step: string, done: number, total?: number): void {
    this.options.progress?.(step, done, total);
  }

  /** Rejects with a Failure, or with what nobody foresaw. */
  ask<T extends TaskName>(task: T, params: Tasks[T]['params']): Promise<Tasks[T]['result']> {
    if (this.isCancelled) return Promise.reject(cancelled());
    this.#worker ??= this.#start();
    const number = this.#next++;
    const worker = this.#worker;
    const answer = new Promise<Tasks[T]['result']>((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as Waiting['resolve'], reject });
      worker.postMessage({ number, task, params } satisfies Order);
    });
    this.#asked.add(answer);
    const over = () => this.#asked.delete(answer);
    answer.then(over, over);
    return answer;
  }

  /** Waits for what the thread is at, so that no descriptor is closed under it. */
  async end(): Promise<void> {
    this.options.signal?.removeEventListener('abort', this.#onAbort);
    if (this.#asked.size > 0) this.cancel();
    await Promise.allSettled(this.#asked);
    await this.#worker?.terminate();
    await rm(this.temp, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    this.#settle();
  }

  #start(): Worker {
    const data: WorkerData = {
      places: this.places,
      temp: this.temp,
      cancelled: this.#flag.buffer as SharedArrayBuffer,
    };
    const worker = new Worker(this.workerFile, { workerData: data });
    worker.on('message', (reply: Reply) => this.#take(reply));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('the thread of an image job ended')));
    return worker;
  }

  #take(reply: Reply): void {
    if ('progress' in reply) {
      const { step, done, total } = reply.progress;
      this.progress(step, done, total);
      return;
    }
    const waiting = this.#waiting.get(reply.number);
    this.#waiting.delete(reply.number);
    if ('result' in reply) waiting?.resolve(reply.result);
    else if (this.isCancelled) waiting?.reject(cancelled());
    else if ('failure' in reply) waiting?.reject(new Failure(reply.failure));
    else waiting?.reject(new Error(reply.error));
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
