// Isolated shells by the wizard, and a process in one that can be told from all others.
import { output, run } from '../../support/run';
import { until } from '../../support/until';
import type { Editor } from './editor';
import { type Kind, processRunning } from './outside';

const ALL: readonly Kind[] = ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'];

export class Shells {
  #next = 7_770_001;

  constructor(private readonly editor: () => Editor) {}

  /** Opens one with exactly these kinds of its own. */
  async open(kinds: readonly Kind[], identity: string): Promise<void> {
    const { quick, terminals } = this.editor();
    await this.editor().command('Isolab: New isolated shell');
    await quick.step('Kinds of namespaces to create');
    for (const kind of ALL.filter((each) => !kinds.includes(each))) await quick.toggle(kind);
    await quick.ok();
    await quick.step('Who you are inside');
    await quick.pick(identity);
    await quick.row('Open the shell').waitFor();
    await quick.pick('Open the shell');
    await quick.gone();
    await terminals.prompt();
  }

  /** Lets the active shell start a process that runs until the shell is left; its pid outside. */
  async marker(): Promise<number> {
    const seconds = this.#next++;
    await this.editor().terminals.type(`sleep ${seconds} &`);
    return await processRunning(`sleep ${seconds}`);
  }

  /** Pid outside of the marker that was started last. */
  async lastMarker(): Promise<number> {
    return await processRunning(`sleep ${this.#next - 1}`);
  }

  /** Ends the active shell and its marker. */
  async leave(pid: number): Promise<void> {
    await this.editor().terminals.type('kill %1; exit');
    await until(async () => (await run(['ps', '-p', String(pid)])).status !== 0, 'the shell to end');
  }
}

/** What `ps` says a process is called. */
export async function commandOf(pid: number): Promise<string> {
  return (await output(['ps', '-o', 'comm=', '-p', String(pid)])).trim();
}
