// Reads what a group uses, again and again: the files stay open, since finding one costs more than reading it.
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Stats } from '../rpc/contract/limits';
import { SysError } from '../sys/errors';
import { errnoOf, readOpen } from './files';
import type { Where } from './limits';
import type { Texts } from './stats';
import * as stats from './stats';

const { EACCES, ENODEV, ENOENT, EOPNOTSUPP } = constants.errno;

type What = 'memory' | 'cpu' | 'io' | 'pids' | 'pressure';

interface Part {
  readonly controller: string;
  /** What of the answer it is read for. */
  readonly of: What;
  readonly 1: readonly string[];
  readonly 2: readonly string[];
}

/** What is read of each controller, by version. `cpu.stat` and the pressure files of v2 are there without any controller. */
const PARTS: readonly Part[] = [
  {
    controller: 'memory',
    of: 'memory',
    1: ['memory.usage_in_bytes', 'memory.stat', 'memory.limit_in_bytes', 'memory.failcnt', 'memory.oom_control'],
    2: ['memory.current', 'memory.stat', 'memory.max', 'memory.swap.current', 'memory.events'],
  },
  { controller: 'cpu', of: 'cpu', 1: ['cpu.stat'], 2: ['cpu.stat'] },
  { controller: 'cpuacct', of: 'cpu', 1: ['cpuacct.usage'], 2: [] },
  {
    controller: 'io',
    of: 'io',
    1: ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'],
    2: ['io.stat'],
  },
  {
    controller: 'pids',
    of: 'pids',
    1: ['pids.current', 'pids.max', 'pids.events'],
    2: ['pids.current', 'pids.max', 'pids.events'],
  },
  { controller: 'unified', of: 'pressure', 1: [], 2: ['cpu.pressure', 'memory.pressure', 'io.pressure'] },
];

type Versions = Readonly<Record<'memory' | 'cpu' | 'io', 1 | 2>>;

export class Meter {
  readonly #files: { readonly name: string; readonly of: What; readonly fd: number }[] = [];
  readonly #version: Versions;
  /** What was read last, and what it says: of most containers most stays the same from one second to the next. */
  readonly #texts: Record<string, string> = {};
  #said: Omit<Stats, 'at'> = {};
  readonly #changed = new Set<What>();

  /** Opens some 15 files of the group. */
  constructor(where: Where) {
    const version = (controller: string) => where(controller)?.version ?? 2;
    this.#version = { memory: version('memory'), cpu: version('cpu'), io: version('io') };
    try {
      for (const { controller, of, ...names } of PARTS) {
        const place = where(controller);
        for (const name of place === undefined ? [] : names[place.version])
          this.#open(place?.directory ?? '', name, of);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #open(directory: string, name: string, of: What): void {
    try {
      const fd = openSync(join(directory, name), 'r');
      this.#files.push({ name, of, fd });
      // Pressure that is switched off (psi=0) opens on some kernels, and refuses to be read.
      if (name.endsWith('.pressure')) readOpen(fd);
    } catch (error) {
      if (![ENOENT, EOPNOTSUPP, EACCES].includes(errnoOf(error) ?? 0)) throw error;
      const last = this.#files.at(-1);
      if (last?.name === name) closeSync((this.#files.pop() as typeof last).fd);
    }
  }

  /** What the group uses now. ENODEV once it was removed. */
  read(): Stats {
    for (const { name, of, fd } of this.#files) {
      try {
        const text = readOpen(fd);
        if (this.#texts[name] === text) continue;
        this.#texts[name] = text;
        this.#changed.add(of);
      } catch (error) {
        throw errnoOf(error) === ENODEV ? new SysError(`read ${name}`, ENODEV) : error;
      }
    }
    if (this.#changed.size > 0) this.#said = { ...this.#said, ...said(this.#texts, this.#version, this.#changed) };
    this.#changed.clear();
    return { at: performance.now(), ...this.#said };
  }

  close(): void {
    for (const { fd } of this.#files.splice(0)) closeSync(fd);
  }
}

function said(texts: Texts, version: Versions, wanted: ReadonlySet<What>): Omit<Stats, 'at'> {
  const memory = wanted.has('memory') && (version.memory === 1 ? stats.memoryV1(texts) : stats.memoryV2(texts));
  const cpu = wanted.has('cpu') && (version.cpu === 1 ? stats.cpuV1(texts) : stats.cpuV2(texts));
  const io = wanted.has('io') && (version.io === 1 ? stats.ioV1(texts) : stats.ioV2(texts));
  const pids = wanted.has('pids') && stats.pids(texts);
  const pressure = wanted.has('pressure') && stats.pressure(texts);
  return {
    ...(memory && { memory }),
    ...(cpu && { cpu }),
    ...(io && { io }),
    ...(pids && { pids }),
    ...(pressure && { pressure }),
  };
}
