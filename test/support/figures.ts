// What a process's control groups have used, read from the kernel's own files.
import { readFile } from 'node:fs/promises';

export interface Figures {
  /** Nanoseconds. */
  readonly cpu: number;
  /** Bytes, as Docker counts them. */
  readonly memory: number;
  readonly memoryLimit: number;
  readonly pids: number;
  readonly pidsLimit: number;
}

/** What the files of a process's control groups say, of whichever version they are. */
export async function figuresOf(pid: number): Promise<Figures> {
  const groups = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).trim().split('\n');
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' '));
  const directory = (controller: string): { path: string; old: boolean } => {
    for (const line of groups) {
      const [, controllers = '', path = ''] = line.split(':');
      if (!controllers.split(',').includes(controller)) continue;
      const mount = mounts.find((each) => each.at(-3) === 'cgroup' && each.at(-1)?.split(',').includes(controller));
      if (mount) return { path: `${mount[4]}${path}`, old: true };
    }
    const path = groups.find((line) => line.startsWith('0::'))?.slice(3) ?? '';
    return { path: `${mounts.find((each) => each.at(-3) === 'cgroup2')?.[4]}${path}`, old: false };
  };
  const read = async (controller: string, old: string, now: string) => {
    const { path, old: isOld } = directory(controller);
    return readFile(`${path}/${isOld ? old : now}`, 'utf8');
  };
  const field = (text: string, name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  const stat = await read('memory', 'memory.stat', 'memory.stat');
  const usage = Number(await read('memory', 'memory.usage_in_bytes', 'memory.current'));
  const cpu = await read('cpuacct', 'cpuacct.usage', 'cpu.stat');
  return {
    cpu: cpu.includes('usage_usec') ? field(cpu, 'usage_usec') * 1000 : Number(cpu),
    memory: usage - field(stat, stat.includes('total_inactive_file') ? 'total_inactive_file' : 'inactive_file'),
    memoryLimit: Number(await read('memory', 'memory.limit_in_bytes', 'memory.max')),
    pids: Number(await read('pids', 'pids.current', 'pids.current')),
    pidsLimit: Number(await read('pids', 'pids.max', 'pids.max')),
  };
}
