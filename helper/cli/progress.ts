// One line on a terminal that says how far a call is, gone when it is over. Where standard error is none, nothing.
import { isatty, WriteStream } from 'node:tty';
import type { CallOptions } from '../rpc/contract/client';
import { step as stepWords } from '../rpc/contract/sentences';
import type { Context } from './context';
import { write } from './output';
import { bytes, cut } from './text';

const CLEAR = '\r\u001b[K';

export function progressLine({ t, json }: Context): CallOptions {
  if (json || !isatty(2)) return {};
  const columns = new WriteStream(2).columns || 80;
  process.once('exit', () => write(2, CLEAR));
  return {
    onProgress: ({ step, done, total }) => {
      const what = stepWords(step, t);
      const far =
        total === undefined || total === 0
          ? done === 0
            ? ''
            : bytes(done)
          : `${bytes(done)} / ${bytes(total)} (${Math.min(100, Math.floor((done * 100) / total))} %)`;
      write(2, `${CLEAR}${cut(`${what} ${far}`, columns - 1)}`);
    },
  };
}
