// Files and directories of the helper's own, made and taken away at once.
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** A container runs and ends often: rmSync looks several times at what is there, and at what is not. */
export function removeFile(path: string): void {
  if (existsSync(path)) unlinkSync(path);
}

/** With its files and empty directories, as a run leaves it; else all that is below. */
export function removeDirectory(path: string): void {
  if (!existsSync(path)) return;
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const each = join(path, entry.name);
      if (entry.isDirectory()) rmdirSync(each);
      else unlinkSync(each);
    }
    rmdirSync(path);
  } catch {
    // Something deeper, or gone meanwhile: what rmSync cannot remove either, it says.
    rmSync(path, { recursive: true, force: true });
  }
}

/** The helper's umask is 077, and mkdir(2) heeds it. */
export function chmodOf(path: string, mode: number): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

/** Old or new after a crash, never half. */
export function writeWhole(path: string, text: string): void {
  const fresh = `${path}.new`;
  const fd = openSync(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, path);
}
