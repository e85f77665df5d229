// What a method of the contract is: one literal holds its name, parameters, result, access and documentation.
// Schemas are strict (an unknown field is refused); the TypeScript types are inferred from them, never written twice.
import type { z } from 'zod';

/** `greet`: callable before `hello`; `look`: reads; `change`: alters something and leaves an audit line. */
export type Access = 'greet' | 'look' | 'change';

export interface Method<Name extends string, Params extends z.ZodType, Result> {
  readonly name: Name;
  readonly access: Access;
  readonly doc: string;
  readonly params: Params;
  /** Carries the result's type only; never read at run time. */
  readonly result: Result;
}

export function method<Name extends string, Params extends z.ZodType>(head: {
  name: Name;
  access: Access;
  doc: string;
  params: Params;
}) {
  return {
    /** Binds the result type, which has no run-time form. */
    returns: <Result>(): Method<Name, Params, Result> => ({ ...head, result: undefined as Result }),
  };
}
