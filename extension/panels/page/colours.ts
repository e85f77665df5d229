// The theme's colours as a canvas takes them; asked anew when the theme changes.

/** The warning colours come last: lines of that colour must not look like warnings. */
const LINES = ['blue', 'green', 'purple', 'orange', 'yellow', 'red'] as const;
/** Where there are more lines than colours, the pattern tells them apart. */
const DASHES: readonly (readonly number[])[] = [[], [8, 3], [3, 3], [8, 3, 2, 3]];

export interface Colours {
  readonly text: string;
  readonly grid: string;
  readonly alarm: string;
  readonly warning: string;
  readonly font: string;
  /** High contrast: lines are drawn thicker. */
  readonly strong: boolean;
  readonly line: (index: number) => string;
}

export function dashOf(index: number): readonly number[] {
  return DASHES[Math.floor(index / LINES.length) % DASHES.length] as readonly number[];
}

/** Class of the sample of a line in the table. */
export function lineClass(index: number): string {
  return `line-${LINES[index % LINES.length]} dash-${Math.floor(index / LINES.length) % DASHES.length}`;
}

export function coloursNow(): Colours {
  const probe = document.createElement('span');
  document.body.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const { fontFamily } = getComputedStyle(document.body);
  const lines = LINES.map((name) => colour(`--line-${name}`));
  const colours: Colours = {
    text: colour('--text-quiet'),
    grid: colour('--grid'),
    alarm: colour('--alarm'),
    warning: colour('--warning'),
    font: `11px ${fontFamily}`,
    strong: document.body.classList.contains('vscode-high-contrast'),
    line: (index) => lines[index % lines.length] as string,
  };
  probe.remove();
  return colours;
}

/** The editor changes classes of the body and variables of the root when the theme changes. */
export function onThemeChange(act: () => void): void {
  const observer = new MutationObserver(act);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
