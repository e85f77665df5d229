// Sets the limits of a group, all or nothing, and reads them back. What goes into which file is planned elsewhere.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import type { Limits } from '../rpc/contract/limits';
import { SysError } from '../sys/errors';
import { parseDeviceList, setDevicesV1, setDevicesV2 } from './devices';
import { errnoOf, keyed, readControl, readIfThere, writeControl } from './files';
import { controllerMissing } from './hierarchies';
import {
  checkIds,
  idsOf,
  NO_LIMIT_V1,
  PERIOD,
  type Present,
  RATES,
  refused,
  sharesOfWeight,
  unsupported,
  type Write,
  weightOfIo,
} from './plan';
import { memoryV1, planV1 } from './plan-v1';
import { memoryV2, planV2 } from './plan-v2';

const { EBUSY, EINVAL, ENODEV, ENOSYS, EPERM, ERANGE, EACCES, ENOSPC } = constants.errno;

/** The directory of a group in the hierarchy that governs a controller, with the version; undefined where nothing does. */
export type Where = (controller: string) => { readonly directory: string; readonly version: 1 | 2 } | undefined;

/** Which controller a field needs, in the words of the version that is there. */
const CONTROLLER: Readonly<Record<Exclude<keyof Limits, 'devices'>, string>> = {
  memory: 'memory',
  swap: 'memory',
  cpus: 'cpu',
  cpuShares: 'cpu',
  cpusetCpus: 'cpuset',
  cpusetMems: 'cpuset',
  pids: 'pids',
  blkioWeight: 'io',
  blkioReadBps: 'io',
  blkioWriteBps: 'io',
  blkioReadIops: 'io',
  blkioWriteIops: 'io',
};
type Field = keyof typeof CONTROLLER;

/** Throws a Failure that names the field and the cause; then the group's limits are as they were. */
export function applyLimits(where: Where, limits: Limits): void {
  const writes = planned(where, limits);
  const done: (() => void)[] = [];
  try {
    for (const write of writes) done.push(perform(where, write));
    // Last: a list of devices that was changed cannot be told from the one before.
    if (limits.devices !== undefined) applyDevices(where, limits.devices);
  } catch (error) {
    for (const undo of done.reverse()) {
      try {
        undo();
      } catch (again) {
        // The kernel took it a moment ago; that it refuses now changes nothing about what is told.
        if (!(again instanceof SysError)) throw again;
      }
    }
    throw error;
  }
}

/** Before there is a group: Failure for a limit whose controller is missing, or that no group of this machine can have. */
export function checkLimits(has: (controller: string) => boolean, limits: Limits): void {
  for (const field of Object.keys(CONTROLLER) as Field[]) {
    const value = limits[field];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (!has(CONTROLLER[field])) throw controllerMissing(CONTROLLER[field], `limits.${field}`);
  }
  checkCpus(limits);
}

function checkCpus({ cpus }: Limits): void {
  if (typeof cpus !== 'number') return;
  const count = idsOf(readControl('/sys/devices/system/cpu/online')).length;
  if (cpus > count) throw refused('cpus-missing', 'cpus', { count });
}

