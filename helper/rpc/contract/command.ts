// command/*: what a person would type to do the same by hand.
import { z } from 'zod';
import type { Coded } from './errors';
import { method } from './method';
import { Text } from './terms';

/** Lines of words, not yet quoted: command-line.ts writes them for a shell. */
export interface Equivalent {
  /** One command a line, one argument an element, in the order in which they are run. */
  lines: string[][];
  /** Why there are no lines; exactly when there are none. */
  none?: Coded;
}

export const equivalent = method({
  name: 'command/equivalent',
  access: 'look',
  doc: 'Says which `ip`, `unshare`, `nsenter`, … lines do by hand what a changing method would do with these parameters. They are checked as that method checks them; names stand for ids. Nothing is done.',
  params: z.strictObject({ method: Text(100), params: z.record(z.string(), z.unknown()).optional() }),
}).returns<Equivalent>();
