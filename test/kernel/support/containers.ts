// A helper with an image to make containers of, for the tests of one file; what they leave is removed, and the helper ends.
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { busyboxImage, removeContainers } from '../../support/container';
import { type HelperOptions, startHelper, type TestHelper } from '../../support/helper';

/** The one that serves now. */
export let helper: TestHelper;
/** The folders are its own, whichever serves them: it goes last. */
let first: TestHelper | undefined;

export interface HouseOptions extends HelperOptions {
  /** One for each test, in place of one for the whole file. */
  each?: boolean;
  /** Tests run at the same time: their containers go at the end, not after each. */
  concurrent?: boolean;
}

export function useContainers({ each = false, concurrent = false, ...options }: HouseOptions = {}): void {
  const start = async () => {
    first = await startHelper(options);
    helper = first;
    await busyboxImage(helper);
  };
  const stop = async () => {
    if (helper !== first) await helper.stop();
    await first?.stop();
  };
  if (each) beforeEach(start);
  else beforeAll(start);
  // The last of these is the first to run.
  if (each) afterEach(stop);
  else afterAll(stop);
  const remove = () => removeContainers(helper);
  if (concurrent) afterAll(remove);
  else afterEach(remove);
}

/** Another one serves the same folders at the same place: the one before has been ended. */
export async function takeOver(options: HelperOptions = {}): Promise<void> {
  helper = await startHelper({ ...options, stateDir: helper.stateDir, socket: helper.socket });
}
