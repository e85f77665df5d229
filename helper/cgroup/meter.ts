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

interface Part {
  readonly controller: string;
  readonly 1: readonly string[];
  readonly 2: readonly string[];
}

/** What is read of each controller, by version. `cpu.stat` and the pressure files of v2 are there without any controller. */
const PARTS: readonly Part[] = [
  {
    controller: 'memory',
    1: ['memory.usage_in_bytes', 'memory.stat', 'memory.limit_in_bytes', 'memory.failcnt', 'memory.oom_control'],
    2: ['memory.current', 'memory.stat', 'memory.max', 'memory.swap.current', 'memory.events'],
  },
  { controller: 'cpu', 1: ['cpu.stat'], 2: ['cpu.stat'] },
  { controller: 'cpuacct', 1: ['cpuacct.usage'], 2: [] },
  {
    controller: 'io',
    1: ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'],
    2: ['io.stat'],
  },
  {
    controller: 'pids',
    1: ['pids.current', 'pids.max', 'pids.events'],
    2: ['pids.current', 'pids.max', 'pids.events'],
  },
  { controller: 'unified', 1: [], 2: ['cpu.pressure', 'memory.pressure', 'io.pressure'] },
];

export class Meter {
  readonly #files: { readonly name: string; readonly fd: number }[] = [];
  readonly #version: Readonly<Record<'memory' | 'cpu' | 'io', 1 | 2>>;

  /** Opens some 15 files of the group. */
  constructor(where: Where) {
    const version = (controller: string) => where(controller)?.version ?? 2;
    this.#version = { memory: version('memory'), cpu: version('cpu'), io: version('io') };
    try {
      for (const { controller, ...names } of PARTS) {
        const place = where(controller);
        for (const name of place === undefined ? [] : names[place.version]) this.#open(place?.directory ?? '', name);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #open(directory: string, name: string): void {
    try {
      const fd = openSync(join(directory, name), 'r');
      this.#files.push({ name, fd });
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
    const texts: Record<string, string> = {};
    for (const { name, fd } of this.#files) {
      try {
        texts[name] = readOpen(fd);
      } catch (error) {
        throw errnoOf(error) === ENODEV ? new SysError(`read ${name}`, ENODEV) : error;
      }
    }
    return settled(texts, this.#version);
  }

  close(): void {
    for (const { fd } of this.#files.splice(0)) closeSync(fd);
  }
}

function settled(texts: Texts, version: Readonly<Record<'memory' | 'cpu' | 'io', 1 | 2>>): Stats {
  const memory = version.memory === 1 ? stats.memoryV1(texts) : stats.memoryV2(texts);
  const cpu = version.cpu === 1 ? stats.cpuV1(texts) : stats.cpuV2(texts);
  const io = version.io === 1 ? stats.ioV1(texts) : stats.ioV2(texts);
  const pids = stats.pids(texts);
  const pressure = stats.pressure(texts);
  return {
    at: performance.now(),
    ...(memory && { memory }),
    ...(cpu && { cpu }),
    ...(io && { io }),
    ...(pids && { pids }),
    ...(pressure && { pressure }),
  };
}
