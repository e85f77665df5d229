// What a command is: its words, its options and operands with their types, and what it does. One such literal gives the
// parser, the help text and the types of what `run` is handed.
import type { Context } from './context';

/** Turns an argument into a value; throws Usage. */
export type Read<T> = (text: string) => T;

interface Described {
  /** English; the key of its translation. */
  readonly summary: string;
  /** Of an option: its one-letter form. */
  readonly short?: string;
}
export interface Flag extends Described {
  readonly type: 'flag';
}
export interface Value<T> extends Described {
  readonly type: 'value';
  readonly metavar: string;
  readonly read: Read<T>;
}
export interface Needed<T> extends Described {
  readonly type: 'needed';
  readonly metavar: string;
  readonly read: Read<T>;
}
/** May be given again and again. */
export interface Many<T> extends Described {
  readonly type: 'many';
  readonly metavar: string;
  readonly read: Read<T>;
}
/** A word in its place. */
export interface Operand<T> extends Described {
  readonly type: 'operand';
  readonly metavar: string;
  readonly read: Read<T>;
}
/** A word in its place that may be left out; stands last. */
export interface Maybe<T> extends Described {
  readonly type: 'maybe';
  readonly metavar: string;
  readonly read: Read<T>;
}
/** One word or more, up to the end; stands last. */
export interface Several<T> extends Described {
  readonly type: 'several';
  readonly metavar: string;
  readonly read: Read<T>;
}
/** Two words, `via GW`, in any order among themselves, after the operands. */
export interface Keyword<T> extends Described {
  readonly type: 'keyword';
  readonly metavar: string;
  readonly read: Read<T>;
}

export type Option = Flag | Value<unknown> | Needed<unknown> | Many<unknown>;
export type Place = Operand<unknown> | Maybe<unknown> | Several<unknown> | Keyword<unknown>;
export type Options = Readonly<Record<string, Option>>;
export type Places = Readonly<Record<string, Place>>;

/** What the parser hands to `run`, by the names of options and operands. */
export type Given<S> = {
  readonly [K in keyof S]: S[K] extends Flag
    ? boolean
    : S[K] extends Many<infer T> | Several<infer T>
      ? readonly T[]
      : S[K] extends Needed<infer T> | Operand<infer T>
        ? T
        : S[K] extends Value<infer T> | Maybe<infer T> | Keyword<infer T>
          ? T | undefined
          : never;
};

interface Definition<O extends Options, P extends Places> {
  readonly words: string;
  readonly summary: string;
  /** More paragraphs for its help, each a key of its own. */
  readonly notes?: readonly string[];
  readonly operands?: P;
  readonly options?: O;
  /** A program and its arguments, which follow `--`; `rest`: all that follows the last operand, as with docker-run(1). */
  readonly program?: 'required' | 'optional' | 'rest';
  /** Which argument a field of the request came from, longest match first: `{ 'a.addresses': '--a-addr' }`. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Exit status where it fails by itself, in place of 1, so that it cannot be taken for the program's. */
  readonly failure?: number;
  /** Resolves to the exit status. */
  readonly run: (context: Context, given: Given<O> & Given<P>, program: readonly string[]) => Promise<number>;
}

/** A command whose types have been checked against its own table. */
export interface Command {
  readonly words: readonly string[];
  readonly summary: string;
  readonly notes: readonly string[];
  readonly operands: Places;
  readonly options: Options;
  readonly program?: 'required' | 'optional' | 'rest';
  readonly fields: Readonly<Record<string, string>>;
  readonly failure?: number;
  readonly run: (context: Context, parsed: Parsed) => Promise<number>;
}

export interface Parsed {
  readonly given: Readonly<Record<string, unknown>>;
  readonly program: readonly string[];
}

export function command<const O extends Options = Record<never, never>, const P extends Places = Record<never, never>>(
  definition: Definition<O, P>,
): Command {
  return {
    words: definition.words.split(' '),
    summary: definition.summary,
    notes: definition.notes ?? [],
    operands: definition.operands ?? {},
    options: definition.options ?? {},
    ...(definition.program !== undefined && { program: definition.program }),
    fields: definition.fields ?? {},
    ...(definition.failure !== undefined && { failure: definition.failure }),
    // The parser fills `given` from the very tables that O and P are the types of.
    run: (context, { given, program }) => definition.run(context, given as Given<O> & Given<P>, program),
  };
}

export const flag = (summary: string): Flag => ({ type: 'flag', summary });
export const value = <T>(metavar: string, read: Read<T>, summary: string): Value<T> => ({
  type: 'value',
  metavar,
  read,
  summary,
});
export const needed = <T>(metavar: string, read: Read<T>, summary: string): Needed<T> => ({
  type: 'needed',
  metavar,
  read,
  summary,
});
export const many = <T>(metavar: string, read: Read<T>, summary: string): Many<T> => ({
  type: 'many',
  metavar,
  read,
  summary,
});
export const operand = <T>(metavar: string, read: Read<T>, summary: string): Operand<T> => ({
  type: 'operand',
  metavar,
  read,
  summary,
});
export const keyword = <T>(metavar: string, read: Read<T>, summary: string): Keyword<T> => ({
  type: 'keyword',
  metavar,
  read,
  summary,
});
export const maybe = <T>(metavar: string, read: Read<T>, summary: string): Maybe<T> => ({
  type: 'maybe',
  metavar,
  read,
  summary,
});
export const several = <T>(metavar: string, read: Read<T>, summary: string): Several<T> => ({
  type: 'several',
  metavar,
  read,
  summary,
});
/** An option that also has one letter. */
export const short = <O extends Option>(letter: string, option: O): O => ({ ...option, short: letter });
