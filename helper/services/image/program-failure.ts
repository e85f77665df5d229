// A program that did part of the work and failed: what it said last, or the signal that ended it.
import { escapeControls } from '../../sys/proc';
import { signalName } from '../container/signals';
import { broken, type Context } from '../failures';

/** `status`: its exit status, 128 + N for signal N. `said`: the line that matters of what it wrote. */
export function programFailed(program: string, said: string, status: number, context: Omit<Context, 'rule'> = {}) {
  const at = { step: 'image-program', ...context };
  if (said === '' && status > 128) return programKilled(program, signalName(status - 128), at);
  const args = { program, said: escapeControls(said || `status ${status}`).slice(0, 500) };
  return broken('internal', 'image-program-failed', args, at);
}

export function programKilled(program: string, signal: string, context: Omit<Context, 'rule' | 'hint'>) {
  return broken('internal', 'program-killed', { program, signal }, { ...context, hint: { code: 'try-again' } });
}

/** The last line that tar(1) wrote, but for the one that only says that it failed. */
export function lastLine(words: string): string {
  const lines = words.trim().split('\n');
  return lines.filter((line) => !/Exiting with failure status/.test(line)).at(-1) ?? '';
}

/** Whether an archive that was read ended too early: who wrote it then knows why. */
export function isTruncated(error: unknown): boolean {
  return error instanceof Error && /archive-(truncated|not-tar)/.test(error.message);
}
