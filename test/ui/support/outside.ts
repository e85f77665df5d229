// What is true outside of the editor, asked from the kernel with other people's tools.
import { output, run } from '../../support/run';
import { until } from '../../support/until';
import { PERSON } from './person';

const KINDS = ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'] as const;
export type Kind = (typeof KINDS)[number];

/** Where a helper for the person listens. */
export const SOCKET = `/run/isolab/${PERSON.uid}/helper.sock`;

/** Pid of the one process with exactly these arguments; waits for it. */
export async function processRunning(args: string): Promise<number> {
  return await until(async () => {
    const lines = (await output(['ps', '-eo', 'pid=,args='])).split('\n');
    const found = lines.map((line) => /^\s*(\d+) (.*?)\s*$/.exec(line)).find((match) => match?.[2] === args);
    return Number(found?.[1] ?? 0);
  }, `a process ${args}`);
}

/** What /proc/PID/ns/* say: `net:[4026531840]`, by kind. */
export async function namespacesOf(pid: number | 'self'): Promise<Record<Kind, string>> {
  const links = KINDS.map((kind) => `/proc/${pid}/ns/${kind}`);
  const ids = (await output(['readlink', ...links])).trim().split('\n');
  return Object.fromEntries(KINDS.map((kind, index) => [kind, ids[index]])) as Record<Kind, string>;
}

/** The kinds in which a process is isolated from the person's editor, which is where the sealed place is. */
export async function isolatedKinds(pid: number): Promise<Kind[]> {
  const [own, its] = await Promise.all([namespacesOf('self'), namespacesOf(pid)]);
  return KINDS.filter((kind) => own[kind] !== its[kind]);
}

/** One field of /proc/PID/status. */
export async function statusField(pid: number, field: string): Promise<string> {
  const line = (await output(['grep', `^${field}:`, `/proc/${pid}/status`])).trim();
  return line
    .slice(field.length + 1)
    .trim()
    .replace(/\s+/g, ' ');
}

/** Pid of who listens on a helper's socket, or undefined. */
export async function helperPid(socket = SOCKET): Promise<number | undefined> {
  const listening = await output(['ss', '-xlpHO', 'src', socket]);
  const pid = /pid=(\d+)/.exec(listening)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Names that `ip netns` knows. */
export async function netnsNames(): Promise<string[]> {
  const lines = (await output(['ip', 'netns', 'list'])).split('\n').filter(Boolean);
  return lines.map((line) => line.split(' ')[0] as string).sort();
}

/** Removes what a test left when it failed half-way. */
export async function deleteNetns(...names: string[]): Promise<void> {
  for (const name of names) await run(['ip', 'netns', 'delete', name]);
}
