// xz(1) unpacks what Node does not, where the host cannot be named: the archive goes in as the caller gave it, the pipe that
// comes out is read like any other.
import { existsSync } from 'node:fs';
import { close } from '../../sys/libc';
import { pipe } from '../../sys/libc-files';
import { broken } from '../failures';
import type { Job } from './jobs';
import { isTruncated, programFailed } from './program-failure';
import { type Running, runConfined } from './sandbox';

const XZ = '/usr/bin/xz';
const COMMAND = [XZ, '--decompress', '--stdout', '--memlimit-decompress=1GiB'];

/** `take` reads the unpacked bytes from a descriptor that is closed afterwards. */
export async function withUnpackedXz<T>(
  job: Job,
  nativeDir: string,
  archive: number,
  take: (fd: number) => Promise<T>,
): Promise<T> {
  if (!existsSync(XZ)) {
    const hint = { code: 'install-package', args: { package: 'xz-utils' } };
    throw broken('missing-program', 'program-not-found', { program: XZ }, { hint });
  }
  const [from, to] = pipe();
  let xz: Running;
  try {
    xz = await runConfined(nativeDir, { command: COMMAND, stdin: archive, stdout: to });
  } catch (error) {
    close(from);
    throw error;
  } finally {
    close(to);
  }
  const forget = job.onCancel(() => xz.stop());
  try {
    const result = await take(from).catch(async (error: unknown) => {
      // An archive that ends too early does so because xz found out first.
      if (!job.isCancelled && isTruncated(error)) await checkEnd(xz);
      throw error;
    });
    await checkEnd(xz);
    return result;
  } finally {
    forget();
    xz.stop();
    close(from);
  }
}

async function checkEnd(xz: Running): Promise<void> {
  const status = await xz.ended;
  if (status === 0) return;
  if (status > 128) throw programFailed('xz', '', status);
  const isTorn = /Unexpected end of input/.test(await xz.words());
  throw isTorn ? broken('invalid', 'archive-truncated') : broken('invalid', 'archive-damaged');
}
