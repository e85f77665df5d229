// Tasks of type `isolab`: a program of the workspace in a container or in namespaces. The task's process is `isolab`, which
// becomes isolab-attach: a real terminal, whose output problem matchers read and whose exit status is the program's.
import {
  CustomExecution,
  type Disposable,
  EventEmitter,
  ProcessExecution,
  type Pseudoterminal,
  Task,
  type TaskProvider,
  TaskScope,
  tasks,
  workspace,
} from 'vscode';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { visible } from '../views/row';
import { TASK_TYPE, taskLine } from './definition';

const SOURCE = 'Isolab';

export class IsolabTasks implements TaskProvider {
  constructor(
    private readonly helper: Helper,
    /** Path of the program `isolab` that is shipped with the extension. */
    private readonly program: string,
  ) {}

  register(): Disposable {
    return tasks.registerTaskProvider(TASK_TYPE, this);
  }

  /** To begin with: a shell in each container that runs, and one in namespaces of its own. */
  async provideTasks(): Promise<Task[]> {
    if (!workspace.isTrusted) return [];
    const { state } = this.helper;
    // A helper that goes meanwhile lists nothing.
    const list =
      state.kind === 'connected' ? await state.client.call('container/list', {}).catch(() => undefined) : undefined;
    const inContainers = (list?.containers ?? []).map(({ name }) =>
      this.#task(t('Shell in {name}', { name: visible(name) }), { container: name, command: ['/bin/sh'] }),
    );
    return [...inContainers, this.#task(t('Shell in new namespaces'), { new: 'all', command: ['/bin/sh'] })];
  }

  #task(name: string, fields: Readonly<Record<string, unknown>>): Task {
    const definition = { type: TASK_TYPE, ...fields };
    return new Task(definition, TaskScope.Workspace, name, SOURCE, this.#execution(definition));
  }

  /** A task as somebody wrote it: asked for each time before it runs. */
  resolveTask({ definition, scope, name }: Task): Task | undefined {
    if (!workspace.isTrusted) return undefined;
    return new Task(definition, scope ?? TaskScope.Workspace, name, SOURCE, this.#execution(definition));
  }

  #execution(definition: Readonly<Record<string, unknown>>): ProcessExecution | CustomExecution {
    const line = taskLine(definition, t);
    if ('problem' in line) return new CustomExecution(async () => new Complaint(line.problem));
    const { args, cwd, env } = line;
    const { socket } = this.helper;
    return new ProcessExecution(this.program, [`--socket=${socket}`, ...args], {
      env: { ...env },
      ...(cwd !== undefined && { cwd }),
    });
  }
}

/** A terminal that says what is wrong with the task, and fails. */
class Complaint implements Pseudoterminal {
  readonly #write = new EventEmitter<string>();
  readonly #close = new EventEmitter<number>();
  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#close.event;

  constructor(private readonly sentence: string) {}

  open(): void {
    this.#write.fire(`${visible(this.sentence)}\r\n`);
    this.#close.fire(1);
  }

  close(): void {
    this.#write.dispose();
    this.#close.dispose();
  }
}
