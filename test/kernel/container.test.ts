// Containers of one helper, judged by others' tools: ps, nsenter, findmnt, the files of /proc and of the control groups.
import { existsSync, statfsSync } from 'node:fs';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Topic } from '../../helper/rpc/contract/events';
import { KINDS } from '../../helper/rpc/contract/kinds';
import { IMAGE, inside, startContainer, statusOf } from '../support/container';
import { linux } from '../support/kernel';
import { output } from '../support/run';
import { differing } from '../support/session';
import { until } from '../support/until';
import { helper, useContainers } from './support/containers';

useContainers();

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
const stateOf = async (id: string) => (await helper.client.call('container/show', { container: { id } })).state;

describe('exercises 27 and 3 to 7: everything of its own', () => {
  test('new namespaces of all kinds but user and time, the program is process 1', async () => {
    const { pid, id } = await startContainer(helper, { hostname: 'inside' });
    expect(await differing(pid, 'self')).toEqual(KINDS.filter((kind) => kind !== 'user' && kind !== 'time'));
    expect((await statusOf(pid, 'NSpid')).split(/\s+/).at(-1)).toBe('1');
    expect((await inside(pid, '/bin/hostname')).trim()).toBe('inside');
    expect((await inside(pid, '/bin/ps')).trim().split('\n').slice(1)).toEqual([
      expect.stringMatching(/^\s*1 root .* sleep 1000$/),
      expect.stringMatching(/ps$/),
    ]);
    const shown = await helper.client.call('container/show', { container: { id } });
    expect(shown).toMatchObject({ state: 'running', pid, command: ['sleep', '1000'] });
    const { namespaces } = await helper.client.call('namespace/list', {});
    const ours = namespaces.filter((one) => one.ours).map(({ kind }) => kind);
    expect(ours.sort()).toEqual((await differing(pid, 'self')).sort());
    for (const [kind, number] of Object.entries(shown.namespaces ?? {})) {
      expect(await readlink(`/proc/${pid}/ns/${kind}`)).toBe(`${kind}:[${number}]`);
    }
  });

  test('its root is an overlay of the image and a layer of its own, /proc, /sys and /dev are its own', async () => {
    const before = await readFile('/proc/self/mountinfo', 'utf8');
    const { pid } = await startContainer(helper);
    const mounts = JSON.parse(await output(['findmnt', '--json', '--list', '--task', String(pid)])).filesystems as {
      target: string;
      fstype: string;
      options: string;
    }[];
    const at = (target: string) => mounts.find((mount) => mount.target === target);
    expect(at('/')).toMatchObject({ fstype: 'overlay' });
    expect(at('/proc')).toMatchObject({ fstype: 'proc', options: expect.stringMatching(/nosuid,nodev,noexec/) });
    expect(at('/sys')).toMatchObject({ fstype: 'sysfs', options: expect.stringMatching(/^ro,nosuid,nodev,noexec/) });
    expect(at('/dev')).toMatchObject({ fstype: 'tmpfs', options: expect.stringMatching(/nosuid/) });
    expect(at('/dev/pts')?.fstype).toBe('devpts');
    expect(at('/dev/mqueue')?.fstype).toBe('mqueue');
    expect(at('/proc/sys')?.options).toMatch(/^ro,/);
    expect(at('/proc/interrupts')).toBeDefined();
    expect((await readdir(`/proc/${pid}/root`)).sort()).toEqual(
      ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'sys', 'tmp', 'usr'].sort(),
    );
    // The host's own mounts are as before.
    expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(before);
  });

  test('only lo, and that is up', async () => {
    const { pid } = await startContainer(helper);
    const links = JSON.parse(await output(['nsenter', `--target=${pid}`, '--net', 'ip', '-j', 'link'])) as {
      ifname: string;
      flags: string[];
    }[];
    expect(links.map(({ ifname }) => ifname)).toEqual(['lo']);
    expect(links[0]?.flags).toContain('UP');
    await output(['nsenter', `--target=${pid}`, '--net', 'ping', '-c', '1', '127.0.0.1']);
  });

  test('confined: Docker’s capabilities, a filter of system calls, no new privileges', async () => {
    const { pid } = await startContainer(helper);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(await statusOf(pid, set)).toBe('00000000a80425fb');
    for (const set of ['CapInh', 'CapAmb']) expect(await statusOf(pid, set)).toBe('0000000000000000');
    expect(await statusOf(pid, 'Seccomp')).toBe('2');
    expect(await statusOf(pid, 'NoNewPrivs')).toBe('1');
  });

  test('capabilities are added and dropped, the filter can be left out', async () => {
    const plan = {
      capDrop: ['ALL'],
      capAdd: ['net_admin', 'CAP_CHOWN'],
      seccomp: 'unconfined',
      newPrivileges: true,
    } as const;
    const { pid } = await startContainer(helper, { ...plan, capDrop: ['ALL'], capAdd: ['net_admin', 'CAP_CHOWN'] });
    expect(await statusOf(pid, 'CapBnd')).toBe('0000000000001001');
    expect(await statusOf(pid, 'Seccomp')).toBe('0');
    expect(await statusOf(pid, 'NoNewPrivs')).toBe('0');
  });

  test('the control group is entered before the first instruction, and is the root inside', async () => {
    const { pid, id } = await startContainer(helper, {
      command: ['sh', '-c', 'cat /proc/self/cgroup > /seen; sleep 1000'],
    });
    const seen = await until(async () => readFile(`/proc/${pid}/root/seen`, 'utf8'), 'what the program saw');
    expect(
      seen
        .trim()
        .split('\n')
        .every((line) => line.endsWith(':/')),
    ).toBe(true);
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    expect(groups).toContain(id);
  });

  test('it runs as the user, with the directory, host name and variables that it was given', async () => {
    const { pid } = await startContainer(helper, {
      ...{ user: 'plain', workdir: '/made/here', env: ['A=1', 'EMPTY=', 'A=2'], hostname: 'h', domainname: 'd' },
    });
    expect(await statusOf(pid, 'Uid')).toMatch(/^1234\s+1234/);
    expect(await statusOf(pid, 'Gid')).toMatch(/^5678\s+5678/);
    expect((await statusOf(pid, 'Groups')).split(/\s+/).sort()).toEqual(['5678', '999']);
    expect(await statusOf(pid, 'CapEff')).toBe('0000000000000000');
    expect(await readlink(`/proc/${pid}/cwd`)).toBe('/made/here');
    const variables = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean);
    expect(variables.sort()).toEqual(
      [
        'A=2',
        'EMPTY=',
        'HOME=/home',
        'HOSTNAME=h',
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ].sort(),
    );
    expect(await readFile(`/proc/${pid}/root/etc/hostname`, 'utf8')).toBe('h\n');
    expect(await readFile(`/proc/${pid}/root/etc/hosts`, 'utf8')).toContain('127.0.1.1\th.d h');
  });
});

