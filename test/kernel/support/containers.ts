// A helper with an image to make containers of, for the tests of one file; what they leave is removed, and the helper ends.
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { busyboxImage, removeContainers } from '../../support/container';
import { type HelperOptions, startHelper, type TestHelper } from '../../support/helper';

/** The one that serves now. */
export let helper: TestHelper;
/** The folders are its own, whichever serves them: it goes last. */
let first: TestHelper | undefined;

/** One for the whole file, or with `each` one for each test. Containers go after each test. */
export function useContainers({ each = false, ...options }: HelperOptions & { each?: boolean } = {}): void {
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
  afterEach(() => removeContainers(helper));
}

/** Another one serves the same folders at the same place: the one before has been ended. */
export async function takeOver(options: HelperOptions = {}): Promise<void> {
  helper = await startHelper({ ...options, stateDir: helper.stateDir, socket: helper.socket });
}
