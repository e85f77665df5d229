// A helper outlives the folder it was started from: an update of the extension deletes that of the version before. What
// needs a file of it then fails, and the caller is told why, with the way on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MethodName } from '../rpc/contract';
import { Failure } from '../rpc/contract/errors';
import type { Handlers } from './house';

/** Refused beforehand: the terminal that brings the ticket would only learn that a step failed. */
const NEEDS_PROGRAMS: ReadonlySet<string> = new Set<MethodName>(['session/open']);

/** The same handlers, whose failures are told as what they are once the programs in that folder are gone. */
export function sayingWhatIsGone(handlers: Handlers, programDir: string): Handlers {
  const gone = () => !existsSync(join(programDir, 'native/isolab-launch'));
  const explained = (error: unknown): unknown =>
    gone() && !isRefusal(error) ? programsGone(programDir, error) : error;
  const wrapped = Object.entries(handlers).map(([method, handler]) => {
    // Each is called with its own parameters only: the table is taken apart and put together again as it was.
    const call = handler as (...args: readonly unknown[]) => unknown;
    return [
      method,
      (...args: readonly unknown[]) => {
        if (NEEDS_PROGRAMS.has(method) && gone()) throw programsGone(programDir);
        try {
          const result = call(...args);
          return result instanceof Promise
            ? result.catch((error: unknown) => Promise.reject(explained(error)))
            : result;
        } catch (error) {
          throw explained(error);
        }
      },
    ];
  });
  return Object.fromEntries(wrapped) as Handlers;
}

/** Something about the request itself, with a rule of its own: no file would have helped. */
function isRefusal(error: unknown): boolean {
  return error instanceof Failure && error.data.rule !== undefined;
}

function programsGone(path: string, cause?: unknown): Failure {
  const rule = { code: 'programs-gone', args: { path } };
  return new Failure({ kind: 'missing-program', rule, hint: { code: 'restart-helper' } }, { cause });
}
