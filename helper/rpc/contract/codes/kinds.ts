// Sentences for failures that carry no rule: by kind of error.
import type { ErrorKind } from '../errors';

/** What happened, by kind; the beginning of a sentence, closed by one of TROUBLES. */
export const WHAT_HAPPENED: Readonly<Record<ErrorKind, string>> = {
  invalid: 'The request is not valid',
  'not-found': 'It does not exist, or no longer',
  exists: 'It exists already',
  busy: 'It is in use',
  denied: 'This is not allowed',
  'unsupported-kernel': 'This kernel cannot do that',
  'missing-capability': 'The helper lacks the privilege for that',
  'missing-program': 'A program that is needed is not installed',
  quota: 'A limit of the system is reached',
  conflict: 'It was changed by somebody else in the meantime',
  internal: 'Isolab failed in a way it did not foresee',
};

/** What to do about it, by kind, where the helper gave no hint of its own. */
export const NEXT_STEPS: Readonly<Record<ErrorKind, string>> = {
  invalid: 'Correct the value and try again.',
  'not-found': 'List again to see what is there now.',
  exists: 'Choose another name, or use the one that is there.',
  busy: 'End what uses it, then try again.',
  denied: 'Ask the person who started the helper, or use root.',
  'unsupported-kernel': 'Run “isolab doctor” to see what this kernel lacks.',
  'missing-capability': 'Start the helper as root, outside of any container.',
  'missing-program': 'Install it and try again.',
  quota: 'Delete what is no longer needed, or raise the limit.',
  conflict: 'Look at the present state, then try again.',
  internal: 'The log of the helper has the details.',
};

/** How {what} of WHAT_HAPPENED becomes a sentence. */
export const TROUBLES: Readonly<Record<'plain' | 'field' | 'step' | 'errno' | 'stepErrno', string>> = {
  plain: '{what}.',
  field: '{what}: {field}.',
  step: '{what}; the step that failed is {step}.',
  errno: '{what} ({errno}).',
  stepErrno: '{what} ({errno}); the step that failed is {step}.',
};
