// A directory as an archive, made by tar where nothing but that directory can be named: whatever a program turns into a link
// meanwhile leads nowhere.
import { existsSync } from 'node:fs';
import { close } from '../../sys/libc';
import { pipe } from '../../sys/libc-files';
import { broken } from '../failures';
import { cancelled } from './cancelled';
import type { Job } from './jobs';
import { isTruncated, lastLine, programFailed } from './program-failure';
import { type Running, runConfined, WORK } from './sandbox';

const TAR = '/usr/bin/tar';
const CREATE = [
  TAR,
  '--create',
  '--file=-',
  `--directory=${WORK}`,
  '--format=pax',
  '--pax-option=delete=atime,delete=ctime',
  '--numeric-owner',
  '--sort=name',
  '--sparse',
  '--one-file-system',
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--xattrs-include=system.posix_acl_*',
  '--xattrs-include=trusted.overlay.*',
  '--no-selinux',
  '--warning=no-file-ignored',
  '.',
];
/** Some files changed while they were read, or went: so it is with what still runs. */
const DIFFERED = 1;

/** `take` reads the archive from a descriptor, which is closed afterwards; what it resolves with counts if tar is content. */
export async function withTreeArchive<T>(
  job: Job,
  nativeDir: string,
  directory: string,
  take: (fd: number) => Promise<T>,
): Promise<T> {
  if (!existsSync(TAR)) {
    const hint = { code: 'install-package', args: { package: 'tar' } };
    throw broken('missing-program', 'program-not-found', { program: TAR }, { hint });
  }
  const [from, to] = pipe();
  let tar: Running;
  try {
    tar = await runConfined(nativeDir, {
      command: CREATE,
      stdin: from,
      stdout: to,
      directory: { path: directory, write: false },
      readsTrusted: true,
    });
  } catch (error) {
    close(from);
    throw error;
  } finally {
    close(to);
  }
  const forget = job.onCancel(() => tar.stop());
  const taken = take(from)
    .catch((error: unknown) => {
      tar.stop();
      throw error;
    })
    .finally(() => close(from));
  const [given, ended] = await Promise.allSettled([taken, tar.ended]);
  forget();
  if (job.isCancelled) throw cancelled();
  const status = ended.status === 'fulfilled' ? ended.value : 1;
  // Whoever takes from one that was killed finds an archive without its end; where they stopped it they know better.
  if (given.status === 'rejected' && !(status > 128 && isTruncated(given.reason))) throw given.reason;
  if (given.status === 'rejected' || status > DIFFERED) throw programFailed('tar', lastLine(await tar.words()), status);
  return given.value;
}
