// Where the repository and the built programs lie.
import { join } from 'node:path';

/** The repository's top folder. */
export const ROOT = join(import.meta.dirname, '../..');
/** The built command line and daemon. */
export const ISOLAB = join(ROOT, 'dist/isolab.cjs');
