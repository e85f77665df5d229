// Parameters against the schema of their method; what does not fit becomes one Failure that names the field and the rule.
import type { z } from 'zod';
import { METHODS, type MethodName, type Params } from '.';
import { type Coded, Failure } from './errors';

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

/** The parameters as the handler gets them: known fields only. Throws a Failure of kind `invalid`. */
export function validate<M extends MethodName>(method: M, params: unknown): Params<M> {
  const { data, error } = METHODS[method].params.safeParse(params ?? {});
  if (error) throw refused(error);
  return data as Params<M>;
}

function refused(error: z.core.$ZodError): Failure {
  const [first] = error.issues;
  if (!first) return new Failure({ kind: 'invalid', rule: { code: 'value' } });
  const issue = innermost(first, []);
  // The method's parameters as a whole have no name.
  const field = issue.path.map(String).join('.');
  return new Failure({ kind: 'invalid', ...(field !== '' && { field }), rule: issue.rule });
}

interface Found {
  path: PropertyKey[];
  rule: Coded;
}

/** In a union the branch that was meant says more than "none fits": the only one all of whose fields are known. */
function innermost(issue: z.core.$ZodIssue, outer: PropertyKey[]): Found {
  const path = [...outer, ...issue.path];
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.filter((branch) => branch.length > 0 && branch.every(isAboutValue));
    const [only] = meant;
    if (meant.length === 1 && only?.[0]) return innermost(only[0], path);
  }
  if (issue.code === 'unrecognized_keys') {
    return { path: [...path, issue.keys[0] ?? ''], rule: { code: 'unknown-field' } };
  }
  return { path, rule: ruleOf(issue) };
}

/** The field was the right one and there, only its value did not fit. */
function isAboutValue(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'unrecognized_keys') return false;
  return issue.code !== 'invalid_type' && issue.path.length > 0;
}

/** The schemas' own messages are codes; where a schema has none, zod's kind of issue makes one. */
function ruleOf(issue: z.core.$ZodIssue): Coded {
  const args: Record<string, string | number> = {};
  if (issue.code === 'too_big') args.max = Number(issue.maximum);
  if (issue.code === 'too_small') args.min = Number(issue.minimum);
  const code = /^[a-z][a-z0-9-]*$/.test(issue.message) ? issue.message : CODES[issue.code];
  return Object.keys(args).length > 0 ? { code, args } : { code };
}

const CODES: Record<z.core.$ZodIssue['code'], string> = {
  invalid_type: 'type',
  too_big: 'too-big',
  too_small: 'too-small',
  invalid_format: 'format',
  not_multiple_of: 'value',
  unrecognized_keys: 'unknown-field',
  invalid_union: 'value',
  invalid_key: 'value',
  invalid_element: 'value',
  invalid_value: 'value',
  custom: 'value',
};
