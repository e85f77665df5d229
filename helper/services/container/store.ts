// Containers on disk: one directory each under the data directory, whole or absent. What was cut off by a crash is finished
// when the next helper opens the store.
import { constants, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnd } from '../../sys/monitor';
import { errnoOf } from '../failures';
import { type ContainerRecord, formatJson, parseContainer } from './record';
import { RunFiles } from './run-files';
import { chmodOf, removeDirectory, removeFile, writeWhole } from './small-files';

/** Names under construction and under removal; no id begins like them. */
const NEW = '.new-';
const GONE = '.gone-';

interface Places {
  readonly dataDir: string;
  readonly stateDir: string;
}

export class ContainerStore {
  readonly #data: string;
  readonly runs: RunFiles;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #going = new Set<Promise<void>>();
  /** Those whose last run is known here, but not on the disk. */
  readonly #unwritten = new Set<string>();
  /** How often each was started by this helper. */
  readonly #started = new Map<string, number>();

  constructor(
    places: Places,
    readonly boot: string,
    private readonly warn: (text: string) => void,
  ) {
    this.#data = join(places.dataDir, 'containers');
    const state = join(places.stateDir, 'containers');
    this.runs = new RunFiles(state, boot);
    try {
      this.#read(state);
    } catch (error) {
      // A full disk: what is there is served, and the next container is refused with its reason.
      this.warn(`containers: ${String(error)}`);
    }
  }

  #read(state: string): void {
    for (const directory of [this.#data, state]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#data)) {
      if (name.startsWith(NEW) || name.startsWith(GONE)) rmSync(join(this.#data, name), { recursive: true });
      else if (/^[0-9a-f]{64}$/.test(name)) this.#load(name);
    }
  }

  #load(id: string): void {
    const path = join(this.#data, id, 'container.json');
    try {
      this.#records.set(id, parseContainer(readFileSync(path, 'utf8')));
    } catch (error) {
      // It stays for whoever can read it; the rest serves.
      this.warn(`containers: ${path} cannot be used: ${String(error)}`);
    }
  }

  all(): ContainerRecord[] {
    return [...this.#records.values()];
  }

  get(id: string): ContainerRecord | undefined {
    return this.#records.get(id);
  }

  /** An empty directory for what a container is made of, before it is added, or given up. */
  begin(id: string): string {
    const building = this.#building(id);
    mkdirSync(building, { mode: 0o700 });
    return building;
  }

  /** Nothing is left of one that was begun and not added. */
  giveUp(id: string): void {
    rmSync(this.#building(id), { recursive: true, force: true });
  }

  /** Makes its directory from the one that was begun, whole at once. */
  add(record: ContainerRecord): void {
    const building = this.#building(record.id);
    try {
      // The root directory of the container: everybody inside must be able to pass through.
      for (const [name, mode] of [
        ['upper', 0o755],
        ['work', 0o700],
        ['logs', 0o700],
      ] as const) {
        mkdirSync(join(building, name));
        chmodOf(join(building, name), mode);
      }
      writeWhole(join(building, 'container.json'), formatJson(record));
      renameSync(building, this.directory(record.id));
    } catch (error) {
      this.giveUp(record.id);
      throw error;
    }
    this.#records.set(record.id, record);
  }

  #building(id: string): string {
    return join(this.#data, `${NEW}${id}`);
  }

  /** Replaces what is written of it: old or new after a crash of the helper. */
  put(record: ContainerRecord): void {
    writeWhole(join(this.directory(record.id), 'container.json'), formatJson(record));
    this.#records.set(record.id, record);
    this.#unwritten.delete(record.id);
  }

  /** It has ended, whether or not a full disk takes that; the next helper learns it then from what the monitor left. */
  putEnd(record: ContainerRecord): void {
    try {
      this.put(record);
    } catch (error) {
      this.#records.set(record.id, record);
      this.#unwritten.add(record.id);
      this.warn(`containers: the end of ${record.id} is not written down: ${String(error)}`);
    }
  }

  /** It is gone when this returns; its files go afterwards, or when the next helper starts. */
  remove(id: string): void {
    const gone = join(this.#data, `${GONE}${id}`);
    this.forgetRun(id);
    renameSync(this.directory(id), gone);
    this.#records.delete(id);
    this.#unwritten.delete(id);
    this.#started.delete(id);
    const going = rm(gone, { recursive: true, force: true, maxRetries: 3 })
      .catch((error: unknown) => this.warn(`containers: ${gone} stays: ${String(error)}`))
      .then(() => {
        this.#going.delete(going);
      });
    this.#going.add(going);
  }

  /** Resolves when the files of everything that was removed are gone. */
  async close(): Promise<void> {
    await Promise.all(this.#going);
  }

  directory(id: string): string {
    return join(this.#data, id);
  }

  upper(id: string): string {
    return join(this.directory(id), 'upper');
  }

  /** The image of a disk, by its number among those of the container. */
  disk(id: string, number: number): string {
    return join(this.directory(id), diskName(number));
  }

  work(id: string): string {
    return join(this.directory(id), 'work');
  }

  /** Ready for a run: nothing of an earlier one is left. */
  newRunDirectory(id: string): string {
    const path = this.runs.directory(id);
    removeFile(this.#status(id));
    removeDirectory(path);
    mkdirSync(path, { mode: 0o700 });
    this.#started.set(id, (this.#started.get(id) ?? 0) + 1);
    return path;
  }

  /** What was put is on the disk when this resolves; only then what the monitor left about that run is taken away. */
  async seal(id: string): Promise<void> {
    const record = this.#records.get(id);
    const started = this.#started.get(id);
    removeDirectory(this.runs.directory(id));
    if (this.#unwritten.has(id)) return;
    let file: FileHandle;
    try {
      file = await open(join(this.directory(id), 'container.json'));
    } catch (error) {
      // Removed meanwhile.
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    // Else it was put anew, or runs again: then the status is another run's.
    if (this.#records.get(id) === record && this.#started.get(id) === started) removeFile(this.#status(id));
  }

  forgetRun(id: string): void {
    removeDirectory(this.runs.directory(id));
    removeFile(this.#status(id));
  }

  /** A descriptor for the monitor to write the exit status to; the caller closes it. */
  openStatus(id: string): number {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_APPEND } = constants;
    return openSync(this.#status(id), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND, 0o600);
  }

  openLogs(id: string): number {
    return openSync(this.logs(id), constants.O_RDONLY | constants.O_DIRECTORY);
  }

  logs(id: string): string {
    return join(this.directory(id), 'logs');
  }

  /**
   * What the monitor left of a run that nobody has settled yet; `at` alone, when that began, where the monitor was killed,
   * or the machine went down. Undefined where there was no run.
   */
  status(id: string): { readonly at: number; readonly exit?: number; readonly signal?: number } | undefined {
    try {
      const end = parseEnd(readFileSync(this.#status(id), 'latin1'));
      return end ?? { at: Math.round(statSync(this.#status(id)).mtimeMs) };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #status(id: string): string {
    return join(this.directory(id), 'status');
  }
}

export function diskName(number: number): string {
  return `disk-${number}.img`;
}
