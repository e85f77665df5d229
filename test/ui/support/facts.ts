// What an own namespace of each kind changes for a shell, as the kernel and other people's tools tell it: something is
// done by typing in the active terminal, and looked for from outside, by the pid of a process of that shell.
import { expect } from 'vitest';
import { ipJson, output, run } from '../../support/run';
import { until } from '../../support/until';
import { type Kind, statusField } from './outside';
import { PERSON } from './person';
import type { Terminals } from './terminals';

type Fact = (terminals: Terminals, pid: number) => Promise<void>;

export const FACTS: Record<Kind, Fact> = {
  async mnt(terminals, pid) {
    const mount = ['findmnt', '--noheadings', '--output', 'SOURCE,FSTYPE', '--raw', '--mountpoint', '/mnt'];
    await terminals.type('mount -t tmpfs made-inside /mnt');
    const inside = await until(() => output(within(pid, '--mount', mount)), 'the mount inside');
    expect(inside.trim()).toBe('made-inside tmpfs');
    expect((await run(mount)).stdout).not.toContain('made-inside');
  },

  async uts(terminals, pid) {
    const before = await output(['hostname']);
    await terminals.type('hostname inside');
    const named = async () => (await output(within(pid, '--uts', ['hostname']))).trim() === 'inside';
    await until(named, 'the host name inside');
    const after = await output(['hostname']);
    // The machine gets its name back if it was taken.
    if (after !== before) await output(['hostname', before.trim()]);
    expect(after).toBe(before);
  },

  async ipc(terminals, pid) {
    const before = await queues(['ipcs', '-q']);
    await terminals.type('ipcmk -Q');
    const made = await until(async () => {
      const [only, ...more] = await queues(within(pid, '--ipc', ['ipcs', '-q']));
      return more.length === 0 && only;
    }, 'one message queue inside');
    const after = await queues(['ipcs', '-q']);
    if (after.includes(made)) await output(['ipcrm', '-Q', made.split(' ')[0] ?? '']);
    expect(after).toEqual(before);
    expect(before).not.toContain(made);
  },

  async pid(terminals, pid) {
    const [outside, inside, ...deeper] = (await statusField(pid, 'NSpid')).split(' ').map(Number);
    expect(outside).toBe(pid);
    expect(deeper).toEqual([]);
    await terminals.type(`clear; jobs -p; echo "I am $$"`);
    await terminals.shows(new RegExp(`^${inside}\\nI am 1$`, 'm'));
  },

  async net(_terminals, pid) {
    const links = await ipJson<{ ifname: string; flags: string[] }>(['link']);
    expect(links.find(({ ifname }) => ifname === 'lo')?.flags).toContain('UP');
    const inside = JSON.parse(await output(within(pid, '--net', ['ip', '-j', 'link'])));
    expect(inside).toMatchObject([{ ifname: 'lo', flags: ['LOOPBACK'], operstate: 'DOWN' }]);
  },

  async user(terminals, pid) {
    await terminals.type('clear; id -u');
    await terminals.shows(/^0$/m);
    expect(await statusField(pid, 'Uid')).toBe(`${PERSON.uid} ${PERSON.uid} ${PERSON.uid} ${PERSON.uid}`);
    expect((await output(['cat', `/proc/${pid}/uid_map`])).trim().split(/\s+/)).toEqual(['0', String(PERSON.uid), '1']);
  },

  async cgroup(terminals, pid) {
    // Seen from inside, the root of every hierarchy is where the shell was started; it was not moved.
    await terminals.type('clear; cut -d: -f3 /proc/self/cgroup | sort -u | paste -sd,');
    await terminals.shows(/^\/$/m);
    const inside = await output(within(pid, '--cgroup', ['cut', '-d:', '-f3', `/proc/${pid}/cgroup`]));
    expect(new Set(inside.trim().split('\n'))).toEqual(new Set(['/']));
    expect(await output(['cat', `/proc/${pid}/cgroup`])).toBe(await output(['cat', '/proc/self/cgroup']));
  },

  async time(_terminals, pid) {
    // Its own clocks, which nobody asked to be shifted.
    const offsets = (await output(['cat', `/proc/${pid}/timens_offsets`])).trim().split('\n');
    expect(offsets.map((line) => line.split(/\s+/))).toEqual([
      ['monotonic', '0', '0'],
      ['boottime', '0', '0'],
    ]);
    const inside = JSON.parse(await output(['lsns', '--json', '--type', 'time', '--task', String(pid)]));
    const outside = JSON.parse(await output(['lsns', '--json', '--type', 'time', '--task', String(process.pid)]));
    expect(inside.namespaces).toHaveLength(1);
    expect(inside.namespaces[0].ns).not.toBe(outside.namespaces[0].ns);
  },
};

/** argv in one namespace of a process. */
function within(pid: number, kind: `--${string}`, argv: readonly string[]): string[] {
  return ['nsenter', '--target', String(pid), kind, '--', ...argv];
}

/** Key and id of every message queue that `ipcs -q` lists. */
async function queues(argv: readonly string[]): Promise<string[]> {
  const lines = (await output(argv)).split('\n').filter((line) => line.startsWith('0x'));
  return lines.map((line) => line.split(/\s+/).slice(0, 2).join(' '));
}
