// Tables for people: columns aligned by what a terminal shows, every cell escaped.
import { escaped } from '../rpc/contract/escape';
import { cut, width } from './text';

const GAP = '  ';

/** Lines of a table under its header; numbers stand at the right. With `columns`, the last cell is cut to fit. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
  columns?: number,
): string[] {
  const right = header.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === 'number'));
  const cells = [header, ...rows].map((row) => header.map((_, at) => escaped(String(row[at] ?? '-')) || '-'));
  const widths = header.map((_, at) => Math.max(...cells.map((row) => width(row[at] ?? ''))));
  const last = header.length - 1;
  const before = widths.slice(0, last).reduce((sum, one) => sum + one + GAP.length, 0);
  return cells.map((row) =>
    row
      .map((cell, at) => {
        if (at === last && columns !== undefined) return cut(cell, Math.max(columns - before, 16));
        const padding = ' '.repeat(Math.max(0, (widths[at] ?? 0) - width(cell)));
        if (right[at]) return padding + cell;
        return at === last ? cell : cell + padding;
      })
      .join(GAP),
  );
}

/** Lines of `name  value`, the values aligned; undefined ones are left out. */
export function facts(pairs: readonly (readonly [name: string, value: string | number | undefined])[]): string[] {
  const told = pairs.filter((pair): pair is readonly [string, string | number] => pair[1] !== undefined);
  const widest = Math.max(0, ...told.map(([name]) => width(name)));
  return told.map(([name, value]) => `${name}${' '.repeat(widest - width(name))}${GAP}${escaped(String(value))}`);
}
