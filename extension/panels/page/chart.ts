// One chart: the lines of all containers over ten minutes, their limits, and marks for what went wrong.
import uPlot from 'uplot';
import { SPAN_MS, type Tick } from '../history';
import type { Shown, Texts } from '../messages';
import { type Colours, dashOf, lineClass } from './colours';
import { type Column, columnsOf, type Drawn, type Event, eventsOf, nearest } from './columns';
import { element } from './elements';
import { Legend } from './legend';
import { drawKills, drawThrottling } from './marks';
import { beginOf, inSight, type Measure, type Scale, scaleFor, timeTicks } from './scales';
import { Tip } from './tip';

const SPAN = SPAN_MS / 1000;
/** Pixels: width of the numbers beside a chart, room at its right, width of a digit in its times. */
const AXIS = 72;
const EDGE = 8;
const LETTER = 7;
/** Dashes of the second kind of lines in one chart, and of limits. */
const SECOND: readonly number[] = [2, 4];
const LIMIT: readonly number[] = [10, 5];
/** How far keys go, in readings. */
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 };

export interface ChartKind extends Drawn {
  readonly name: 'cpu' | 'memory' | 'io' | 'pids';
  readonly title: string;
  readonly measure: Measure;
  readonly words: (value: number) => string;
  /** Names of `values`, where there are several. */
  readonly kinds?: readonly string[];
  readonly events?: 'oomKills' | 'throttled';
}

/** Writes a time of day; seconds since the epoch. */
export interface Clock {
  readonly minute: (time: number) => string;
  readonly second: (time: number) => string;
}

export class Chart {
  readonly root: HTMLElement;
  readonly #place = element('div', 'plot');
  readonly #readout = element('div', 'readout');
  readonly #tip = new Tip();
  readonly #legend: Legend;
  #plot: uPlot | undefined;
  #scale: Scale;
  #ticks: readonly Tick[] = [];
  #series: Column[] = [];
  #events: Event[] = [];
  /** Place of the tick that the cursor is at. */
  #cursor: number | undefined;
  /** The cursor is in this chart, not in another one at the same time. */
  #pointed = false;
  /** Time of the tick that keys have led to: the cursor stays with it. */
  #kept: number | undefined;

