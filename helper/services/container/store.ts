// Containers on disk: one directory each under the data directory, whole or absent; and one of this boot under the state
// directory. What was cut off by a crash is finished when the next helper opens the store.
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnd } from '../../sys/monitor';
import { errnoOf } from '../failures';
import { formatHealth, type Health, parseHealth } from './health-policy';
import { type ContainerRecord, type Exec, formatJson, parseContainer, parseExec, parseRun, type Run } from './record';

/** Names under construction and under removal; no id begins like them. */
const NEW = '.new-';
const GONE = '.gone-';

interface Places {
  readonly dataDir: string;
  readonly stateDir: string;
}

export class ContainerStore {
  readonly #data: string;
  readonly #state: string;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #going = new Set<Promise<void>>();
  /** Those whose last run is known here, but not on the disk. */
  readonly #unwritten = new Set<string>();
  /** How often each was started by this helper. */
  readonly #runs = new Map<string, number>();

  constructor(
    places: Places,
    readonly boot: string,
    private readonly warn: (text: string) => void,
  ) {
    this.#data = join(places.dataDir, 'containers');
    this.#state = join(places.stateDir, 'containers');
    try {
      this.#read();
    } catch (error) {
      // A full disk: what is there is served, and the next container is refused with its reason.
      this.warn(`containers: ${String(error)}`);
    }
  }

  #read(): void {
    for (const directory of [this.#data, this.#state]) mkdirSync(directory, { recursive: true, mode: 0o700 });
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
    this.#runs.delete(id);
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

  /** Of this boot; short, since the path of a socket lies in it (unix(7): 107 bytes). */
  runDirectory(id: string): string {
    return join(this.#state, id.slice(0, 32));
  }

  run(id: string): Run | undefined {
    try {
      return parseRun(readFileSync(join(this.runDirectory(id), 'run.json'), 'utf8'), this.boot);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  putRun(id: string, run: Run): void {
    writeWhole(join(this.runDirectory(id), 'run.json'), formatJson(run));
  }

  /** What was known of its health in this run. */
  health(id: string): Health | undefined {
    try {
      return parseHealth(readFileSync(join(this.runDirectory(id), 'health'), 'latin1'));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** ENOENT: it does not run (any more). */
  putHealth(id: string, health: Health): void {
    writeWhole(join(this.runDirectory(id), 'health'), formatHealth(health));
  }

  /** So that the next helper finds it; until it is forgotten, or its run is. */
  putExec(id: string, exec: Exec): void {
    writeWhole(`${this.exec(id, exec.name)}.json`, formatJson(exec));
  }

  execs(id: string): Exec[] {
    const names = readdirSync(this.runDirectory(id)).filter((name) => /^exec-\d+\.json$/.test(name));
    return names.flatMap((name) => parseExec(readFileSync(join(this.runDirectory(id), name), 'utf8')) ?? []);
  }

  forgetExec(id: string, name: string): void {
    for (const path of [this.exec(id, name), `${this.exec(id, name)}.json`]) rmSync(path, { force: true });
  }

  /** The socket of its monitor. */
  exec(id: string, name: string): string {
    return join(this.runDirectory(id), name);
  }

  /** It is frozen for as long as we look at its files, not because somebody paused it. */
  putStill(id: string): void {
    writeWhole(this.#still(id), '');
  }

  isStill(id: string): boolean {
    return existsSync(this.#still(id));
  }

  forgetStill(id: string): void {
    rmSync(this.#still(id), { force: true });
  }

  #still(id: string): string {
    return join(this.runDirectory(id), 'still');
  }

  /** Ready for a run: nothing of an earlier one is left. */
  newRunDirectory(id: string): string {
    const path = this.runDirectory(id);
    removeFile(this.#status(id));
    removeDirectory(path);
    mkdirSync(path, { mode: 0o700 });
    this.#runs.set(id, (this.#runs.get(id) ?? 0) + 1);
    return path;
  }

  /** What was put is on the disk when this resolves; only then what the monitor left about that run is taken away. */
  async seal(id: string): Promise<void> {
    const record = this.#records.get(id);
    const runs = this.#runs.get(id);
    removeDirectory(this.runDirectory(id));
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
    if (this.#records.get(id) === record && this.#runs.get(id) === runs) removeFile(this.#status(id));
  }

  forgetRun(id: string): void {
    removeDirectory(this.runDirectory(id));
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

/** A container runs and ends often: rmSync looks several times at what is there, and at what is not. */
function removeFile(path: string): void {
  if (existsSync(path)) unlinkSync(path);
}

/** With its files and empty directories, as a run leaves it; else all that is below. */
function removeDirectory(path: string): void {
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
function chmodOf(path: string, mode: number): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

/** Old or new after a crash, never half. */
function writeWhole(path: string, text: string): void {
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
