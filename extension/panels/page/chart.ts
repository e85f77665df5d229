// One chart: the lines of all containers over ten minutes, their limits, and marks for what went wrong.
import uPlot from 'uplot';
import { SPAN_MS, type Tick } from '../history';
import type { Shown, Texts } from '../messages';
import { type Colours, dashOf, lineClass } from './colours';
import { type Column, columnsOf, type Drawn, type Event, eventsOf } from './columns';
import { element, say } from './elements';
import { beginOf, inSight, type Measure, type Scale, scaleFor, timeTicks } from './scales';

const SPAN = SPAN_MS / 1000;
/** Width of the numbers beside a chart, pixels. */
const AXIS = 72;
/** As many containers’ figures have room above a chart, and beside the cursor. */
const FEW = 1;
const MOST_TOLD = 8;
/** Of read and written bytes in one chart: the second kind of line. */
const SECOND: readonly number[] = [2, 4];
const LIMIT: readonly number[] = [10, 5];
const STRIP = 5;
/** Room at the right of a chart, and the width of a digit in its times: pixels. */
const EDGE = 8;
const LETTER = 7;
/** Half the width of the mark of a kill, pixels. */
const MARK = 5;

export interface ChartKind extends Drawn {
  readonly name: 'cpu' | 'memory' | 'io' | 'pids';
  readonly title: string;
  readonly measure: Measure;
  readonly words: (value: number) => string;
  /** Names of `values`, where there are several. */
  readonly kinds?: readonly string[];
  readonly events?: 'oomKills' | 'throttled';
}

interface Legend {
  readonly limit: HTMLElement;
  readonly beyond: HTMLElement;
  readonly events: HTMLElement | undefined;
}

export class Chart {
  readonly root: HTMLElement;
  readonly #place = element('div', 'plot');
  readonly #readout = element('div', 'readout');
  readonly #tip = element('div', 'tip');
  readonly #legend: Legend;
  #plot: uPlot | undefined;
  #scale: Scale;
  #ticks: readonly Tick[] = [];
  #series: Column[] = [];
  #events: Event[] = [];
  #containers: readonly Shown[];
  #colours: Colours;
  #cursor: number | undefined;
  /** The cursor is in this chart, not in another one at the same time. */
  #pointed = false;

