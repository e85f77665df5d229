// The cgroup hierarchies of this machine, and the group in each below which ours lie.
import { accessSync, constants as files, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import { SysError } from '../sys/errors';
import { errnoOf, groupsBelow, makeGroup, readControl, readIfThere, removeGroup, writeControl } from './files';
import { type Hierarchy, parseHierarchies } from './mounts';

/** Name of the group that holds all of ours. */
const PARENT = 'isolab';
/** What our groups need of v2: controllers that nobody asked for cost each process of a group a little. */
const WANTED = ['cpuset', 'cpu', 'io', 'memory', 'pids'];
const { EACCES, EBUSY, EEXIST, ENOTEMPTY, EPERM, EROFS } = constants.errno;

export class Hierarchies {
  /** All that are mounted. */
  readonly all: readonly Hierarchy[];
  /** Directories that hold our groups, once prepared. */
  readonly #parents = new Map<Hierarchy, string>();

  constructor(all: readonly Hierarchy[]) {
    this.all = all;
  }

  /** Those that this process sees. */
  static find(): Hierarchies {
    const found = parseHierarchies(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    );
    return new Hierarchies(
      found.map((one) => (one.version === 2 ? { ...one, controllers: controllersOf(one.mountPoint) } : one)),
    );
  }

  /** The one that governs this: `memory`, `cpu`, `io` (`blkio` of v1), … */
  of(controller: string): Hierarchy | undefined {
    const found = this.all.find(({ controllers }) => controllers.includes(controller));
    return found ?? (controller === 'io' ? this.of('blkio') : undefined);
  }

  /** Version 2, which freezes, kills and tells of pressure even where its controllers are all with version 1. */
  get unified(): Hierarchy | undefined {
    return this.all.find(({ version }) => version === 2);
  }

  /**
   * The directory that holds our groups, made when missing; undefined where we may make none. It is `isolab` at the root of
   * the hierarchy (as this process sees it), not below our own group: that one may be a login's or a unit's, which ends
   * with what is in it, and has limits meant for others; and in version 2 a group that holds processes, as ours holds
   * this one, can pass no controllers on. Only where the root is not ours to write to is it below our own.
   */
  parent(hierarchy: Hierarchy): string | undefined {
    const known = this.#parents.get(hierarchy);
    if (known !== undefined) return known;
    for (const above of new Set([hierarchy.mountPoint, hierarchy.own])) {
      if (above === undefined || !prepare(hierarchy, above)) continue;
      const directory = join(above, PARENT);
      this.#parents.set(hierarchy, directory);
      return directory;
    }
    return undefined;
  }

  /** Where our groups of a hierarchy may lie: below its root, or below our own group. */
  places({ mountPoint, own }: Hierarchy): string[] {
    return [...new Set([mountPoint, own ?? mountPoint])].map((above) => join(above, PARENT));
  }

  /** Looks anew for the directories that hold our groups: somebody took one away. */
  forget(): void {
    this.#parents.clear();
  }

  /**
   * Names of the groups of every helper on this machine: of all hierarchies, since a crash may have left one in some of them
   * only. Which of them are one's own only the journal says.
   */
  names(): string[] {
    return [...new Set(this.all.flatMap((one) => this.places(one)).flatMap(groupsBelow))].sort();
  }

  /** Removes the directories that hold our groups, where they hold none any more. What uses them makes them again. */
  tidy(): void {
    for (const hierarchy of this.all) {
      for (const place of this.places(hierarchy)) {
        try {
          removeGroup(place);
        } catch (error) {
          // Still in use, or not ours to remove.
          if (![EBUSY, ENOTEMPTY, EACCES, EPERM, EROFS].includes(errnoOf(error) ?? 0)) throw error;
        }
      }
    }
    this.forget();
  }
}

/** A controller that this machine does not have, or keeps from us. */
export function controllerMissing(controller: string, field: string): Failure {
  return new Failure({
    kind: 'unsupported-kernel',
    field,
    rule: { code: 'cgroup-controller', args: { controller } },
  });
}

/** What a group of v2 may limit. */
export function controllersOf(directory: string): string[] {
  return words(readControl(join(directory, 'cgroup.controllers')));
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** Makes `isolab` below `above` fit to hold groups; false where we may not. */
function prepare(hierarchy: Hierarchy, above: string): boolean {
  const directory = join(above, PARENT);
  try {
    makeGroup(directory);
  } catch (error) {
    const errno = errnoOf(error);
    if ([EACCES, EPERM, EROFS].includes(errno ?? 0)) return false;
    if (errno !== EEXIST) throw error;
    if (!writable(directory)) return false;
  }
  if (hierarchy.version === 2) passOn(above, directory);
  else if (hierarchy.controllers.includes('cpuset')) giveProcessors(above, directory);
  return true;
}

function writable(directory: string): boolean {
  try {
    accessSync(directory, files.W_OK);
    return true;
  } catch {
    // Somebody else's, or a read-only mount.
    return false;
  }
}

/**
 * Enables the wanted controllers of v2 on the way down, one by one, so that one which is refused costs no other: it is
 * then missing, and who asks for it is told. `isolab` at the root stays enabled when ours are gone: others may rely on it.
 */
function passOn(above: string, directory: string): void {
  for (const group of [above, directory]) {
    const file = join(group, 'cgroup.subtree_control');
    const enabled = words(readControl(file));
    const offered = controllersOf(group);
    for (const controller of WANTED.filter((one) => offered.includes(one) && !enabled.includes(one))) {
      try {
        writeControl(file, `+${controller}`);
      } catch (error) {
        if (!(error instanceof SysError)) throw error;
      }
    }
  }
}

/** A group of v1's cpuset begins with neither processors nor memory, and takes no process then; those below it inherit. */
function giveProcessors(above: string, directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const path = join(directory, file);
    if (readControl(path).trim() === '') writeControl(path, readIfThere(join(above, file))?.trim() ?? '0');
  }
  writeControl(join(directory, 'cgroup.clone_children'), '1');
}
