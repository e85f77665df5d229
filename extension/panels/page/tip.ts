// The figures at the cursor, beside it on the side where there is room.
import { element } from './elements';

const MOST_TOLD = 8;

export interface Told {
  readonly time: string;
  /** The highest first. */
  readonly lines: readonly { readonly sample: string; readonly value: string; readonly name: string }[];
  /** Of the cursor from the left edge of the chart and its numbers, pixels. */
  readonly left: number;
  /** It stands left of the cursor. */
  readonly before: boolean;
}

export class Tip {
  readonly root = element('div', 'tip');

  constructor() {
    this.hide();
    this.spoken(false);
  }

  hide(): void {
    this.root.hidden = true;
  }

  /** Whether a screen reader is to say what comes: while somebody goes through the chart by keys, not each second. */
  spoken(yes: boolean): void {
    this.root.setAttribute('aria-live', yes ? 'polite' : 'off');
  }

  show({ time, lines, left, before }: Told): void {
    const told = lines.slice(0, MOST_TOLD).map(({ sample, value, name }) => {
      const who = name === '' ? [] : [element('span', `sample ${sample}`)];
      return element('div', '', ...who, element('strong', '', value), ` ${name}`);
    });
    const more = lines.length > MOST_TOLD ? [element('div', 'more', '…')] : [];
    this.root.replaceChildren(element('time', '', time), ...told, ...more);
    this.root.classList.toggle('before', before);
    this.root.style.setProperty('--at', `${left}px`);
    this.root.hidden = false;
  }
}