function planned(where: Where, limits: Limits): Write[] {
  const writes: Write[] = [];
  for (const [field, value] of Object.entries(limits) as [keyof Limits, unknown][]) {
    if (field === 'devices' || value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const place = where(CONTROLLER[field]);
    if (place === undefined) throw controllerMissing(CONTROLLER[field], `limits.${field}`);
    check(place.directory, limits, field);
    const one = { [field]: value } as Limits;
    if (CONTROLLER[field] !== 'memory') {
      const present = { ...weightFileOf(place) };
      writes.push(...(place.version === 1 ? planV1(one, present) : planV2(one, present)));
    }
  }
  const memory = where('memory');
  if (memory !== undefined && (limits.memory !== undefined || limits.swap !== undefined)) {
    const now = memoryNow(memory);
    checkMemory(memory, limits);
    writes.unshift(...(memory.version === 1 ? memoryV1(limits, now) : memoryV2(limits, now)));
  }
  return writes;
}

/** What the kernel would take without a word, or refuse without a cause. */
function check(directory: string, limits: Limits, field: Field): void {
  if (field === 'cpus') checkCpus(limits);
  if (field === 'cpusetCpus' || field === 'cpusetMems') {
    const file = field === 'cpusetCpus' ? 'cpus' : 'mems';
    const above = join(directory, '..');
    // v2, then v1: what the group above may really use.
    const there =
      readIfThere(join(above, `cpuset.${file}.effective`)) ?? readIfThere(join(above, `cpuset.effective_${file}`));
    if (there !== undefined) checkIds(field, limits[field] ?? '', there);
  }
}

/**
 * Refuses a limit below what is in use and cannot be reclaimed: v1 says EBUSY after trying for a while, v2 would kill a
 * process of the group for it.
 */
function checkMemory({ directory, version }: NonNullable<ReturnType<Where>>, { memory }: Limits): void {
  if (typeof memory !== 'number') return;
  const usage = Number(readControl(join(directory, version === 1 ? 'memory.usage_in_bytes' : 'memory.current')));
  if (usage <= memory) return;
  const stat = readControl(join(directory, 'memory.stat'));
  const total = version === 1 ? 'total_' : '';
  const cache = ['inactive_file', 'active_file'].reduce((sum, key) => sum + keyed(stat, `${total}${key}`), 0);
  if (usage - cache > memory) throw belowUse(usage - cache);
}

function belowUse(used: number): Failure {
  return new Failure({ kind: 'busy', field: 'limits.memory', rule: { code: 'memory-in-use', args: { used } } });
}

function memoryNow({ directory, version }: NonNullable<ReturnType<Where>>): Present {
  const number = (file: string) => {
    const text = readIfThere(join(directory, file))?.trim();
    if (text === undefined) return undefined;
    const value = text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
    return value >= NO_LIMIT_V1 ? Number.POSITIVE_INFINITY : value;
  };
  const memory = number(version === 1 ? 'memory.limit_in_bytes' : 'memory.max');
  const memorySwap = number(version === 1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max');
  return { ...(memory !== undefined && { memory }), ...(memorySwap !== undefined && { memorySwap }) };
}

const WEIGHT_FILES = { 1: ['blkio.bfq.weight', 'blkio.weight'], 2: ['io.bfq.weight', 'io.weight'] } as const;

function weightFileOf({ directory, version }: NonNullable<ReturnType<Where>>): Present {
  const weightFile = WEIGHT_FILES[version].find((file) => existsSync(join(directory, file)));
  return weightFile === undefined ? {} : { weightFile };
}

/** Writes, and returns what takes it back. */
function perform(where: Where, { field, controller, file, value, undo }: Write): () => void {
  const place = where(controller);
  if (place === undefined) throw controllerMissing(controller, `limits.${field}`);
  const path = join(place.directory, file);
  const before = readIfThere(path);
  if (before === undefined) throw unsupported('cgroup-file', field, { file });
  try {
    writeControl(path, value);
  } catch (error) {
    throw meaning(error, field, value);
  }
  return () => writeControl(path, undo(before));
}

/** Why the kernel refused a write. */
function meaning(error: unknown, field: keyof Limits, value: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || !(error instanceof SysError)) return error;
  if (field === 'memory' && errno === EBUSY) {
    return new Failure(
      { kind: 'busy', field: 'limits.memory', rule: { code: 'memory-in-use-some' } },
      { cause: error },
    );
  }
  if (field.startsWith('blkio') && errno === ENODEV) {
    const [device = ''] = value.split(' ');
    return new Failure(
      { kind: 'not-found', field: `limits.${field}`, rule: { code: 'blkio-device', args: { device } } },
      { cause: error },
    );
  }
  const kind =
    errno === EPERM || errno === EACCES ? 'denied' : errno === EINVAL || errno === ERANGE ? 'invalid' : 'conflict';
  return new Failure(
    {
      kind: errno === ENOSPC || errno === EBUSY ? 'busy' : kind,
      field: `limits.${field}`,
      errno: error.code,
      rule: { code: 'limit-refused', args: { value } },
    },
    { cause: error },
  );
}

function applyDevices(where: Where, devices: NonNullable<Limits['devices']>): void {
  const place = where('devices') ?? where('unified');
  if (place === undefined) throw controllerMissing('devices', 'limits.devices');
  try {
    if (place.version === 1) setDevicesV1(place.directory, devices);
    else setDevicesV2(place.directory, devices);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === EPERM && place.version === 1) throw meaning(error, 'devices', 'devices.allow');
    if (place.version === 2 && (errno === EINVAL || errno === ENOSYS))
      throw controllerMissing('devices', 'limits.devices');
    throw meaning(error, 'devices', place.version === 1 ? 'devices.allow' : 'bpf');
  }
}