  constructor(
    private readonly kind: ChartKind,
    texts: Texts,
    private containers: readonly Shown[],
    private colours: Colours,
    private readonly clock: Clock,
  ) {
    const { name, title, measure, kinds = [], events } = kind;
    this.#scale = scaleFor(0, measure);
    const heading = element('h2', '', title);
    heading.id = `title-${name}`;
    const text = events === 'throttled' ? texts.throttledLong : texts.oomKill;
    const { limit, beyond } = texts;
    this.#legend = new Legend({ limit, beyond, kinds, ...(events && { events: { name: events, text } }) });
    this.#place.tabIndex = 0;
    this.#place.setAttribute('role', 'img');
    this.#place.setAttribute('aria-labelledby', heading.id);
    this.#place.setAttribute('aria-describedby', 'chart-help');
    this.#place.addEventListener('keydown', (event) => this.#key(event));
    this.#place.addEventListener('blur', () => this.#keep(undefined));
    this.#place.addEventListener('mouseenter', () => this.#mouse(true));
    this.#place.addEventListener('mouseleave', () => this.#mouse(false));
    // For who cannot see the lines the figures are in the table.
    this.#readout.setAttribute('aria-hidden', 'true');
    const frame = element('div', 'frame', this.#place, this.#tip.root);
    const header = element('header', '', heading, this.#readout);
    this.root = element('section', `chart ${name}`, header, frame, this.#legend.root);
    this.root.setAttribute('aria-labelledby', heading.id);
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#place);
  }

  /** Draws what is to be seen now. */
  show(ticks: readonly Tick[], containers: readonly Shown[]): void {
    this.containers = containers;
    this.#ticks = ticks;
    const { measure, events, words } = this.kind;
    const ids = containers.map(({ id }) => id);
    const { times, series, used, limits } = columnsOf(ticks, ids, this.kind);
    const { highest, beyond } = inSight(used, limits);
    this.#scale = scaleFor(highest, measure);
    this.#series = series;
    this.#events = events === undefined ? [] : eventsOf(ticks, ids, events);
    this.#legend.show({
      limit: limits.some((limit) => limit <= highest),
      beyond: beyond ? words(Math.max(...limits)) : undefined,
      events: this.#events.length > 0,
    });
    const data: uPlot.AlignedData = [times, ...series];
    if (this.#plot === undefined) this.#plot = this.#make(data);
    else this.#plot.setData(data);
    this.#tip.spoken(false);
    this.#read();
    // The scales are settled by then.
    queueMicrotask(() => this.#follow());
  }

  /** Everything anew in these colours. */
  recolour(colours: Colours): void {
    this.colours = colours;
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#ticks.length > 0) this.show(this.#ticks, this.containers);
  }

  /** The lines of one container are brought out; of all when it is none. */
  bringOut(index: number | undefined): void {
    const each = this.#perContainer();
    const from = index === undefined ? undefined : 1 + index * each;
    for (const [at, series] of this.#plot?.series.entries() ?? []) {
      series.alpha = from === undefined || (at >= from && at < from + each) ? 1 : 0.2;
    }
    this.#plot?.redraw(false);
  }

  #perContainer(): number {
    return this.kind.values.length + (this.kind.limit === undefined ? 0 : 1);
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.#place.clientWidth), height: Math.max(120, this.#place.clientHeight) };
  }

  #make(data: uPlot.AlignedData): uPlot {
    const { text, grid, font, strong } = this.colours;
    const axis: uPlot.Axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, gap: 6 };
    const times: uPlot.Axis = {
      ...axis,
      size: 24,
      splits: (_plot, _at, from, to) => timeTicks(from, to),
      values: (plot, splits) => this.#timesOf(plot, splits),
    };
    const amounts: uPlot.Axis = {
      ...axis,
      size: AXIS,
      splits: () => [...this.#scale.ticks],
      values: (_plot, splits) => splits.map((value) => this.kind.words(value)),
    };
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
      axes: [times, amounts],
      series: [{}, ...this.containers.flatMap((_, index) => this.#lines(index, strong))],
      hooks: {
        draw: [(plot) => this.#drawEvents(plot)],
        setCursor: [(plot) => this.#moved(plot)],
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
    const stroke = this.colours.line(index);
    const plain = { stroke, width: strong ? 2.5 : 1.75, spanGaps: false, points: { show: false } };
    const values = this.kind.values.map(
      (_, at): uPlot.Series => ({
        ...plain,
        dash: [...(at === 0 ? dashOf(index) : SECOND)],
        ...(at === 0 && this.containers.length === 1 && { fill: faint(stroke) }),
      }),
    );
    return this.kind.limit === undefined ? values : [...values, { ...plain, width: strong ? 2 : 1, dash: [...LIMIT] }];
  }

  #drawEvents(plot: uPlot): void {
    const { alarm, warning } = this.colours;
    if (this.kind.events === 'throttled') drawThrottling(plot, this.#events, warning);
    else drawKills(plot, this.#events, alarm);
  }

  #moved({ cursor: { left = -1, idx } }: uPlot): void {
    this.#cursor = left < 0 ? undefined : (idx ?? undefined);
    this.#read();
  }

  /** What the lines say now, where there are no others to be told apart from; and at the cursor, beside it. */
  #read(): void {
    const now = this.containers.length === 1 ? this.#valuesAt(0, this.#ticks.length - 1) : undefined;
    if (this.#readout.textContent !== (now ?? '')) this.#readout.textContent = now ?? '';
    this.#showTip();
  }

  #showTip(): void {
    const index = this.#cursor;
    const tick = index === undefined ? undefined : this.#ticks[index];
    const plot = this.#plot;
    this.#tip.hide();
    if (!this.#pointed || plot === undefined || index === undefined || tick === undefined) return;
    const lines = this.containers
      .map(({ name }, at) => ({ at, name, value: this.#valuesAt(at, index), highest: this.#highestAt(at, index) }))
      .sort((a, b) => b.highest - a.highest)
      .flatMap(({ at, name, value }) =>
        value === undefined ? [] : [{ sample: lineClass(at), value, name: this.containers.length > 1 ? name : '' }],
      );
    const { left = 0 } = plot.cursor;
    const before = left > plot.over.clientWidth / 2;
    if (lines.length > 0)
      this.#tip.show({ time: this.clock.second(tick.time / 1000), lines, left: left + AXIS, before });
  }

  #numbersAt(container: number, index: number): (number | undefined)[] {
    const from = container * this.#perContainer();
    return this.kind.values.map((_, at) => this.#series[from + at]?.[index] ?? undefined);
  }

  #highestAt(container: number, index: number): number {
    return Math.max(-1, ...this.#numbersAt(container, index).map((value) => value ?? -1));
  }

  #valuesAt(container: number, index: number): string | undefined {
    const { kinds, words } = this.kind;
    const found = this.#numbersAt(container, index).flatMap((value, at) =>
      value === undefined ? [] : [kinds === undefined ? words(value) : `${kinds[at]} ${words(value)}`],
    );
    return found.length > 0 ? found.join(', ') : undefined;
  }

  #mouse(inside: boolean): void {
    this.#kept = undefined;
    this.#pointed = inside;
    this.#showTip();
  }

  #key(event: KeyboardEvent): void {
    const last = this.#ticks.length - 1;
    const step = STEPS[event.key];
    const lines = this.#series.filter((_, at) => at % this.#perContainer() < this.kind.values.length);
    if (event.key === 'Escape') this.#keep(undefined);
    else if (event.key === 'Home') this.#keep(nearest(lines, 0, 1));
    else if (event.key === 'End') this.#keep(nearest(lines, last, -1));
    else if (step !== undefined) this.#keep(nearest(lines, (this.#cursor ?? last) + step, Math.sign(step)));
    else return;
    event.preventDefault();
  }

  /** The cursor goes to this tick, and stays with it while the lines move on. */
  #keep(index: number | undefined): void {
    this.#kept = index === undefined ? undefined : this.#ticks[index]?.time;
    this.#pointed = this.#kept !== undefined;
    this.#tip.spoken(this.#pointed);
    if (this.#kept === undefined) this.#plot?.setCursor({ left: -10, top: -10 });
    else this.#follow();
  }

  #follow(): void {
    const plot = this.#plot;
    if (plot === undefined || this.#kept === undefined) return;
    plot.setCursor({ left: plot.valToPos(Math.max(this.#kept / 1000, this.#span()[0]), 'x'), top: 10 });
  }
}

/** `rgb(1, 2, 3)` and `color(srgb 0 0 0)` alike. */
function faint(colour: string): string {
  return `color-mix(in srgb, ${colour} 12%, transparent)`;
}
