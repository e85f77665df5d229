// Before-and-after comparison for single tests: what a process and the machine hold, read with /proc and other tools.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { ipJson, output } from './run';

/** Named lists of lines; two of them are compared list by list. */
export type Snapshot = Record<string, string[]>;

/** Links, named network namespaces, mounts and namespaces of the machine (the sealed place, in a test). */
export async function machine(): Promise<Snapshot> {
  const [links, netns, mounts, namespaces] = await Promise.all([
    ipJson<{ ifname: string; ifindex: number }>(['link']),
    output(['ip', 'netns', 'list']),
    readFile('/proc/self/mountinfo', 'utf8'),
    output(['lsns', '-n', '-o', 'NS,TYPE']),
  ]);
  return {
    link: links.map((link) => `${link.ifindex} ${link.ifname}`),
    netns: lines(netns),
    mount: lines(mounts).map((line) => line.split(' ').slice(3, 5).join(' on ')),
    namespace: lines(namespaces),
  };
}

/** Open descriptors of a process by what they point to, numbers of sockets and pipes left out. */
export async function fdsOf(pid: number): Promise<Snapshot> {
  const names = await readdir(`/proc/${pid}/fd`);
  // One may close between two reads.
  const targets = await Promise.all(names.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => undefined)));
  return {
    fd: targets.flatMap((target) => (target === undefined ? [] : [target.replace(/^(socket|pipe):\[\d+\]$/, '$1')])),
  };
}

/** What `after` has more or less than `before`, one line each; [] when they are equal. */
export function compare(before: Snapshot, after: Snapshot): string[] {
  return Object.keys(before).flatMap((what) => [
    ...minus(after[what] ?? [], before[what] ?? []).map((line) => `${what} more: ${line}`),
    ...minus(before[what] ?? [], after[what] ?? []).map((line) => `${what} gone: ${line}`),
  ]);
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function minus(a: readonly string[], b: readonly string[]): string[] {
  const rest = [...b];
  return a.filter((line) => {
    const at = rest.indexOf(line);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
