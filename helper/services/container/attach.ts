// Tickets for isolab-attach: what comes with one, a socket of the caller's, is handed to the monitor of a container or of a
// program run in it, which then carries frames over it. Nothing of that passes through the helper.
import { join } from 'node:path';
import type { Params, Result } from '../../rpc/contract';
import type { ClientFlags } from '../../sys/launch-plan';
import { Monitor } from '../../sys/monitor';
import { asFailure, broken } from '../failures';
import type { Caller } from '../house';
import { Fetched } from '../session/caller';
import { newTicket, Tickets } from '../session/tickets';
import type { Containers } from './containers';
import { type ExecWish, execInContainer, notRunning } from './exec';
import type { FirstClient } from './launch';
import type { ContainerRecord } from './record';
import { CONTROL } from './start';

/** What a ticket stands for. */
type Waiting =
  | { readonly kind: 'attach'; readonly id: string; readonly start: boolean; readonly stdin: boolean }
  | { readonly kind: 'exec'; readonly id: string; readonly wish: ExecWish };

type Redeemed = Result<'session/attach'>;

export class Attachments {
  readonly #tickets: Tickets<Waiting>;

  constructor(
    private readonly containers: Containers,
    now?: () => number,
  ) {
    this.#tickets = new Tickets<Waiting>(now);
  }

  attach(
    record: ContainerRecord,
    { start = false, stdin = false }: Pick<Params<'container/attach'>, 'start' | 'stdin'>,
    caller: Caller,
  ): Result<'container/attach'> {
    const { id, name, tty, interactive } = record;
    const living = this.containers.lives.get(id);
    if (!start && living === undefined) throw notRunning(record);
    if (stdin && !interactive) throw broken('invalid', 'container-not-interactive', { name }, { field: 'stdin' });
    const ticket = newTicket();
    this.#tickets.issue(caller.uid, { kind: 'attach', id, start, stdin }, ticket);
    return { ticket, id, tty };
  }

  exec(record: ContainerRecord, wish: ExecWish, caller: Caller): Result<'container/exec'> {
    if (this.containers.lives.get(record.id) === undefined) throw notRunning(record);
    const ticket = newTicket();
    this.#tickets.issue(caller.uid, { kind: 'exec', id: record.id, wish }, ticket);
    return { ticket };
  }

  /** Whether it is one of ours. */
  waits(uid: number, ticket: string): boolean {
    return this.#tickets.waits(uid, ticket);
  }

  redeem({ ticket, link, root }: Params<'session/attach'>, caller: Caller): Promise<Redeemed> {
    if (root !== undefined) throw broken('invalid', 'root-not-planned', undefined, { field: 'root' });
    return this.#tickets.redeem(caller.uid, ticket, async (waiting) => {
      const fetched = new Fetched(caller.pidfd);
      try {
        return await this.#serve(waiting, fetched.unixStream(link, 'link'));
      } finally {
        fetched.close();
      }
    });
  }

  async #serve(waiting: Waiting, fd: number): Promise<Redeemed> {
    const { id } = waiting;
    const record = this.containers.store.get(id);
    if (record === undefined) throw broken('not-found', 'container-gone', undefined, { field: 'container' });
    if (waiting.kind === 'exec') {
      const { tty = false, interactive = false } = waiting.wish;
      const { pid } = await execInContainer(this.containers, record, waiting.wish, {
        client: clientOf(fd, interactive),
      });
      return { session: id.slice(0, 16), pid, relay: { tty } };
    }
    const client = clientOf(fd, waiting.stdin);
    const { run } = waiting.start ? await this.containers.start(id, client) : this.#join(record, client);
    return { session: id.slice(0, 16), pid: run.program.pid, relay: { tty: record.tty } };
  }

  #join(record: ContainerRecord, { fd, flags }: FirstClient) {
    const living = this.containers.lives.get(record.id);
    if (living === undefined) throw notRunning(record);
    try {
      new Monitor(join(this.containers.store.runs.directory(record.id), CONTROL)).attach(fd, flags);
    } catch (error) {
      throw asFailure(error, { step: 'attach-monitor' });
    }
    return living;
  }
}

/** The window's real size is the first thing that isolab-attach says. */
function clientOf(fd: number, input: boolean): FirstClient {
  const flags: ClientFlags = { input, output: true, error: true, lossless: true };
  return { fd, flags, rows: 24, columns: 80 };
}
