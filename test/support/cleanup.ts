// Undo lists for tests: what was made is undone in reverse order after each test, and every undo is tried.
import { afterEach } from 'vitest';

type Undo = () => unknown | Promise<unknown>;

/** A list that runs after each test of the file that made it. Call once at the top of a test file. */
export function undoAfterEach(): (undo: Undo) => void {
  const undos: Undo[] = [];
  afterEach(async () => {
    const errors: unknown[] = [];
    for (const undo of undos.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'cleaning up after the test failed');
  });
  return (undo) => {
    undos.push(undo);
  };
}
