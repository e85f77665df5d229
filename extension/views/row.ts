// What a tree shows of a node, as plain data: item.ts makes the editor's TreeItem of it, tests print it as text.

/** A named fact of a tooltip. */
export type Fact = readonly [name: string, value: string];

export interface Row {
  /** Unique in its tree and the same for the same thing after a refresh. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  /** Name of a codicon. */
  readonly icon: string;
  /** Theme colour of the icon; never the only sign of a state. */
  readonly colour?: string;
  readonly facts?: readonly Fact[];
  /** Words separated by spaces, matched by the `when` clauses of package.json. */
  readonly context: string;
  readonly expand: 'never' | 'closed' | 'open';
  readonly mark?: Mark;
  /** Run on a click. */
  readonly command?: { readonly id: string; readonly title: string };
}

type Changed = 'added' | 'changed' | 'deleted';

/** What a decoration shows of a row, besides its icon: decorations.ts. */
export interface Mark {
  readonly maker?: 'ours' | 'foreign';
  readonly state?: 'down' | 'stale' | 'beyond' | 'stopped' | 'paused' | 'unhealthy' | 'failed' | 'nameless' | Changed;
}

const STATE_COLOURS = { up: 'charts.green', waiting: 'charts.yellow', down: 'disabledForeground' } as const;
export type State = keyof typeof STATE_COLOURS;

export function stateColour(state: State): string {
  return STATE_COLOURS[state];
}

/** Joins what there is with a middle dot. */
export function joined(...parts: readonly (string | undefined | false)[]): string {
  return parts.filter(Boolean).join(' · ');
}

/** Names that the kernel lists may hold anything but `/` and NUL: what is not printable is shown as \xNN or \u{N}. */
export function visible(name: string): string {
  return name.replace(/[\p{C}\p{Zl}\p{Zp}]|(?<=^|\s)\s|\s(?=$)/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** Facts as a Markdown table; every character that Markdown or an icon could read as more than text is escaped. */
export function factsMarkdown(facts: readonly Fact[]): string {
  const lines = facts.map(([name, value]) => `| ${escaped(name)} | ${escaped(value)} |`);
  return ['| | |', '|:--|:--|', ...lines].join('\n');
}

/** As text and nothing else, whatever Markdown or icons could make of it. */
export function escaped(text: string): string {
  return visible(text)
    .replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/\n/g, ' ');
}
