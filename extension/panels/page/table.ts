// The table of the present figures, which is the charts' legend as well.
import type { Sample } from '../history';
import type { Shown, Texts } from '../messages';
import { lineClass } from './colours';
import { element, say } from './elements';
import { countText, percentText, rateText, sizeText } from './units';

const COLUMNS = ['container', 'state', 'cpu', 'throttled', 'memory', 'oomKills', 'read', 'write', 'pids'] as const;
type Column = (typeof COLUMNS)[number];
const NOTHING = '–';

export class FigureTable {
  readonly root: HTMLElement;
  readonly #cells = new Map<string, Record<Column, HTMLElement>>();

  /** `pointed`: the row of a container, by its place, was pointed at, or none is any more. */
  constructor(
    private readonly texts: Texts,
    containers: readonly Shown[],
    pointed: (index: number | undefined) => void,
  ) {
    const head = element('tr', '', ...COLUMNS.map((column) => headCell(column, texts)));
    const rows = containers.map(({ id }, index) => {
      const row = this.#row(id, index);
      row.addEventListener('mouseenter', () => pointed(index));
      row.addEventListener('mouseleave', () => pointed(undefined));
      return row;
    });
    const table = element('table', '', element('thead', '', head), element('tbody', '', ...rows));
    this.root = element('div', 'figures', table);
    // A table that is wider than the panel can be scrolled without a mouse.
    this.root.tabIndex = 0;
    this.root.setAttribute('role', 'region');
    this.root.setAttribute('aria-label', texts.figures);
  }

  #row(id: string, index: number): HTMLTableRowElement {
    const cells = Object.fromEntries(
      COLUMNS.map((column) => [column, element(column === 'container' ? 'span' : 'td', column)]),
    ) as Record<Column, HTMLElement>;
    this.#cells.set(id, cells);
    const name = element('th', 'container', element('span', `sample ${lineClass(index)}`), cells.container);
    name.scope = 'row';
    return element('tr', '', name, ...COLUMNS.slice(1).map((column) => cells[column]));
  }

  /** `samples`: the last tick's. */
  show(containers: readonly Shown[], samples: Readonly<Record<string, Sample>>): void {
    for (const { id, name, state, lives } of containers) {
      const cells = this.#cells.get(id);
      if (cells === undefined) continue;
      const sample = lives ? (samples[id] ?? {}) : {};
      say(cells.container, name);
      say(cells.state, state);
      cells.container.closest('tr')?.classList.toggle('ended', !lives);
      say(cells.cpu, this.#limited(sample.cpu, sample.cpuLimit, percentText));
      say(cells.throttled, sample.throttled === undefined ? NOTHING : percentText(sample.throttled));
      cells.throttled.classList.toggle('warns', (sample.throttled ?? 0) > 0);
      say(cells.memory, this.#limited(sample.memory, sample.memoryLimit, sizeText));
      say(cells.oomKills, sample.oomTotal === undefined ? NOTHING : countText(sample.oomTotal));
      cells.oomKills.classList.toggle('alarms', (sample.oomTotal ?? 0) > 0);
      say(cells.read, sample.read === undefined ? NOTHING : rateText(sample.read));
      say(cells.write, sample.write === undefined ? NOTHING : rateText(sample.write));
      say(cells.pids, this.#limited(sample.pids, sample.pidsLimit, countText));
    }
  }

  #limited(value: number | undefined, limit: number | undefined, words: (value: number) => string): string {
    if (value === undefined) return NOTHING;
    if (limit === undefined) return words(value);
    return this.texts.ofLimit.replace('{value}', words(value)).replace('{limit}', words(limit));
  }
}

function headCell(column: Column, texts: Texts): HTMLElement {
  const cell = element('th', column, texts[column]);
  cell.scope = 'col';
  if (column === 'cpu') cell.append(element('small', '', texts.cpuUnit));
  return cell;
}
