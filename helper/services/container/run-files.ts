// What is known of the containers' runs of this boot: a directory each below the state directory, with the sockets of the
// monitors beside it.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../failures';
import { formatHealth, type Health, parseHealth } from './health-policy';
import { type Exec, formatJson, parseExec, parseRun, type Run } from './record';
import { writeWhole } from './small-files';

export class RunFiles {
  /** `state`: the directory of all of them. */
  constructor(
    private readonly state: string,
    private readonly boot: string,
  ) {}

  /** Of this boot; short, since the path of a socket lies in it (unix(7): 107 bytes). */
  directory(id: string): string {
    return join(this.state, id.slice(0, 32));
  }

  get(id: string): Run | undefined {
    try {
      return parseRun(readFileSync(join(this.directory(id), 'run.json'), 'utf8'), this.boot);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  put(id: string, run: Run): void {
    writeWhole(join(this.directory(id), 'run.json'), formatJson(run));
  }

  /** What was known of its health in this run. */
  health(id: string): Health | undefined {
    try {
      return parseHealth(readFileSync(join(this.directory(id), 'health'), 'latin1'));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** ENOENT: it does not run (any more). */
  putHealth(id: string, health: Health): void {
    writeWhole(join(this.directory(id), 'health'), formatHealth(health));
  }

  /** So that the next helper finds it; until it is forgotten, or its run is. */
  putExec(id: string, exec: Exec): void {
    writeWhole(`${this.exec(id, exec.name)}.json`, formatJson(exec));
  }

  execs(id: string): Exec[] {
    const names = readdirSync(this.directory(id)).filter((name) => /^exec-\d+\.json$/.test(name));
    return names.flatMap((name) => parseExec(readFileSync(join(this.directory(id), name), 'utf8')) ?? []);
  }

  forgetExec(id: string, name: string): void {
    for (const path of [this.exec(id, name), `${this.exec(id, name)}.json`]) rmSync(path, { force: true });
  }

  /** The socket of an exec’s monitor. */
  exec(id: string, name: string): string {
    return join(this.directory(id), name);
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
    return join(this.directory(id), 'still');
  }
}
