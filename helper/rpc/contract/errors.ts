// What a failure looks like on the wire. Codes with arguments only; sentences.ts makes sentences of them.

export const ERROR_KINDS = [
  'invalid',
  'not-found',
  'exists',
  'busy',
  'denied',
  'unsupported-kernel',
  'missing-capability',
  'missing-program',
  'quota',
  'conflict',
  'internal',
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

/** A code of sentences.ts and what fills its holes. */
export interface Coded {
  code: string;
  args?: Record<string, string | number>;
}

/** `data` of a JSON-RPC error. */
export interface ErrorData {
  kind: ErrorKind;
  /** The step of the plan that failed, e.g. `address-a`, `clone`, `mount-proc`. */
  step?: string;
  /** Symbolic: `EEXIST`. */
  errno?: string;
  /** Path of the offending parameter: `a.addresses.0`. */
  field?: string;
  rule?: Coded;
  hint?: Coded;
  /** The kernel's own words: extended-ack text of netlink(7). */
  kernel?: string;
}

/** JSON-RPC code of every error that carries ErrorData. */
export const ISOLAB_ERROR = -32_000;

/** What services throw, the server sends, and clients reject with. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** The program is several bundles, each with a copy of this class: one made by another is a Failure all the same. */
  static override [Symbol.hasInstance](value: unknown): value is Failure {
    return value instanceof Error && value.name === 'Failure' && 'data' in value;
  }
  constructor(
    readonly data: ErrorData,
    options?: ErrorOptions,
  ) {
    super([data.kind, data.step, data.errno, data.field, data.rule?.code].filter(Boolean).join(' '), options);
  }
}

export function isErrorData(data: unknown): data is ErrorData {
  return typeof data === 'object' && data !== null && 'kind' in data && typeof data.kind === 'string';
}
