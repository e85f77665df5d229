// The Statistics page: keeps the last ten minutes of what it is sent, and draws them.
import { History } from '../history';
import { type FromPage, type Kept, type Shown, type Texts, type ToPage, toPage } from '../messages';
import { Chart, type ChartKind, type Clock } from './chart';
import { coloursNow, onThemeChange } from './colours';
import { element, say } from './elements';
import { FigureTable } from './table';
import { countText, percentText, rateText, sizeText } from './units';

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void; setState(state: Kept): void };

const editor = acquireVsCodeApi();
const main = document.querySelector('main') as HTMLElement;
const trouble = element('p', 'trouble');
trouble.setAttribute('role', 'status');
trouble.hidden = true;

class Page {
  readonly #history = new History();
  readonly #table: FigureTable;
  readonly #charts: readonly Chart[];
  readonly #waiting: HTMLElement;
  #containers: readonly Shown[];

  constructor({ texts, language, containers, ticks }: Extract<ToPage, { type: 'begin' }>) {
    this.#containers = containers;
    const clock = clockOf(language);
    const colours = coloursNow();
    this.#charts = chartKinds(texts).map((kind) => new Chart(kind, texts, containers, colours, clock));
    this.#table = new FigureTable(texts, containers, (index) => {
      for (const chart of this.#charts) chart.bringOut(index);
    });
    this.#waiting = element('p', 'waiting', texts.waiting);
    const help = element('p', 'unseen', texts.chartHelp);
    help.id = 'chart-help';
    const charts = element('div', 'charts', ...this.#charts.map(({ root }) => root));
    main.replaceChildren(trouble, this.#table.root, this.#waiting, charts, help);
    for (const tick of ticks) this.#history.add(tick);
    this.#draw();
  }

  hear(message: Exclude<ToPage, { type: 'begin' | 'trouble' }>): void {
    if (message.type === 'shown') this.#containers = message.containers;
    else this.#history.add(message.tick);
    this.#draw();
  }

  recolour(): void {
    const colours = coloursNow();
    for (const chart of this.#charts) chart.recolour(colours);
  }

  #draw(): void {
    const { ticks } = this.#history;
    this.#waiting.hidden = ticks.length > 0 || this.#containers.every(({ lives }) => !lives);
    this.#table.show(this.#containers, ticks.at(-1)?.samples ?? {});
    if (ticks.length > 0) for (const chart of this.#charts) chart.show(ticks, this.#containers);
  }
}

function chartKinds(texts: Texts): ChartKind[] {
  return [
    {
      name: 'cpu',
      title: texts.cpuLong,
      measure: 'percent',
      words: percentText,
      values: ['cpu'],
      limit: 'cpuLimit',
      events: 'throttled',
    },
    {
      name: 'memory',
      title: texts.memoryLong,
      measure: 'bytes',
      words: sizeText,
      values: ['memory'],
      limit: 'memoryLimit',
      events: 'oomKills',
    },
    {
      name: 'io',
      title: texts.ioLong,
      measure: 'bytes',
      words: rateText,
      values: ['read', 'write'],
      kinds: [texts.read, texts.write],
    },
    {
      name: 'pids',
      title: texts.pidsLong,
      measure: 'count',
      words: countText,
      values: ['pids'],
      limit: 'pidsLimit',
    },
  ];
}

function clockOf(language: string): Clock {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const written = new Intl.DateTimeFormat(language, {
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      ...options,
    });
    return (time: number) => written.format(time * 1000);
  };
  return { minute: format({}), second: format({ second: '2-digit' }) };
}

let page: Page | undefined;

function hear(message: ToPage): void {
  if (message.type === 'begin') {
    editor.setState({ containers: message.containers.map(({ id, name }) => ({ id, name })) });
    page = new Page(message);
    complain(message.trouble);
  } else if (message.type === 'trouble') complain(message.text);
  else page?.hear(message);
}

function complain(text: string): void {
  say(trouble, text);
  trouble.hidden = text === '';
}

// Of the frame around the page only: nothing else can reach it, and what comes is checked all the same.
window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  try {
    hear(toPage(data));
  } catch (error) {
    editor.postMessage({ type: 'failed', text: String(error).slice(0, 1000) });
  }
});
onThemeChange(() => page?.recolour());
editor.postMessage({ type: 'ready' });
