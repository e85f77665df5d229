// The strict parser of the command line: nothing guessed, every refusal names the argument. Options are long; some have a
// letter besides, and letters of flags may stand together.
import { type Command, flag, type Option, type Options, type Parsed, type Place, value } from './command';
import { nearest } from './nearest';
import { Usage } from './usage';

/** Options that every command takes, before or after its words. */
export const GLOBAL = {
  json: flag('Print the raw result as JSON.'),
  socket: value('PATH', (text) => text, 'Socket of the helper; the variable ISOLAB_SOCKET serves as well.'),
  print: flag('Print the equivalent lines of ip, unshare, nsenter and so on, ready to paste, and do nothing.'),
  help: flag('Say what the command does and what it takes.'),
  version: flag('Print the version.'),
} satisfies Options;

/** Which command is meant, and what is left of the arguments: global options first, then all after its words. */
export interface Resolved {
  readonly words: readonly string[];
  readonly command?: Command;
  readonly rest: readonly string[];
}

/** Finds the command by its words; global options may stand between them. Throws Usage for words that lead nowhere. */
export function resolve(commands: readonly Command[], argv: readonly string[]): Resolved {
  const words: string[] = [];
  const moved: string[] = [];
  let at = 0;
  for (; at < argv.length; at++) {
    const token = argv[at] as string;
    if (isOption(token)) {
      if (commands.some((one) => same(one.words, words))) break;
      at += takeGlobal(argv, at, moved);
    } else {
      const longer = [...words, token];
      if (!commands.some((one) => startsWith(one.words, longer))) break;
      words.push(token);
    }
  }
  const command = commands.find((one) => same(one.words, words));
  const unknown = argv[at];
  if (command === undefined && unknown !== undefined) throw unknownWord(commands, words, unknown);
  return { words, ...(command && { command }), rest: [...moved, ...argv.slice(at)] };
}

/** Copies the global option at `at`; returns how many more arguments it took. */
function takeGlobal(argv: readonly string[], at: number, into: string[]): number {
  const token = argv[at] as string;
  const name = token.split('=', 1)[0] as string;
  const option: Option | undefined = Object.hasOwn(GLOBAL, name.slice(2))
    ? GLOBAL[name.slice(2) as keyof typeof GLOBAL]
    : undefined;
  if (!name.startsWith('--') || option === undefined) throw unknownOption(name, GLOBAL);
  into.push(token);
  if (option.type === 'flag' || token.includes('=')) return 0;
  const next = argv[at + 1];
  if (next === undefined || isOption(next)) return 0;
  into.push(next);
  return 1;
}

/** Reads the arguments of one command. Throws Usage. `help` and `version` are only looked for, see `wants`. */
export function parse(command: Command, rest: readonly string[]): Parsed {
  const options: Options = { ...GLOBAL, ...command.options };
  const given: Record<string, unknown> = Object.create(null);
  for (const [name, option] of Object.entries(options)) {
    if (option.type === 'flag') given[name] = false;
    if (option.type === 'many') given[name] = [];
  }
  const places = new Places(command);
  let at = 0;
  for (; at < rest.length; at++) {
    const token = rest[at] as string;
    if (token === '--') break;
    if (isOption(token)) at += readOption(options, rest, at, given);
    else places.take(token);
    if (command.program === 'rest' && places.full) break;
  }
  const after = rest.slice(at + 1);
  if (command.program === 'rest') {
    if (after[0] === '--') after.shift();
  } else if (command.program === undefined) for (const token of after) places.take(token);
  else if (command.program === 'required' && after.length === 0)
    throw new Usage('The program to run is missing: write it at the end, after “--”.');
  else if (at < rest.length && after.length === 0)
    throw new Usage('No program follows “--”: leave it out to get your own shell.');
  places.finish(given);
  for (const [name, option] of Object.entries(options)) {
    if (option.type === 'needed' && given[name] === undefined)
      throw new Usage('The option {option} is needed: --{name} {metavar}.', {
        option: `--${name}`,
        name,
        metavar: option.metavar,
      });
  }
  return { given, program: command.program === undefined ? [] : after };
}

/** Whether a flag stands among the command's own arguments: help answers even where the rest would be refused. */
export function wants(name: 'help' | 'version', rest: readonly string[], command?: Command): boolean {
  const end = rest.indexOf('--');
  const own = command?.program === 'rest' ? beforeProgram(command, rest) : end < 0 ? rest : rest.slice(0, end);
  return own.includes(`--${name}`);
}

/** What comes before the last operand, behind which all words are the program's. */
function beforeProgram(command: Command, rest: readonly string[]): readonly string[] {
  const options: Options = { ...GLOBAL, ...command.options };
  let operands = Object.keys(command.operands).length;
  for (let at = 0; at < rest.length; at++) {
    const token = rest[at] as string;
    if (token === '--') return rest.slice(0, at);
    if (!isOption(token)) operands--;
    if (operands === 0) return rest.slice(0, at);
    if (isOption(token) && !token.includes('=') && takesValue(options, token)) at++;
  }
  return rest;
}

/** Of letters that stand together the last one decides. */
function takesValue(options: Options, token: string): boolean {
  const named = token.startsWith('--') ? options[token.slice(2)] : undefined;
  const option = named ?? Object.values(options).find(({ short }) => short !== undefined && token.endsWith(short));
  return option !== undefined && option.type !== 'flag';
}

