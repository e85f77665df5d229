// Asks the scanning thread and waits for its answer, so that the main thread is never held by a scan.
import { Worker } from 'node:worker_threads';
import type { NetnsPlace } from '../sys/namespaces';
import type { FoundNamespace, FoundProcess, ScanOptions } from './snapshot';

export interface Question {
  readonly number: number;
  readonly options: ScanOptions;
  /** Where the names lie. */
  readonly place: NetnsPlace;
}

export interface Answer {
  readonly number: number;
  /** Empty unless everybody's details were asked for. */
  readonly processes: readonly FoundProcess[];
  readonly namespaces: readonly FoundNamespace[];
  readonly hidden: number;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** After this long without a question the thread ends and gives its memory back, in milliseconds. */
const IDLE = 30_000;

/**
 * The thread is started by the first question and always from the event loop, never during a visit to a namespace,
 * which is synchronous: so it stands in the helper's own namespaces.
 */
export class Scanner {
  private worker: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;
  private next = 1;
  private readonly waiting = new Map<number, Waiting>();

  /** `realm.netns` is asked anew for each scan: a user realm's keeper may have been replaced. */
  constructor(
    private readonly workerFile: string,
    private readonly realm: { readonly netns: NetnsPlace },
  ) {}

  /** Rejects only where the thread itself fails; what vanished during the scan is silently missing. */
  scan(options: ScanOptions): Promise<Answer> {
    clearTimeout(this.idle);
    const worker = this.worker ?? this.start();
    const number = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      worker.ref();
      worker.postMessage({ number, options, place: this.realm.netns } satisfies Question);
    });
  }

  /** Ends the thread; questions still open are rejected. */
  async close(): Promise<void> {
    clearTimeout(this.idle);
    await this.worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(this.workerFile);
    this.worker = worker;
    worker.on('message', (answer: Answer) => {
      const waiting = this.waiting.get(answer.number);
      this.waiting.delete(answer.number);
      if (this.waiting.size === 0) this.rest(worker);
      waiting?.resolve(answer);
    });
    worker.on('error', (error) => this.end(worker, error));
    worker.on('exit', () => this.end(worker, new Error('the scanning thread ended')));
    return worker;
  }

  /** Between questions the thread neither keeps the process alive nor, after a while, its memory. */
  private rest(worker: Worker): void {
    worker.unref();
    this.idle = setTimeout(() => {
      if (this.waiting.size > 0) return;
      this.worker = undefined;
      void worker.terminate();
    }, IDLE).unref();
  }

  private end(worker: Worker, error: Error): void {
    if (this.worker === worker) this.worker = undefined;
    // A thread that ended after its rest has nobody waiting: those who wait belong to a later one.
    if (this.worker !== undefined) return;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
