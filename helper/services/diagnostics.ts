// helper/diagnostics: what a report about this helper needs and only the helper can read: its log, and how much there is.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_LINES, lastLines } from '../rpc/contract/diagnostics';
import type { MadeObject } from '../rpc/contract/helper';
import { escapeControls } from '../sys/proc';
import { errnoOf } from './failures';
import type { Handlers, House } from './house';

/** Of the log's end. */
const MAX_BYTES = 128 * 1024;
/** A line that is longer is somebody's joke. */
const MAX_LINE = 1000;

export function diagnosticsHandlers(house: House): Pick<Handlers, 'helper/diagnostics'> {
  return {
    'helper/diagnostics': ({ lines = LOG_LINES }) => ({
      node: process.version,
      uptime: process.uptime(),
      made: counts(house),
      log: lastLines(tail(join(house.stateDir, 'helper.log')), lines).map((line) =>
        escapeControls(line).slice(0, MAX_LINE),
      ),
    }),
  };
}

function counts({ journal }: House): Partial<Record<MadeObject['type'], number>> {
  const found: Partial<Record<MadeObject['type'], number>> = {};
  for (const { type } of journal.made()) found[type] = (found[type] ?? 0) + 1;
  return found;
}

/** The end of the log, from a whole line on; nothing where a helper in the foreground writes elsewhere. */
function tail(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(0, size - MAX_BYTES);
    const bytes = Buffer.alloc(Math.min(size, MAX_BYTES));
    const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, from));
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    closeSync(fd);
  }
}
