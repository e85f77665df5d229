// Checks of messages between a panel and its page: each side takes what the other sends for a stranger's. Pure, and small
// enough for a page.

/** The value, when it is what it should be; throws TypeError with its place else. */
export type Check<T> = (value: unknown, at: string) => T;
export type Checked<C> = C extends Check<infer T> ? T : never;

export function text(longest: number): Check<string> {
  return (value, at) => {
    if (typeof value === 'string' && value.length <= longest) return value;
    throw wrong(at);
  };
}

export function literal<const T extends string>(wanted: T): Check<T> {
  return (value, at) => {
    if (value === wanted) return wanted;
    throw wrong(at);
  };
}

/** Finite and not negative: nothing that is counted here is. */
export const amount: Check<number> = (value, at) => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw wrong(at);
};

export const flag: Check<boolean> = (value, at) => {
  if (typeof value === 'boolean') return value;
  throw wrong(at);
};

export function list<T>(each: Check<T>, longest: number): Check<T[]> {
  return (value, at) => {
    if (!Array.isArray(value) || value.length > longest) throw wrong(at);
    return value.map((one, index) => each(one, `${at}[${index}]`));
  };
}

export function record<T>(key: RegExp, each: Check<T>, longest: number): Check<Record<string, T>> {
  return (value, at) => {
    const entries = Object.entries(plain(value, at));
    if (entries.length > longest) throw wrong(at);
    for (const [name] of entries) if (!key.test(name)) throw wrong(`${at}.${name}`);
    return Object.fromEntries(entries.map(([name, one]) => [name, each(one, `${at}.${name}`)]));
  };
}

type Fields = Readonly<Record<string, Check<unknown>>>;
type Shape<F extends Fields> = { [Name in keyof F]: Checked<F[Name]> };

/** Exactly these fields; those of `optional` may be absent. */
export function shape<F extends Fields, O extends Fields = Record<never, never>>(
  fields: F,
  optional?: O,
): Check<Shape<F> & Partial<Shape<O>>> {
  return (value, at) => {
    const given = plain(value, at);
    const found: Record<string, unknown> = {};
    for (const name of Object.keys(given)) {
      const check = own(fields, name) ?? (optional && own(optional, name));
      if (check === undefined) throw wrong(`${at}.${name}`);
      found[name] = check(given[name], `${at}.${name}`);
    }
    for (const name of Object.keys(fields)) if (!Object.hasOwn(found, name)) throw wrong(`${at}.${name}`);
    return found as Shape<F> & Partial<Shape<O>>;
  };
}

/** One of several shapes, told apart by their field `type`. */
export function oneOf<M extends Record<string, Check<{ type: string }>>>(kinds: M): Check<Checked<M[keyof M]>> {
  return (value, at) => {
    const { type } = plain(value, at);
    const check = typeof type === 'string' ? own(kinds, type) : undefined;
    if (check === undefined) throw wrong(`${at}.type`);
    return check(value, at) as Checked<M[keyof M]>;
  };
}

function plain(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(at);
  return value as Record<string, unknown>;
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function wrong(at: string): TypeError {
  return new TypeError(`${at} is not as it should be`);
}
