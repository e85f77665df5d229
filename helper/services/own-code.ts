// The helper's own program files: whoever may write to one of them, or to a directory on the way, is root by tomorrow.
import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from './failures';

/** What the daemon runs: Node itself, the bundles, koffi's binary, the native programs. */
export function ownCode(programDir: string): string[] {
  const koffi = `node_modules/@koromix/koffi-linux-${process.arch}`;
  const names = [
    'isolab.cjs',
    'daemon.cjs',
    'scan-worker.cjs',
    'image-worker.cjs',
    'root-worker.cjs',
    'native/isolab-launch',
    'native/isolab-attach',
    'native/isolab-keep',
    'native/isolab-monitor',
    `${koffi}/index.js`,
    `${koffi}/linux_${process.arch}/koffi.node`,
  ];
  return [process.execPath, ...names.map((name) => join(programDir, name))];
}

/** The paths, files or directories above them, that somebody besides `owners` may change; each once. */
export function writableByOthers(files: readonly string[], owners: readonly number[]): string[] {
  const looked = new Map<string, boolean>();
  for (const path of files) {
    let real: string;
    try {
      real = realpathSync(path);
    } catch (error) {
      // Not built, or not for this machine: nothing is run from there.
      if (errnoOf(error) === 'ENOENT') continue;
      throw error;
    }
    for (let each = real; ; each = dirname(each)) {
      if (!looked.has(each)) looked.set(each, isWritable(lstatSync(each), owners));
      if (each === dirname(each)) break;
    }
  }
  return [...looked].filter(([, writable]) => writable).map(([path]) => path);
}

/** A sticky directory (/tmp) is fine on the way: what is in it can be replaced by its owner only. */
export function isWritable(stats: Pick<Stats, 'uid' | 'mode' | 'isDirectory'>, owners: readonly number[]): boolean {
  if (!owners.includes(stats.uid)) return true;
  const sticky = stats.isDirectory() && (stats.mode & 0o1000) !== 0;
  return (stats.mode & 0o022) !== 0 && !sticky;
}
