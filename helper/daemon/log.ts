// The helper's log: plain lines on standard error, which a daemon has bound to a file. That file cannot fill the disk.
import { fstatSync, ftruncateSync, writeSync } from 'node:fs';
import type { Log } from '../services/house';
import { escapeControls } from '../sys/proc';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_LINE = 4 * 1024;
const STDERR = 2;

export function createLog(fd = STDERR): Log {
  const bounded = fstatSync(fd).isFile();
  let bytes = bounded ? fstatSync(fd).size : 0;
  const line = (level: string, text: string) => {
    // One event, one line, whatever hostile text is in it.
    const safe = text.split('\n').map(escapeControls).join('\n  ').slice(0, MAX_LINE);
    try {
      if (bounded && bytes > MAX_BYTES) {
        // Opened for appending: the next line is the first again.
        ftruncateSync(fd);
        bytes = 0;
      }
      bytes += writeSync(fd, `${new Date().toISOString()} ${level} ${safe}\n`);
    } catch {
      // A full disk, or a reader of our standard error that has gone: the work matters more than its log.
    }
  };
  return {
    info: (text) => line('info', text),
    warn: (text) => line('warn', text),
    error: (text) => line('error', text),
  };
}
