// From a container, an image or a layer to a descriptor of its root directory. A container that runs is reached through its
// first process; of one that does not, and of an image, the layers are mounted where nobody else sees them, for as long as
// one request lasts.
import { constants, fstatSync, mkdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FileRoot } from '../../rpc/contract/file';
import { close, open, pidfdSendSignal } from '../../sys/libc';
import { O_PATH } from '../../sys/libc-inside';
import { overlay, restrict } from '../../sys/mount-api';
import { findContainer } from '../container/find';
import type { ContainerRecord, ProcessIdentity } from '../container/record';
import { asFailure, broken, errnoOf } from '../failures';
import { NEEDS_HOST_REALM } from '../features';
import type { Caller, House } from '../house';
import type { ImageStore } from '../image/store';
import { holdProgram } from '../session/record';

const { O_DIRECTORY } = constants;

/** What is asked of the service of containers. */
export interface ContainersAsked {
  readonly images: Pick<ImageStore, 'resolve'>;
  readonly store: {
    all(): ContainerRecord[];
    get(id: string): ContainerRecord | undefined;
    upper(id: string): string;
    work(id: string): string;
  };
  readonly lives: {
    get(
      id: string,
    ): { readonly run: { readonly program: ProcessIdentity }; readonly ended: Promise<unknown> } | undefined;
  };
  turn<T>(id: string, work: (record: ContainerRecord) => Promise<T>): Promise<T>;
}

export interface OpenRoot {
  readonly fd: number;
  /** The same for as long as what is below the descriptor is: another run of a container has another one. */
  readonly key: string;
  /** Its files are shown on the host with ids from this one on. */
  readonly ids?: number | undefined;
  /** Keeps it open until the function that it returns is called. */
  hold(): () => void;
}

type Act<T> = (root: OpenRoot) => Promise<T>;

export class Roots {
  /** Layers of containers that do not run, mounted once for all who look at them at the same time: two would not agree. */
  readonly #mounted = new Map<string, OpenRoot>();

  constructor(
    private readonly house: Pick<House, 'realm' | 'stateDir'>,
    private readonly containers: ContainersAsked,
  ) {}

  /** Failure `not-found` where there is no such thing, or none that this caller may see. */
  with<T>(ref: FileRoot, caller: Pick<Caller, 'uid'>, act: Act<T>): Promise<T> {
    return 'container' in ref
      ? this.#withContainer(findContainer(this.containers.store, caller, ref.container, 'root.container'), act)
      : this.#withImage(ref, act);
  }

  /** What `key` would be now; undefined where the container is gone. */
  keyOf(id: string): string | undefined {
    if (this.containers.store.get(id) === undefined) return undefined;
    return keyOf(id, this.containers.lives.get(id)?.run.program);
  }

  async #withContainer<T>({ id, ids }: ContainerRecord, act: Act<T>): Promise<T> {
    const running = this.#openRunning(id, ids);
    if (running !== undefined) return during(running, act);
    // One that is being started or removed is waited for; nobody starts it while its layers are mounted here.
    return this.containers.turn(id, async (record) => {
      const started = this.#openRunning(id, ids);
      if (started !== undefined) return during(started, act);
      await this.containers.lives.get(id)?.ended;
      const mounted = this.#mounted.get(id);
      return mounted === undefined ? during(await this.#mountContainer(record), act) : during(mounted, act);
    });
  }

  async #mountContainer({ id, image, readonly }: ContainerRecord): Promise<OpenRoot> {
    const { store, images } = this.containers;
    const { layers } = await images.resolve({ id: image.id }, 'root.container');
    const fd = this.#mount({ lower: layers, upper: store.upper(id), work: store.work(id) }, readonly);
    const root = shared(fd, keyOf(id, undefined), () => this.#mounted.delete(id));
    this.#mounted.set(id, root);
    return root;
  }

  #openRunning(id: string, ids: number | undefined): OpenRoot | undefined {
    const program = this.containers.lives.get(id)?.run.program;
    const fd = program === undefined ? undefined : openRootOf(program);
    return fd === undefined ? undefined : { ...shared(fd, keyOf(id, program)), ids };
  }

  async #withImage<T>(ref: Extract<FileRoot, { image: unknown }>, act: Act<T>): Promise<T> {
    const { id, layers } = await this.containers.images.resolve(ref.image, 'root.image');
    const [lowest] = layers;
    if (ref.layer === undefined && layers.length > 1) {
      return during(shared(this.#mount({ lower: layers }, true), id), act);
    }
    const layer = layers[ref.layer ?? 0];
    if (layer === undefined || lowest === undefined) {
      throw broken('not-found', 'image-no-layer', { count: layers.length }, { field: 'root.layer' });
    }
    return during(shared(open(layer, O_PATH | O_DIRECTORY), layer), act);
  }

  #mount(dirs: Parameters<typeof overlay>[0], readonly: boolean): number {
    if (this.house.realm.kind === 'user') {
      throw broken('denied', NEEDS_HOST_REALM, undefined, { field: 'root', hint: { code: 'use-host-realm' } });
    }
    try {
      const scratch = join(this.house.stateDir, 'layers');
      mkdirSync(scratch, { recursive: true, mode: 0o700 });
      const fd = overlay(dirs, [], scratch);
      try {
        restrict(fd, { readonly, nosuid: true, nodev: true, noexec: true });
        return fd;
      } catch (error) {
        close(fd);
        throw error;
      }
    } catch (error) {
      throw asFailure(error, { step: 'container-overlay', field: 'root' });
    }
  }
}

function keyOf(id: string, program: ProcessIdentity | undefined): string {
  return program === undefined ? id : `${id} ${program.pid} ${program.startTime}`;
}

/** Closed once nobody holds it any more, or ever did. */
function shared(fd: number, key: string, closed: () => void = () => {}): OpenRoot {
  let holders = 0;
  return {
    fd,
    key,
    hold: () => {
      holders++;
      return () => {
        holders--;
        if (holders > 0) return;
        closed();
        close(fd);
      };
    },
  };
}

async function during<T>(root: OpenRoot, act: Act<T>): Promise<T> {
  const release = root.hold();
  try {
    return await act(root);
  } finally {
    release();
  }
}

/**
 * The root directory of a process, O_PATH; undefined where it has ended. Failure `conflict` where it is still the host's, as
 * of one whose root is just being set up.
 */
function openRootOf(program: ProcessIdentity): number | undefined {
  const pidfd = holdProgram(program);
  if (pidfd === undefined) return undefined;
  try {
    const fd = open(`/proc/${program.pid}/root`, O_PATH | O_DIRECTORY);
    try {
      // It lives now, so what was opened before is its own.
      pidfdSendSignal(pidfd, 0);
      if (isOurs(program.pid, fd))
        throw broken('conflict', 'container-not-ready', undefined, { field: 'root.container' });
      return fd;
    } catch (error) {
      close(fd);
      throw error;
    }
  } catch (error) {
    // Ended, and waits to be reaped.
    if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  } finally {
    close(pidfd);
  }
}

function isOurs(pid: number, root: number): boolean {
  if (readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt')) return true;
  const [there, here] = [fstatSync(root), statSync('/')];
  return there.dev === here.dev && there.ino === here.ino;
}
