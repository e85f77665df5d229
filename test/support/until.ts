// Waiting for a fact instead of for time: asks again until it holds, and says what was awaited when it does not.

/** How many times slower than this machine the kernel under test is: an emulated one takes its time. */
export const PATIENCE = Number(process.env.ISOLAB_TEST_PATIENCE ?? 1);

export interface UntilOptions {
  /** Gives up after this long; 5 s by default. */
  timeoutMs?: number;
  /** Between two looks; 10 ms by default. */
  everyMs?: number;
}

/**
 * The first truthy value of `look`. A look that throws counts as "not yet"; the last error is told when time is up.
 * `what` completes the sentence "waited in vain for …".
 */
export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  options: UntilOptions = {},
): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  const { everyMs = 10 } = options;
  const timeoutMs = (options.timeoutMs ?? 5000) * PATIENCE;
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value) return value as Exclude<T, undefined | null | false | 0 | ''>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`waited in vain for ${what} (${timeoutMs} ms); last seen: ${seen}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
