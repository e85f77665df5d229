// A container that ran into a limit is told of while it happens, with what one may want next; of one container and kind there
// is one message at a time.
import { commands, window } from 'vscode';
import type { ContainerEvent } from '../../helper/rpc/contract/events';
import { ranInto } from '../../helper/rpc/contract/sentences';
import type { Context } from '../context';
import { t } from '../translate';
import type { DetailNode } from '../views/nodes';
import { visible } from '../views/row';
import type { CommandId } from './ids';
import { report } from './report';

const CHANGE: CommandId = 'isolab.container.update';

export class ContainerWarnings {
  readonly #shown = new Set<string>();

  constructor(private readonly context: Context) {}

  async tell(event: ContainerEvent): Promise<void> {
    const key = `${event.id} ${event.kind}`;
    if (this.#shown.has(key)) return;
    this.#shown.add(key);
    try {
      await this.#ask(event);
    } catch (error) {
      await report(this.context, error);
    } finally {
      this.#shown.delete(key);
    }
  }

  async #ask(event: ContainerEvent): Promise<void> {
    const [statistics, change] = [t('Statistics'), t('Change limits…')];
    const text = t('{name}: {what}', { name: visible(event.name), what: ranInto(event, t) });
    const answer = await window.showWarningMessage(text, statistics, change);
    if (answer === undefined) return;
    const client = await this.context.helper.connect();
    const container = await client?.call('container/show', { container: { id: event.id } });
    if (container === undefined) return;
    if (answer === statistics) {
      this.context.statistics.open([container]);
      return;
    }
    const name = event.kind === 'oom-kill' ? 'memory' : 'pids';
    const limit: DetailNode = { type: 'detail', id: '', what: name, value: '', limit: { container, name } };
    // As from its row: what stands before a command stands before this one.
    await commands.executeCommand(CHANGE, limit);
  }
}
