// What the lines and marks of a chart mean: said only while they are there.
import { element, say } from './elements';

export interface Words {
  readonly limit: string;
  /** Of a limit that is too far away to be drawn. */
  readonly beyond: string;
  /** Of the kinds of lines, where there are two. */
  readonly kinds: readonly string[];
  /** Name and meaning of the marks above the chart. */
  readonly events?: { readonly name: string; readonly text: string };
}

export class Legend {
  readonly root: HTMLElement;
  readonly #limit: HTMLElement;
  readonly #beyond = element('span', 'note');
  readonly #events: HTMLElement | undefined;

  constructor(private readonly words: Words) {
    const { limit, kinds, events } = words;
    this.#limit = note('limit', limit);
    this.#events = events && note(events.name, events.text);
    const lines = kinds.map((word, at) => note(at === 0 ? 'first' : 'second', word));
    this.root = element('footer', '', ...lines, this.#limit, this.#beyond, ...(this.#events ? [this.#events] : []));
  }

  /** `beyond`: the limit that is not drawn. */
  show(drawn: { readonly limit: boolean; readonly beyond: string | undefined; readonly events: boolean }): void {
    this.#limit.hidden = !drawn.limit;
    this.#beyond.hidden = drawn.beyond === undefined;
    if (drawn.beyond !== undefined) say(this.#beyond, `${this.words.beyond}: ${drawn.beyond}`);
    if (this.#events) this.#events.hidden = !drawn.events;
  }
}

function note(mark: string, text: string): HTMLElement {
  return element('span', 'note', element('span', `mark ${mark}`), text);
}
