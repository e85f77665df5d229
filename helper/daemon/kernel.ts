// Which kernels the helper runs on.

/** The oldest that has all that Isolab cannot do without (mount_setattr(2)). */
export const OLDEST_KERNEL = '5.12';

/** `6.18.1-debian` is at least `5.12`. */
export function isKernelAtLeast(release: string, oldest: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = oldest.split('.').map(Number);
  return major !== wantedMajor ? major > wantedMajor : minor >= wantedMinor;
}