/** Reads the option at `at`; returns how many more arguments it took. */
function readOption(options: Options, rest: readonly string[], at: number, given: Record<string, unknown>): number {
  const token = rest[at] as string;
  if (!token.startsWith('--')) return readLetters(options, rest, at, given);
  const equals = token.indexOf('=');
  const written = equals < 0 ? token : token.slice(0, equals);
  const name = written.slice(2);
  const option = written.startsWith('--') && Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) throw unknownOption(written, options);
  if (option.type === 'flag') {
    if (equals >= 0) throw new Usage('This option takes no value.', {}, written);
    given[name] = true;
    return 0;
  }
  const next = equals >= 0 ? token.slice(equals + 1) : rest[at + 1];
  if (next === undefined || (equals < 0 && isOption(next)))
    throw new Usage(
      'A value is missing: {written} {metavar}. A value that starts with “-” is written {written}=VALUE.',
      { written, metavar: option.metavar },
      written,
    );
  const read = reading(option.read, next, written);
  if (option.type === 'many') (given[name] as unknown[]).push(read);
  else if (given[name] !== undefined) throw new Usage('This option is given twice.', {}, written);
  else given[name] = read;
  return equals >= 0 ? 0 : 1;
}

/** `-it`, `-w DIR`, `-wDIR`: flags may stand together, and the last letter may be that of an option with a value. */
function readLetters(options: Options, rest: readonly string[], at: number, given: Record<string, unknown>): number {
  const token = rest[at] as string;
  for (let place = 1; place < token.length; place++) {
    const letter = token[place] as string;
    const found = Object.entries(options).find(([, { short }]) => short === letter);
    if (found === undefined) throw unknownOption(token.length === 2 ? token : `-${letter}`, options);
    const [name, option] = found;
    if (option.type === 'flag') {
      given[name] = true;
      continue;
    }
    const value = token.slice(place + 1).replace(/^=/, '');
    if (value !== '') return readOption(options, [`--${name}=${value}`], 0, given);
    return readOption(options, [`--${name}`, ...rest.slice(at + 1)], 0, given);
  }
  return 0;
}

/** Fills operands in their order, then keywords with the word after them. */
class Places {
  private readonly waiting: [string, Place][];
  private readonly keywords: Map<string, Place>;
  private readonly found = new Map<string, unknown>();
  private keyword: string | undefined;

  constructor(private readonly command: Command) {
    const all = Object.entries(command.operands);
    this.waiting = all.filter(([, place]) => place.type !== 'keyword');
    this.keywords = new Map(all.filter(([, place]) => place.type === 'keyword'));
  }

  /** Every word that must come has come. */
  get full(): boolean {
    return this.waiting.length === 0;
  }

  take(token: string): void {
    if (this.keyword !== undefined) {
      const name = this.keyword;
      const place = this.keywords.get(name) as Place;
      this.found.set(name, reading(place.read, token, name));
      this.keyword = undefined;
      return;
    }
    const next = this.waiting[0];
    if (next !== undefined) {
      const [name, place] = next;
      if (place.type === 'several') {
        const before = (this.found.get(name) ?? []) as unknown[];
        this.found.set(name, [...before, reading(place.read, token, place.metavar)]);
        return;
      }
      this.waiting.shift();
      this.found.set(name, reading(place.read, token, place.metavar));
      return;
    }
    if (!this.keywords.has(token)) throw this.tooMany(token);
    if (this.found.has(token)) throw new Usage('This word is given twice.', {}, token);
    this.keyword = token;
  }

  finish(given: Record<string, unknown>): void {
    const missing = this.waiting.find(
      ([name, place]) => place.type === 'operand' || (place.type === 'several' && !this.found.has(name)),
    );
    if (missing !== undefined) throw new Usage('{metavar} is missing.', { metavar: missing[1].metavar });
    if (this.keyword !== undefined) {
      const { metavar } = this.keywords.get(this.keyword) as Place;
      throw new Usage('A value is missing: {keyword} {metavar}.', { keyword: this.keyword, metavar }, this.keyword);
    }
    for (const [name, read] of this.found) given[name] = read;
  }

  private tooMany(token: string): Usage {
    if (this.command.program !== undefined)
      return new Usage('“{token}” is one word too many: a program to run stands after “--”.', { token });
    const meant = nearest(token, [...this.keywords.keys()]);
    return meant === undefined
      ? new Usage('“{token}” is one word too many.', { token })
      : new Usage('“{token}” is not known here. Did you mean “{meant}”?', { token, meant });
  }
}

function reading<T>(read: (text: string) => T, text: string, argument: string): T {
  if (text.includes('\0')) throw new Usage('An argument must not contain a NUL character.', {}, argument);
  try {
    return read(text);
  } catch (error) {
    throw error instanceof Usage ? error.of(argument) : error;
  }
}

function unknownOption(written: string, options: Options): Usage {
  const meant = nearest(
    written,
    Object.keys(options).map((name) => `--${name}`),
  );
  return meant === undefined
    ? new Usage('There is no option {option} here.', { option: written })
    : new Usage('There is no option {option} here. Did you mean {meant}?', { option: written, meant });
}

function unknownWord(commands: readonly Command[], words: readonly string[], unknown: string): Usage {
  const next = commands.filter((one) => startsWith(one.words, words)).map((one) => one.words[words.length] as string);
  const meant = nearest(unknown, [...new Set(next)]);
  const tried = [...words, unknown].join(' ');
  return meant === undefined
    ? new Usage('There is no command “{tried}”.', { tried })
    : new Usage('There is no command “{tried}”. Did you mean “{meant}”?', {
        tried,
        meant: [...words, meant].join(' '),
      });
}

/** `-` alone is a word (standard input, by custom). */
function isOption(token: string): boolean {
  return token.length > 1 && token.startsWith('-');
}

function startsWith(words: readonly string[], start: readonly string[]): boolean {
  return start.length <= words.length && start.every((word, at) => words[at] === word);
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && startsWith(a, b);
}