  constructor(
    private readonly kind: ChartKind,
    private readonly texts: Texts,
    containers: readonly Shown[],
    colours: Colours,
    /** Writes a time of day; seconds since the epoch. */
    private readonly clock: { readonly minute: (time: number) => string; readonly second: (time: number) => string },
  ) {
    this.#containers = containers;
    this.#colours = colours;
    this.#scale = scaleFor(0, kind.measure);
    const { title } = kind;
    const heading = element('h2', '', title);
    heading.id = `title-${kind.name}`;
    this.#legend = this.#legendOf();
    this.#place.tabIndex = 0;
    this.#place.setAttribute('role', 'img');
    this.#place.setAttribute('aria-describedby', 'chart-help');
    this.#place.addEventListener('keydown', (event) => this.#key(event));
    this.#place.addEventListener('blur', () => this.#point(undefined));
    this.#place.addEventListener('mouseenter', () => this.#isPointed(true, 'off'));
    this.#place.addEventListener('mouseleave', () => this.#isPointed(false, 'off'));
    this.#tip.setAttribute('aria-live', 'off');
    this.#tip.hidden = true;
    // What the figures are is in the table, for who cannot see the lines.
    this.#readout.setAttribute('aria-hidden', 'true');
    this.root = element(
      'section',
      `chart ${kind.name}`,
      element('header', '', heading, this.#readout),
      element('div', 'frame', this.#place, this.#tip),
      this.#legendLine(),
    );
    this.root.setAttribute('aria-labelledby', heading.id);
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#place);
  }

  /** Draws what is to be seen now. */
  show(ticks: readonly Tick[], containers: readonly Shown[]): void {
    this.#containers = containers;
    this.#ticks = ticks;
    const ids = containers.map(({ id }) => id);
    const { times, series, used, limits } = columnsOf(ticks, ids, this.kind);
    const { highest, beyond } = inSight(used, limits);
    this.#scale = scaleFor(highest, this.kind.measure);
    this.#series = series;
    this.#events = this.kind.events === undefined ? [] : eventsOf(ticks, ids, this.kind.events);
    this.#legend.limit.hidden = limits.length === 0 || (beyond && limits.every((limit) => limit > highest));
    this.#legend.beyond.hidden = !beyond;
    if (beyond) say(this.#legend.beyond, `${this.texts.beyond}: ${this.kind.words(Math.max(...limits))}`);
    if (this.#legend.events) this.#legend.events.hidden = this.#events.length === 0;
    const data: uPlot.AlignedData = [times, ...series];
    if (this.#plot === undefined) this.#plot = this.#make(data);
    else this.#plot.setData(data);
    this.#describe();
    this.#read();
  }

  /** Everything anew in these colours. */
  recolour(colours: Colours): void {
    this.#colours = colours;
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#ticks.length > 0) this.show(this.#ticks, this.#containers);
  }

  /** The lines of one container are brought out; of all when it is none. */
  bringOut(index: number | undefined): void {
    const each = this.#perContainer();
    const from = index === undefined ? undefined : 1 + index * each;
    this.#plot?.batch(() => {
      this.#plot?.series.forEach((series, at) => {
        series.alpha = from === undefined || (at >= from && at < from + each) ? 1 : 0.2;
      });
    });
    this.#plot?.redraw(false);
  }

  #perContainer(): number {
    return this.kind.values.length + (this.kind.limit === undefined ? 0 : 1);
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.#place.clientWidth), height: Math.max(120, this.#place.clientHeight) };
  }

