// Answers that are read rather than clicked: comparison of two processes, namespaces of one, doctor report, all about a
// container or an image. Read-only documents: they can be searched and copied. A document asks anew whenever it is opened: the question is in its address.
import { type Event, EventEmitter, type TextDocumentContentProvider, Uri, window, workspace } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Container } from '../../helper/rpc/contract/container';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Image } from '../../helper/rpc/contract/image';
import type { Process } from '../../helper/rpc/contract/process';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { ProcessRef } from '../../helper/rpc/contract/terms';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { imageText } from '../views/containers-rows';
import { imageLabel } from '../views/images-rows';
import { processRef } from '../views/refs';
import { visible } from '../views/row';
import { changesText } from './changes';
import { madeList } from './made';
import { comparisonText, doctorText, membershipText } from './tables';

export const SCHEME = 'isolab';

type Question =
  | { readonly type: 'compare'; readonly a: ProcessRef; readonly b: ProcessRef }
  | { readonly type: 'process'; readonly a: ProcessRef }
  | { readonly type: 'container' | 'changes'; readonly id: string }
  | { readonly type: 'image'; readonly id: string }
  | { readonly type: 'doctor' }
  | { readonly type: 'made' }
  | { readonly type: 'report' };

export class Documents implements TextDocumentContentProvider {
  readonly #emitter = new EventEmitter<Uri>();
  /** Empty in a tab that came back with the window. */
  #report = '';
  readonly onDidChange: Event<Uri> = this.#emitter.event;
  readonly #shown = new EventEmitter<Process>();
  /** A process whose namespaces the helper told and a document shows. */
  readonly onDidShowProcess: Event<Process> = this.#shown.event;

  constructor(private readonly helper: Helper) {}

  compare(a: Process, b: Process): Promise<void> {
    return this.#show(`${named(a)} ⇄ ${named(b)}`, { type: 'compare', a: processRef(a), b: processRef(b) });
  }

  process(process: Process): Promise<void> {
    return this.#show(named(process), { type: 'process', a: processRef(process) });
  }

  container({ id, name }: Container): Promise<void> {
    return this.#show(`${visible(name)}.json`, { type: 'container', id });
  }

  changes({ id, name }: Container): Promise<void> {
    return this.#show(t('Changes of {name}', { name: visible(name) }), { type: 'changes', id });
  }

  image(image: Image): Promise<void> {
    return this.#show(`${imageLabel(image)}.json`, { type: 'image', id: image.id });
  }

  doctor(): Promise<void> {
    return this.#show(t('Doctor report'), { type: 'doctor' });
  }

  made(): Promise<void> {
    return this.#show(t('What Isolab made'), { type: 'made' });
  }

  /** Shows this text, which is nobody's answer. */
  report(text: string): Promise<void> {
    this.#report = text;
    return this.#show(`${t('Diagnostics of Isolab')}.md`, { type: 'report' });
  }

  async provideTextDocumentContent(uri: Uri): Promise<string> {
    const question = JSON.parse(uri.query) as Question;
    if (question.type === 'report') return this.#report;
    const client = await this.helper.connect();
    if (!client) return t('No helper is running: start it, then open this again.');
    try {
      return await answer(client, question, (process) => this.#shown.fire(process));
    } catch (error) {
      if (error instanceof Failure) return sentence(error.data, t);
      throw error;
    }
  }

  dispose(): void {
    this.#emitter.dispose();
    this.#shown.dispose();
  }

  async #show(title: string, question: Question): Promise<void> {
    // The last part of the path is the tab's title; a slash would cut it.
    const uri = Uri.from({ scheme: SCHEME, path: `/${title.replaceAll('/', '∕')}`, query: JSON.stringify(question) });
    const document = await workspace.openTextDocument(uri);
    // One that was open before shows the answer of that time.
    this.#emitter.fire(uri);
    await window.showTextDocument(document, { preview: true });
  }
}

type Asked = Exclude<Question, { readonly type: 'report' }>;

async function answer(client: Client, question: Asked, tell: (process: Process) => void): Promise<string> {
  switch (question.type) {
    case 'compare':
      return comparisonText(await client.call('namespace/compare', { a: question.a, b: question.b }), t);
    case 'process': {
      // Compared with itself a process is checked to be the one that was meant.
      const { a } = await client.call('namespace/compare', { a: question.a, b: question.a });
      const text = membershipText(a, (await client.call('namespace/list', {})).namespaces, t);
      tell(a);
      return text;
    }
    case 'container':
      return json(await client.call('container/show', { container: { id: question.id } }));
    case 'changes': {
      const container = { id: question.id };
      const { name, image } = await client.call('container/show', { container });
      return changesText({ name, image: imageText(image) }, await client.call('container/diff', { container }), t);
    }
    case 'image':
      return json(await client.call('image/show', { image: { id: question.id } }));
    case 'doctor':
      return doctorText((await client.call('helper/doctor', {})).findings, client.greeting, t);
    case 'made':
      return madeList(await client.call('helper/cleanup', { dryRun: true }), t);
  }
}

function json(answer: unknown): string {
  return `${JSON.stringify(answer, undefined, 2)}\n`;
}

function named({ comm, pid }: Process): string {
  return `${visible(comm)} ${pid}`;
}
