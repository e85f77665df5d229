// What a method of the contract is: one literal holds its name, parameters, result, access and documentation.
// Schemas are strict (an unknown field is refused); the TypeScript types are inferred from them, never written twice.
import type { z } from 'zod';

/** `greet`: callable before `hello`; `look`: reads; `change`: alters something and leaves an audit line. */
export type Access = 'greet' | 'look' | 'change';

export interface Method<Name extends string, Params extends z.ZodType, Result, May extends Access = Access> {
  readonly name: Name;
  readonly access: May;
  readonly doc: string;
  readonly params: Params;
  /** Carries the result's type only; never read at run time. */
  readonly result: Result;
}

export function method<Name extends string, Params extends z.ZodType, May extends Access>(head: {
  name: Name;
  access: May;
  doc: string;
  params: Params;
}) {
  return {
    /** Binds the result type, which has no run-time form. */
    returns: <Result>(): Method<Name, Params, Result, May> => ({ ...head, result: undefined as Result }),
  };
}