  #make(data: uPlot.AlignedData): uPlot {
    const { text, grid, font, strong } = this.#colours;
    const axis: uPlot.Axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, gap: 6 };
    const options: uPlot.Options = {
      ...this.#size(),
      padding: [10, EDGE, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: 'statistics', setSeries: false },
        drag: { setScale: false, x: false, y: false },
        y: false,
        points: { size: 6, width: 0, fill: (plot, at) => String(plot.series[at]?.stroke ?? '') },
      },
      scales: {
        x: { time: false, range: () => this.#span() },
        y: { range: () => [0, this.#scale.top] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          splits: (_plot, _at, from, to) => timeTicks(from, to),
          values: (plot, splits) => this.#timesOf(plot, splits),
        },
        {
          ...axis,
          size: AXIS,
          splits: () => [...this.#scale.ticks],
          values: (_plot, splits) => splits.map((value) => this.kind.words(value)),
        },
      ],
      series: [{}, ...this.#containers.flatMap((_, index) => this.#lines(index, strong))],
      hooks: {
        draw: [(plot) => this.#drawEvents(plot)],
        setCursor: [
          (plot) => {
            this.#cursor =
              plot.cursor.left === undefined || plot.cursor.left < 0 ? undefined : (plot.cursor.idx ?? undefined);
            this.#read();
          },
        ],
      },
    };
    return new uPlot(options, data, this.#place);
  }

  /** What would be cut off at the right edge is left out. */
  #timesOf(plot: uPlot, times: readonly number[]): string[] {
    const written = times.some((time) => time % 60 !== 0) ? this.clock.second : this.clock.minute;
    const [first, last] = this.#span();
    const perSecond = plot.bbox.width / uPlot.pxRatio / (last - first);
    return times.map((time) => {
      const text = written(time);
      const half = (text.length * LETTER) / 2;
      return (last - time) * perSecond + EDGE < half ? '' : text;
    });
  }

  #span(): [number, number] {
    const last = (this.#ticks.at(-1)?.time ?? 0) / 1000;
    return [beginOf((this.#ticks[0]?.time ?? 0) / 1000, last, SPAN), last];
  }

  #lines(index: number, strong: boolean): uPlot.Series[] {
    const stroke = this.#colours.line(index);
    const width = strong ? 2.5 : 1.75;
    const plain = { stroke, width, spanGaps: false, points: { show: false } };
    const values = this.kind.values.map(
      (_, at): uPlot.Series => ({
        ...plain,
        dash: [...(at === 0 ? dashOf(index) : SECOND)],
        ...(at === 0 && this.#containers.length === 1 && { fill: faint(stroke) }),
      }),
    );
    return this.kind.limit === undefined ? values : [...values, { ...plain, width: strong ? 2 : 1, dash: [...LIMIT] }];
  }

  #drawEvents(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { pxRatio } = uPlot;
    const at = (time: number) => plot.valToPos(time, 'x', true);
    ctx.save();
    ctx.beginPath();
    const beside = this.kind.events === 'oomKills' ? MARK * pxRatio : 0;
    ctx.rect(bbox.left - beside, bbox.top - 10 * pxRatio, bbox.width + 2 * beside, bbox.height + 10 * pxRatio);
    ctx.clip();
    if (this.kind.events === 'throttled') {
      ctx.fillStyle = this.#colours.warning;
      for (const { time, amount } of this.#events) {
        ctx.globalAlpha = 0.35 + 0.65 * (amount / 100);
        const left = at(time - 1);
        ctx.fillRect(left, bbox.top - STRIP * pxRatio, Math.max(pxRatio, at(time) - left), STRIP * pxRatio);
      }
    } else {
      ctx.fillStyle = this.#colours.alarm;
      ctx.strokeStyle = this.#colours.alarm;
      ctx.lineWidth = pxRatio;
      ctx.setLineDash([]);
      for (const { time } of this.#events) drawKill(ctx, at(time), bbox, pxRatio);
    }
    ctx.restore();
  }

  /** What the lines say now, where that has room above them; and at the cursor, beside it. */
  #read(): void {
    const last = this.#ticks.length - 1;
    const few = this.#containers.length <= FEW;
    const now = few ? this.#containers.flatMap((_, at) => this.#valueOf(at, last)) : [];
    this.#readout.replaceChildren(...now);
    this.#showTip();
  }

  #showTip(): void {
    const { left = -1 } = this.#plot?.cursor ?? {};
    const tick = this.#cursor === undefined ? undefined : this.#ticks[this.#cursor];
    const values = this.#containers
      .map((_, at) => ({ at, value: this.#amountAt(at, this.#cursor) }))
      .filter((each): each is { at: number; value: number } => each.value !== undefined)
      .sort((a, b) => b.value - a.value)
      .map(({ at }) => element('div', '', ...this.#valueOf(at, this.#cursor ?? 0)));
    this.#tip.hidden = tick === undefined || !this.#pointed || values.length === 0;
    if (this.#tip.hidden || tick === undefined || this.#plot === undefined) return;
    const more = values.length > MOST_TOLD ? [element('div', 'more', '…')] : [];
    const time = element('time', '', this.clock.second(tick.time / 1000));
    this.#tip.replaceChildren(time, ...values.slice(0, MOST_TOLD), ...more);
    const { width } = this.#plot.over.getBoundingClientRect();
    this.#tip.classList.toggle('before', left > width / 2);
    this.#tip.style.setProperty('--at', `${left + AXIS}px`);
  }

  #valueOf(at: number, index: number): HTMLElement[] {
    const values = this.#valuesAt(at, index);
    const name = this.#containers[at]?.name ?? '';
    if (values === undefined) return [];
    const who = this.#containers.length > 1 ? [element('span', `sample ${lineClass(at)}`), `${name} `] : [];
    return [element('span', 'value', ...who, values)];
  }

  /** The highest of a container's values. */
  #amountAt(container: number, index: number | undefined): number | undefined {
    const from = container * this.#perContainer();
    const found = this.#series.slice(from, from + this.kind.values.length).flatMap((column) => {
      const value = index === undefined ? undefined : column[index];
      return value === undefined || value === null ? [] : [value];
    });
    return found.length > 0 ? Math.max(...found) : undefined;
  }

  #valuesAt(container: number, index: number): string | undefined {
    const each = this.#perContainer();
    const { values, kinds, words } = this.kind;
    const found = values.flatMap((_, at) => {
      const value = this.#series[container * each + at]?.[index];
      if (value === null || value === undefined) return [];
      return [kinds === undefined ? words(value) : `${kinds[at]} ${words(value)}`];
    });
    return found.length > 0 ? found.join(', ') : undefined;
  }

  #describe(): void {
    const index = this.#ticks.length - 1;
    const now = this.#containers.flatMap(({ name }, at) => {
      const values = this.#valuesAt(at, index);
      return values === undefined ? [] : [`${name}: ${values}`];
    });
    const label = [this.kind.title, ...now].join('. ');
    this.#place.setAttribute('aria-label', label);
  }

  /** Told to a screen reader when somebody goes through the chart by keys. */
  #isPointed(pointed: boolean, live: 'off' | 'polite'): void {
    this.#pointed = pointed;
    this.#tip.setAttribute('aria-live', live);
    this.#showTip();
  }

  #key(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 };
    const last = this.#ticks.length - 1;
    if (event.key === 'Escape') this.#point(undefined);
    else if (event.key === 'Home') this.#point(0);
    else if (event.key === 'End') this.#point(last);
    else if (steps[event.key] !== undefined) this.#point((this.#cursor ?? last) + (steps[event.key] as number));
    else return;
    event.preventDefault();
  }

  #point(index: number | undefined): void {
    const plot = this.#plot;
    const last = this.#ticks.length - 1;
    if (plot === undefined) return;
    const tick = index === undefined ? undefined : this.#ticks[Math.min(last, Math.max(0, index))];
    this.#isPointed(tick !== undefined, 'polite');
    const left = tick === undefined ? -10 : plot.valToPos(tick.time / 1000, 'x');
    plot.setCursor({ left, top: tick === undefined ? -10 : 10 });
  }

  #legendOf(): Legend {
    const { events } = this.kind;
    const note = (className: string, text: string) => {
      const made = element('span', 'note', element('span', `mark ${className}`), text);
      made.hidden = true;
      return made;
    };
    return {
      limit: note('limit', this.texts.limit),
      beyond: element('span', 'note'),
      events:
        events === undefined
          ? undefined
          : note(events, events === 'throttled' ? this.texts.throttledLong : this.texts.oomKill),
    };
  }

  #legendLine(): HTMLElement {
    const { limit, beyond, events } = this.#legend;
    const kinds = this.kind.kinds?.map((word, at) =>
      element('span', 'note', element('span', `mark ${at === 0 ? 'first' : 'second'}`), word),
    );
    beyond.hidden = true;
    return element('footer', '', ...(kinds ?? []), limit, beyond, ...(events === undefined ? [] : [events]));
  }
}

/** A line down the chart and a mark above it: not by its colour alone. */
function drawKill(ctx: CanvasRenderingContext2D, x: number, bbox: uPlot.BBox, pxRatio: number): void {
  const size = MARK * pxRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(x - size, bbox.top - 1.6 * size);
  ctx.lineTo(x + size, bbox.top - 1.6 * size);
  ctx.lineTo(x, bbox.top);
  ctx.fill();
}

/** `rgb(1, 2, 3)` and `color(srgb 0 0 0)` alike. */
function faint(colour: string): string {
  return `color-mix(in srgb, ${colour} 12%, transparent)`;
}