const TMPFS = 0x0102_1994;
test('a user namespace of its own, or the sentence why its files cannot have other owners', async () => {
  const made = startContainer(helper, { userns: 'own' });
  // Before Linux 6.3 tmpfs has no idmapped mounts.
  if (!linux(6, 3) && statfsSync(helper.stateDir).type === TMPFS) {
    await expect(made).rejects.toMatchObject({
      data: { kind: 'unsupported-kernel', rule: { code: 'userns-file-system' } },
    });
    return;
  }
  expect(await inside((await made).pid, '/bin/id', '-u')).toBe('0\n');
});

describe('exercise 28: its life', () => {
  test('stop, by the signal it has a handler for; its exit status is kept', async () => {
    const command = ['sh', '-c', 'trap "exit 3" TERM; while :; do sleep 0.1; done'];
    const { ref, pid } = await startContainer(helper, { command });
    await until(async () => BigInt(`0x${await statusOf(pid, 'SigCgt')}`) & (1n << 14n), 'the handler');
    expect(await helper.client.call('container/stop', { container: ref })).toMatchObject({ state: 'exited', exit: 3 });
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    // Again: it is so already.
    expect(await helper.client.call('container/stop', { container: ref })).toMatchObject({ state: 'exited', exit: 3 });
    expect(await helper.client.call('container/wait', { container: ref })).toMatchObject({ exit: 3 });
  });

  test('stop of one that does not heed its signal kills it', async () => {
    const { ref } = await startContainer(helper, {
      command: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'],
    });
    const stopped = await helper.client.call('container/stop', { container: ref, timeout: 1 });
    expect(stopped).toMatchObject({ state: 'exited', signal: 9 });
  });

  test('pause freezes its processes, unpause lets them go on', async () => {
    const { ref, id, pid } = await startContainer(helper, { command: ['sh', '-c', 'while :; do :; done'] });
    const spent = async () => (await readFile(`/proc/${pid}/stat`, 'latin1')).split(') ')[1]?.split(' ')[11];
    await helper.client.call('container/pause', { container: ref });
    expect(await stateOf(id)).toBe('paused');
    const exec = helper.client.call('container/exec', { container: ref, command: ['true'], detach: true });
    await expect(exec).rejects.toMatchObject({ data: { rule: { code: 'container-paused' } } });
    const then = await spent();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await spent()).toBe(then);
    await helper.client.call('container/unpause', { container: ref });
    expect(await stateOf(id)).toBe('running');
    await until(async () => (await spent()) !== then, 'processor time');
  });

  test('what is frozen can be stopped', async () => {
    const { ref } = await startContainer(helper);
    await helper.client.call('container/pause', { container: ref });
    expect(await helper.client.call('container/stop', { container: ref })).toMatchObject({ state: 'exited' });
  });

  test('kill sends any signal to the first process', async () => {
    const command = ['sh', '-c', 'trap "echo heard > /heard" USR1; while :; do sleep 0.1; done'];
    const { ref, pid } = await startContainer(helper, { command });
    await until(async () => BigInt(`0x${await statusOf(pid, 'SigCgt')}`) & (1n << 9n), 'the handler');
    await helper.client.call('container/kill', { container: ref, signal: 'USR1' });
    await until(() => existsSync(`/proc/${pid}/root/heard`), 'the handler’s file');
    await helper.client.call('container/kill', { container: ref });
    expect(await helper.client.call('container/wait', { container: ref })).toEqual({ signal: 9 });
  });

  test('start again: what was written stays; restart is another process', async () => {
    const { ref, pid } = await startContainer(helper, { command: ['sh', '-c', 'echo x >> /times; sleep 1000'] });
    await until(() => existsSync(`/proc/${pid}/root/times`), 'the first line');
    const { pid: next } = await helper.client.call('container/restart', { container: ref });
    expect(next).not.toBe(pid);
    const text = () => readFile(`/proc/${next}/root/times`, 'utf8');
    await until(async () => (await text()) === 'x\nx\n', 'the second line');
    // Running already: it stays as it is.
    expect(await helper.client.call('container/start', { container: ref })).toMatchObject({ pid: next });
  });

  test('rename, list, remove; events tell of each', async () => {
    const topics: Topic[] = [];
    const stop = helper.client.onChanged((changed) => topics.push(...changed.topics));
    const { ref, id } = await startContainer(helper, { name: 'first' });
    await until(() => topics.splice(0).includes('container'), 'the event of the start');
    await helper.client.call('container/rename', { container: { name: 'first' }, name: 'second' });
    await until(() => topics.splice(0).includes('container'), 'the event of the new name');
    const { containers } = await helper.client.call('container/list', {});
    expect(containers).toMatchObject([{ id, name: 'second', image: { name: IMAGE } }]);
    await expect(helper.client.call('container/remove', { container: ref })).rejects.toMatchObject({
      data: { kind: 'busy', rule: { code: 'container-running' }, hint: { code: 'remove-force' } },
    });
    await helper.client.call('container/remove', { container: ref, force: true });
    expect((await helper.client.call('container/list', { all: true })).containers).toEqual([]);
    expect(existsSync(join(helper.stateDir, 'containers', id))).toBe(false);
    await until(() => topics.splice(0).includes('container'), 'the event of the end');
    stop();
  });

  test('a cleanup lists and removes them, running or not', async () => {
    const { name, pid } = await startContainer(helper);
    const idle = await helper.client.call('container/create', { image: { name: IMAGE }, command: ['true'] });
    const both = [name, idle.name].map((one) => ({ type: 'container', name: one })).sort(byName);
    const would = await helper.client.call('helper/cleanup', { dryRun: true });
    expect(would.removed.sort(byName)).toEqual(both);
    const { lines } = await helper.client.call('command/equivalent', { method: 'helper/cleanup', params: {} });
    expect(lines).toEqual([['kill', '-s', 'KILL', String(pid)]]);
    const did = await helper.client.call('helper/cleanup', {});
    expect(did.removed.sort(byName)).toEqual(both);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect((await helper.client.call('container/list', { all: true })).containers).toEqual([]);
    expect((await helper.client.call('helper/cleanup', {})).removed).toEqual([]);
  });

  test('autoRemove: gone as soon as it has ended', async () => {
    const { id } = await helper.client.call('container/create', {
      image: { name: IMAGE },
      command: ['true'],
      autoRemove: true,
    });
    await helper.client.call('container/start', { container: { id } });
    await until(
      async () => (await helper.client.call('container/list', { all: true })).containers.length === 0,
      'the container’s removal',
    );
    expect(existsSync(join(helper.stateDir, 'containers', id))).toBe(false);
  });

  test('logs: lines of both streams with their times, the last ones, those to come', async () => {
    const command = ['sh', '-c', 'echo one; echo two >&2; printf three; read x; echo four'];
    const { ref, pid } = await startContainer(helper, { command, interactive: true });
    const page = await until(async () => {
      const found = await helper.client.call('container/logs', { container: ref });
      return found.entries.length >= 2 ? found : undefined;
    }, 'two lines');
    expect(page.entries.map(({ stream, text }) => `${stream} ${text}`).sort()).toEqual(['stderr two', 'stdout one']);
    const coming = helper.client.call('container/logs', { container: ref, cursor: page.cursor, follow: true });
    await writeFile(`/proc/${pid}/fd/0`, 'go\n');
    expect((await coming).entries.length).toBeGreaterThan(0);
    await helper.client.call('container/wait', { container: ref });
    const whole = await helper.client.call('container/logs', { container: ref, tail: 1 });
    expect(whole).toMatchObject({
      entries: [{ stream: 'stdout', text: expect.stringContaining('four') }],
      end: true,
      ended: true,
    });
  });

  test('top lists its processes under both numbers', async () => {
    const { ref, pid } = await startContainer(helper, { command: ['sh', '-c', 'sleep 999 & sleep 998 & wait'] });
    const processes = await until(async () => {
      const found = await helper.client.call('container/top', { container: ref });
      return found.processes.filter(({ comm }) => comm === 'sleep').length === 2 ? found.processes : undefined;
    }, 'three processes');
    const seen = (await output(['ps', '--no-headers', '-o', 'pid,args', '--ppid', String(pid)])).trim().split('\n');
    expect(processes.filter((one) => one.ppid === pid).map((one) => `${one.pid} ${one.command}`)).toEqual(
      seen.map((line) => line.trim()),
    );
    expect(processes.find((one) => one.pid === pid)).toMatchObject({ inside: 1 });
  });
});

