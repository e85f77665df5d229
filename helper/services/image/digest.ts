// A digest as it is written, `sha256:…`, and as a file is named.

/** The hexadecimal part. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
