// The thread of files: does one act after the other, with an umask of its own. An entry of its own in the build.
import { parentPort } from 'node:worker_threads';
import { asFileOwner } from '../../sys/file-owner';
import { ownUmask } from '../../sys/libc-inside';
import { ACTS, type Act } from './acts';
import { withIdsInside } from './entries';
import { fileFailure } from './failures';
import type { Order, Report } from './thread';

// Modes are given in full: what a file is to have does not depend on who started the helper.
ownUmask(0);

parentPort?.on('message', ({ number, act, args, ids }: Order) => {
  parentPort?.postMessage({ number, ...perform(act, args, ids) } satisfies Report);
});

function perform(act: Act, args: readonly unknown[], ids: number | undefined): Omit<Report, 'number'> {
  try {
    const work = () => (ACTS[act] as (...all: readonly unknown[]) => unknown)(...args);
    return { outcome: ids === undefined ? work() : withIdsInside(asFileOwner(ids, work), ids) };
  } catch (error) {
    const { data } = fileFailure(error);
    return { failure: data, ...(data.kind === 'internal' && { trouble: String((error as Error).stack ?? error) }) };
  }
}
