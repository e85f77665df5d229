// skopeo(1) for images: the store is an OCI layout, and other tools work on it as they do on any. Only what they would do in
// one line is told; whether an archive is a docker-archive or an OCI archive they have to be told themselves.
import { readlinkSync } from 'node:fs';
import type { Params } from '../../rpc/contract';
import type { ImageRef } from '../../rpc/contract/image';
import { imageLayoutDirectory, namedIn, namesOf } from '../image/at';
import { withTag } from '../image/names';
import { asRoot, type Lines, type None, type Scene } from './where';

/** `oci:DIRECTORY:NAME`; undefined for an image without a name, which skopeo cannot call. */
function inStore(scene: Scene, ref: ImageRef): string | undefined {
  const name = namedIn(scene.house.dataDir, ref);
  return name === undefined ? undefined : `oci:${imageLayoutDirectory(scene.house.dataDir)}:${name}`;
}

const NAMELESS: None = { code: 'no-equivalent-image-name' };

const tls = (side: 'src' | 'dest', insecure: boolean | undefined) => (insecure ? [`--${side}-tls-verify=false`] : []);

export function tagImage({ image, name }: Params<'image/tag'>, scene: Scene): Lines | None {
  const from = inStore(scene, image);
  if (from === undefined) return NAMELESS;
  const to = `oci:${imageLayoutDirectory(scene.house.dataDir)}:${withTag(name)}`;
  return from === to ? [] : [asRoot(scene, ['skopeo', 'copy', from, to])];
}

export function pullImage({ name, insecure }: Params<'image/pull'>, scene: Scene): Lines {
  const whole = withTag(name);
  const to = `oci:${imageLayoutDirectory(scene.house.dataDir)}:${whole}`;
  return [asRoot(scene, ['skopeo', 'copy', ...tls('src', insecure), `docker://${whole}`, to])];
}

export function pushImage({ image, to, insecure }: Params<'image/push'>, scene: Scene): Lines | None {
  const from = inStore(scene, image);
  const name = to ?? ('name' in image ? image.name : namedIn(scene.house.dataDir, image));
  if (from === undefined || name === undefined) return NAMELESS;
  return [asRoot(scene, ['skopeo', 'copy', ...tls('dest', insecure), from, `docker://${withTag(name)}`])];
}

/** umoci(1) takes names away one by one, and afterwards what no name leads to. */
export function removeImage({ image, force = false }: Params<'image/remove'>, scene: Scene): Lines | None {
  const names = namesOf(scene.house.dataDir, image);
  if (names.length === 0) return NAMELESS;
  // The method itself refuses that.
  if ('id' in image && names.length > 1 && !force) return { code: 'no-equivalent-image-several-names' };
  const layout = imageLayoutDirectory(scene.house.dataDir);
  const lines = names.map((name) => asRoot(scene, ['umoci', 'rm', '--image', `${layout}:${name}`]));
  return [...lines, asRoot(scene, ['umoci', 'gc', '--layout', layout])];
}

/** One image a line: skopeo makes a new archive each time. */
export function saveImage(
  { images, archive, format = 'docker-archive' }: Params<'image/save'>,
  scene: Scene,
): Lines | None {
  const [only, ...others] = images;
  if (only === undefined || others.length > 0) return { code: 'no-equivalent-image-several' };
  const from = inStore(scene, only);
  const name = namedIn(scene.house.dataDir, only);
  if (from === undefined || name === undefined) return NAMELESS;
  return [asRoot(scene, ['skopeo', 'copy', from, `${format}:${fileOf(scene, archive)}:${name}`])];
}

/** The file behind a descriptor of whoever asks; for pipes skopeo has a name of its own. */
function fileOf({ caller }: Scene, fd: number): string {
  try {
    const path = readlinkSync(`/proc/${caller.pid}/fd/${fd}`);
    if (path.startsWith('/')) return path;
  } catch {
    // Not open any more: the method itself will say so.
  }
  return '/dev/stdout';
}