/**
 * The limits as the kernel has them. A controller that is not there has none; neither has what the group shares with all.
 * `devices` of version 2 is absent: a program cannot be read as rules.
 */
export function readLimits(where: Where): Limits {
  return {
    ...memoryLimits(where('memory')),
    ...cpuLimits(where('cpu')),
    ...cpusetLimits(where('cpuset')),
    ...pidsLimits(where('pids')),
    ...ioLimits(where('io')),
    ...devices(where('devices')),
  };
}

type Place = ReturnType<Where>;
const finite = (value: number) => (Number.isFinite(value) ? value : 'unlimited');

function memoryLimits(place: Place): Limits {
  if (place === undefined) return {};
  const { memory, memorySwap } = memoryNow(place);
  if (memory === undefined) return {};
  if (memorySwap === undefined) return { memory: finite(memory) };
  const swap = place.version === 2 || memorySwap === Number.POSITIVE_INFINITY ? memorySwap : memorySwap - memory;
  return { memory: finite(memory), swap: finite(swap) };
}

function cpuLimits(place: Place): Limits {
  if (place === undefined) return {};
  const read = (file: string) => readControl(join(place.directory, file)).trim();
  const [quota = '', period = ''] =
    place.version === 2 ? read('cpu.max').split(' ') : [read('cpu.cfs_quota_us'), read('cpu.cfs_period_us')];
  const share = Number(quota) / Number(period || PERIOD);
  const shares = place.version === 2 ? sharesOfWeight(Number(read('cpu.weight'))) : Number(read('cpu.shares'));
  return { cpus: quota === 'max' || share < 0 ? 'unlimited' : share, cpuShares: shares };
}

function cpusetLimits(place: Place): Limits {
  if (place === undefined) return {};
  const read = (file: string) => readControl(join(place.directory, file)).trim();
  const cpus = read('cpuset.cpus');
  const mems = read('cpuset.mems');
  return { ...(cpus !== '' && { cpusetCpus: cpus }), ...(mems !== '' && { cpusetMems: mems }) };
}

function pidsLimits(place: Place): Limits {
  if (place === undefined) return {};
  const max = readControl(join(place.directory, 'pids.max')).trim();
  return { pids: max === 'max' ? 'unlimited' : Number(max) };
}

function ioLimits(place: Place): Limits {
  if (place === undefined) return {};
  const limits: Limits = {};
  const { weightFile } = weightFileOf(place);
  if (weightFile !== undefined) {
    const weight = Number.parseInt(readControl(join(place.directory, weightFile)).replace('default ', ''), 10);
    limits.blkioWeight = weightFile === 'io.weight' ? weightOfIo(weight) : weight;
  }
  const lines = (file: string) =>
    (readIfThere(join(place.directory, file)) ?? '').split('\n').flatMap((line) => {
      const [, major, minor, rest] = /^(\d+):(\d+) (.*)$/.exec(line) ?? [];
      return rest === undefined ? [] : [{ major: Number(major), minor: Number(minor), rest }];
    });
  for (const { field, file, key } of RATES) {
    const rates = lines(place.version === 2 ? 'io.max' : file).flatMap(({ major, minor, rest }) => {
      const rate = Number(place.version === 2 ? new RegExp(`\\b${key}=(\\d+)`).exec(rest)?.[1] : rest);
      return Number.isFinite(rate) ? [{ major, minor, rate }] : [];
    });
    if (rates.length > 0) limits[field] = rates;
  }
  return limits;
}

function devices(place: Place): Limits {
  return place?.version === 1 ? { devices: parseDeviceList(readControl(join(place.directory, 'devices.list'))) } : {};
}
