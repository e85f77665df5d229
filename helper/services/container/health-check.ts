// One run of a health check: a program in the container, of which the helper is the client. It may write what it likes and
// live as long as it is allowed to, no longer.

import { Socket } from 'node:net';
import { constants } from 'node:os';
import type { HealthResult } from '../../rpc/contract/container';
import { close } from '../../sys/libc';
import { SOCK_STREAM, socketPair } from '../../sys/libc-process';
import { FrameReader } from '../../sys/monitor-frames';
import { asFailure, errnoOf } from '../failures';
import { execInContainer } from './exec';
import { isAlive } from './life';
import type { ContainerRecord, HealthCheck, ProcessIdentity } from './record';
import type { Kitchen } from './start';

/** Bytes of what it writes that are kept. */
const KEPT = 4096;

type Known = Pick<Kitchen, 'house' | 'store' | 'lives' | 'confinements'>;

/** Never rejects for what the container does. */
export async function runCheck(
  kitchen: Known,
  record: ContainerRecord,
  { command, timeout }: HealthCheck,
): Promise<HealthResult> {
  const at = Date.now();
  const [ours, theirs] = socketPair(SOCK_STREAM);
  const said = listen(ours);
  let clock: NodeJS.Timeout | undefined;
  let late: true | undefined;
  try {
    const client = { fd: theirs, flags: { output: true, error: true, lossless: true }, rows: 24, columns: 80 };
    const program = await execInContainer(kitchen, record, { command }, { client, quiet: true });
    clock = setTimeout(() => {
      late = true;
      killGroup(program);
    }, timeout);
    close(theirs);
    const { output, exit } = await said.closed;
    return {
      ...{ at, finishedAt: Date.now(), output },
      ...(late ? { late } : exit !== undefined && { exit }),
    };
  } catch (error) {
    close(theirs);
    said.stop();
    return { at, finishedAt: Date.now(), output: '', failure: asFailure(error).data };
  } finally {
    clearTimeout(clock);
  }
}

/** Its session leader's number is also its group's: whatever it started and did not send away goes with it. */
function killGroup(program: ProcessIdentity): void {
  if (!isAlive(program)) return;
  try {
    process.kill(-program.pid, constants.signals.SIGKILL);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

interface Said {
  output: string;
  /** Absent where it was killed, or nobody saw its end. */
  exit?: number;
}

function listen(fd: number): { readonly closed: Promise<Said>; stop(): void } {
  const frames = new FrameReader();
  const socket = new Socket({ fd, readable: true, writable: false });
  const pieces: Buffer[] = [];
  let kept = 0;
  let exit: number | undefined;
  socket.on('data', (piece: Buffer) => {
    for (const { type, payload } of frames.read(piece)) {
      if (type === 'status') exit = exitOf(payload.toString('latin1'));
      if ((type !== 'output' && type !== 'error') || kept >= KEPT) continue;
      pieces.push(payload.subarray(0, KEPT - kept));
      kept += payload.length;
    }
  });
  // Broken off: then nobody saw its end.
  socket.on('error', () => undefined);
  const closed = new Promise<Said>((resolve) => {
    socket.once('close', () => {
      const output = Buffer.concat(pieces).toString('utf8');
      resolve({ output, ...(exit !== undefined && { exit }) });
    });
  });
  return { closed, stop: () => socket.destroy() };
}

function exitOf(text: string): number | undefined {
  const found = /^\{"exit":(\d{1,3})\}\n?$/.exec(text);
  return found === null ? undefined : Number(found[1]);
}
