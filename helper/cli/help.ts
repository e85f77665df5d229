// Help texts, made from the table of commands: one place to change a command, its parser and its help.
import type { Translate } from '../rpc/contract/sentences';
import type { Command, Option, Place } from './command';
import { GLOBAL } from './parse';
import { width, wrapped } from './text';

const COLUMNS = 100;

/** `isolab link set NAME[@NETNS] [--up] …` */
export function usage(command: Command): string {
  const places = Object.entries(command.operands).map(([name, place]) => placeUsage(name, place));
  // What follows the last operand is the program's, so that options come before it.
  const early = command.program === 'rest';
  const options = Object.entries(command.options).map(([name, option]) => optionUsage(name, option));
  const program = { required: ['-- CMD…'], optional: ['[-- CMD…]'], rest: ['[CMD…]'], none: [] }[
    command.program ?? 'none'
  ];
  const inOrder = early ? [...options, ...places] : [...places, ...options];
  return ['isolab', ...command.words, ...inOrder, ...program].join(' ');
}

function placeUsage(name: string, place: Place): string {
  if (place.type === 'keyword') return `[${name} ${place.metavar}]`;
  if (place.type === 'several') return `${place.metavar}…`;
  return place.type === 'maybe' ? `[${place.metavar}]` : place.metavar;
}

function optionUsage(name: string, option: Option): string {
  switch (option.type) {
    case 'flag':
      return `[--${name}]`;
    case 'value':
      return `[--${name} ${option.metavar}]`;
    case 'needed':
      return `--${name} ${option.metavar}`;
    case 'many':
      return `[--${name} ${option.metavar}]…`;
  }
}

/** Everything about one command. */
export function commandHelp(command: Command, t: Translate): string {
  const operands = Object.entries(command.operands).map(
    ([name, place]): Row => [place.type === 'keyword' ? `${name} ${place.metavar}` : place.metavar, t(place.summary)],
  );
  return [
    ...hanging(t('Usage: {usage}', { usage: usage(command) })),
    '',
    ...wrapped(t(command.summary), COLUMNS),
    ...command.notes.flatMap((note) => ['', ...wrapped(t(note), COLUMNS)]),
    ...section(t('Arguments:'), operands),
    ...section(t('Options:'), optionRows(command.options, t)),
    ...section(t('Options of every command:'), optionRows(GLOBAL, t)),
  ]
    .join('\n')
    .concat('\n');
}

/** The commands that begin with these words (all, for none). */
export function groupHelp(commands: readonly Command[], words: readonly string[], t: Translate): string {
  const rows = commands
    .filter((one) => words.every((word, at) => one.words[at] === word))
    .map((one): Row => [one.words.join(' '), t(one.summary)]);
  return [
    t('Usage: {usage}', { usage: ['isolab', ...words, t('COMMAND'), '…'].join(' ') }),
    ...(words.length > 0 ? [] : ['', ...wrapped(t('See, build and enter Linux namespaces.'), COLUMNS)]),
    ...section(t('Commands:'), rows),
    ...(words.length > 0 ? [] : section(t('Ways to name things:'), forms(t))),
    ...section(t('Options of every command:'), optionRows(GLOBAL, t)),
    '',
    ...wrapped(t('“isolab COMMAND --help” says more about each.'), COLUMNS),
  ]
    .join('\n')
    .concat('\n');
}

type Row = readonly [name: string, words: string];

function forms(t: Translate): Row[] {
  return [
    [
      'NETNS',
      t('A network namespace: host, a name, net:ID, pid:PID (the one that process is in), or name:NAME for odd names.'),
    ],
    ['NAME[@NETNS]', t('An interface, in a network namespace (the host’s when left out); index:N serves as a name.')],
    ['KIND', 'mnt, uts, ipc, pid, net, user, cgroup, time'],
    ['KINDS', t('Kinds with commas between them, or all.')],
    ['KIND:ID', t('A namespace by its number in /proc/PID/ns.')],
    ['CIDR', t('An address with its prefix length: 10.0.0.1/24.')],
  ];
}

function optionRows(options: Readonly<Record<string, Option>>, t: Translate): Row[] {
  return Object.entries(options).map(([name, option]) => {
    const written = option.short === undefined ? `--${name}` : `-${option.short}, --${name}`;
    return [option.type === 'flag' ? written : `${written} ${option.metavar}`, t(option.summary)];
  });
}

function section(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const column = Math.min(30, Math.max(...rows.map(([name]) => width(name)))) + 4;
  const lines = rows.flatMap(([name, words]) => {
    const [first = '', ...more] = wrapped(words, COLUMNS - column);
    const beside = width(name) + 4 <= column;
    const head = `  ${name}`;
    const texts = more.map((line) => ' '.repeat(column) + line);
    return beside
      ? [head + ' '.repeat(column - width(head)) + first, ...texts]
      : [head, ' '.repeat(column) + first, ...texts];
  });
  return ['', title, ...lines];
}

/** A long usage line, its continuation indented. Brackets stay whole. */
function hanging(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/\[[^\]]*(?:\[[^\]]*\][^\]]*)*\]…?|--\S+ \S+|\S+/g) ?? []) {
    if (line !== '' && width(line) + width(piece) + 1 > COLUMNS) {
      lines.push(line);
      line = `    ${piece}`;
    } else line = line === '' ? piece : `${line} ${piece}`;
  }
  return [...lines, line];
}