describe('exercise 23: a layer of its own', () => {
  test('what is changed, added and deleted is listed so, and lies in the upper layer alone', async () => {
    const script =
      'echo new > /etc/kept; rm /etc/goes; mkdir /d; echo a > /d/f; ln -s f /d/l; rm -r /usr; mkdir /usr; sleep 1000';
    const { ref, pid, id } = await startContainer(helper, { command: ['sh', '-c', script] });
    await until(() => existsSync(`/proc/${pid}/root/usr`) && existsSync(`/proc/${pid}/root/d/l`), 'the changes');
    await until(
      async () => (await helper.client.call('container/diff', { container: ref })).changes.length >= 8,
      'all',
    );
    const { changes } = await helper.client.call('container/diff', { container: ref });
    expect(changes.map(({ path, change }) => `${change} ${path}`)).toEqual([
      'added /d',
      'added /d/f',
      'added /d/l',
      'changed /etc',
      'deleted /etc/goes',
      'changed /etc/kept',
      'changed /usr',
      'deleted /usr/hidden',
    ]);
    const { layers } = await helper.client.call('container/show', { container: { id } });
    expect(await readFile(join(layers[0] as string, 'etc/kept'), 'utf8')).toBe('as the image has it\n');
  });

  test('read-only: nothing can be written but to what is mounted', async () => {
    const { pid } = await startContainer(helper, {
      ...{ readonly: true, mounts: [{ type: 'tmpfs', target: '/tmp', size: 1024 * 1024 }] },
      command: ['sh', '-c', 'touch /x || touch /tmp/refused; sleep 1000'],
    });
    await until(() => existsSync(`/proc/${pid}/root/tmp/refused`), 'the refusal');
    expect((await inside(pid, '/bin/df', '-k', '/tmp')).split('\n')[1]).toMatch(/ 1024 .* \/tmp$/);
  });
});

describe('exercise 30', () => {
  test('statistics are what the files say', async () => {
    const { ref, pid } = await startContainer(helper);
    const { stats } = await helper.client.call('container/stats', { containers: [ref] });
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    const path = /^\d+:pids:(.*)$/m.exec(groups)?.[1] ?? /^0::(.*)$/m.exec(groups)?.[1];
    const mounts = JSON.parse(await output(['findmnt', '--json', '--list', '-t', 'cgroup,cgroup2'])).filesystems as {
      target: string;
      options: string;
    }[];
    const mount = mounts.find(({ options }) => options.split(',').includes('pids')) ?? mounts[0];
    const current = await readFile(join(mount?.target ?? '', path ?? '', 'pids.current'), 'latin1');
    expect(stats[0]?.stats.pids?.current).toBe(Number(current));
    expect(stats[0]?.stats.memory?.workingSet).toBeGreaterThan(0);
  });
});
