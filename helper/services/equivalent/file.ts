// mkdir(1), rm(1) and mv(1) of a container's own, run in its mount namespace by nsenter(1). An image need not have them: then
// only Isolab can.
import type { Params } from '../../rpc/contract';
import { Failure } from '../../rpc/contract/errors';
import type { FileRoot } from '../../rpc/contract/file';
import { broken } from '../failures';
import { asRoot, type Lines, type None, type Scene } from './where';

const NOT_RUNNING: None = { code: 'no-equivalent-not-running' };

type Owned = Extract<FileRoot, { container: unknown }>;

/** A line inside; undefined where the container does not run. */
function inside(scene: Scene, { container }: Owned, argv: readonly string[]): Lines | None {
  const { containers, caller } = scene;
  const living = containers.lives.get(containers.find(caller, container).id);
  if (living === undefined) return NOT_RUNNING;
  return [asRoot(scene, ['nsenter', `--target=${living.run.program.pid}`, '--mount', ...argv])];
}

export function makeDirectoryLines({ root, path }: Params<'file/make-directory'>, scene: Scene): Lines | None {
  return inside(scene, root, ['mkdir', '-m', '755', '--', path]);
}

export async function deleteLines(params: Params<'file/delete'>, scene: Scene): Promise<Lines | None> {
  const { root, path, recursive = false } = params;
  const { type } = await scene.files.stat({ root, path }, scene.caller);
  const program = recursive ? ['rm', '-r', '-f'] : type === 'directory' ? ['rmdir'] : ['rm', '-f'];
  return inside(scene, root, [...program, '--', path]);
}

export async function renameLines(params: Params<'file/rename'>, scene: Scene): Promise<Lines | None> {
  const { root, path, to, replace = false } = params;
  await scene.files.stat({ root, path }, scene.caller);
  if (!replace && (await exists(scene, root, to))) throw broken('exists', 'file-exists', undefined, { field: 'path' });
  return inside(scene, root, ['mv', '-f', '-T', '--', path, to]);
}

async function exists({ files, caller }: Scene, root: Owned, path: string): Promise<boolean> {
  try {
    await files.stat({ root, path }, caller);
    return true;
  } catch (error) {
    if (error instanceof Failure && error.data.rule?.code === 'file-not-found') return false;
    throw error;
  }
}
