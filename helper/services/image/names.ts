// Names of images as people write them: [HOST[:PORT]/]PATH[:TAG]. Pure.
import { ImageName } from '../../rpc/contract/image';

/** With its tag; `latest` where there is none. */
export function withTag(name: string): string {
  return name.lastIndexOf(':') > name.lastIndexOf('/') ? name : `${name}:latest`;
}

export function splitTag(name: string): { path: string; tag: string } {
  const whole = withTag(name);
  const at = whole.lastIndexOf(':');
  return { path: whole.slice(0, at), tag: whole.slice(at + 1) };
}

/** A name that an archive brings, whole; undefined for what cannot be one. */
export function nameFrom(text: string): string | undefined {
  return ImageName.safeParse(text).success ? withTag(text) : undefined;
}

/**
 * Names from the annotations of an index: of containerd and docker the whole name; else the one of the OCI, unless that is
 * only a tag, as some programs write it.
 */
export function annotatedName(containerd: string | undefined, ref: string | undefined): string | undefined {
  const whole = containerd === undefined ? undefined : nameFrom(containerd);
  if (whole !== undefined) return whole;
  if (ref === undefined || /^(?:latest|v?[0-9][A-Za-z0-9_.-]*)$/.test(ref)) return undefined;
  return nameFrom(ref);
}

/**
 * Names that may be meant by what somebody wrote: as it stands, then as docker and podman complete it. What podman saved
 * as `docker.io/library/busybox` or `localhost/mine` is found by its short name.
 */
export function candidates(name: string): string[] {
  const whole = withTag(name);
  const [first = '', ...rest] = whole.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (hasHost) {
    const short = /^docker\.io\/(?:library\/(?=[^/]+$))?(.+)$/.exec(whole)?.[1];
    return short === undefined ? [whole] : [whole, short];
  }
  const official = rest.length === 0 ? `docker.io/library/${whole}` : `docker.io/${whole}`;
  return [whole, `localhost/${whole}`, official];
}
