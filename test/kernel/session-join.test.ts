// Entering what exists: namespaces of a process, a named network namespace, one by its id; ids compared with the target's.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Kind, NamespaceId } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { userRealm } from '../support/realm';
import { output } from '../support/run';
import { differing, namespacesOf, type Plan, runSession, startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER } from '../support/users';

const undo = undoAfterEach();
let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

async function started(plan: Plan, user?: typeof HOLDER) {
  const session = await startSession(helper, plan, user ? { user } : {});
  undo(() => session.stop());
  return session;
}

async function netns(name: string): Promise<string> {
  await output(['ip', 'netns', 'add', name]);
  undo(() => output(['ip', 'netns', 'delete', name]));
  return (await output(['ip', 'netns', 'exec', name, 'readlink', '/proc/self/ns/net'])).trim();
}

/** A folder of /etc/netns of the test's own: what a machine may have there besides stays. */
async function etcNetns(name: string, files: Record<string, string>): Promise<void> {
  const folder = `/etc/netns/${name}`;
  const first = await mkdir(folder, { recursive: true });
  undo(() => (first === undefined ? undefined : rm(first, { recursive: true })));
  for (const [file, text] of Object.entries(files)) await writeFile(`${folder}/${file}`, text);
}

const inode = (link: string) => /\[(\d+)\]/.exec(link)?.[1] as NamespaceId;

describe('of a process', () => {
  test.each(KINDS)('%s alone', async (kind) => {
    const target = await started({ new: [...KINDS], as: 'root' });
    const { pid } = await started({ join: [{ kind, of: { pid: target.pid } }] });
    expect(await differing(pid, target.pid)).toEqual(KINDS.filter((each) => each !== kind));
    expect(await differing(pid, 'self')).toEqual([kind]);
  });

  test.each([[['mnt', 'pid', 'net']], [['uts', 'ipc', 'cgroup', 'time']], [[...KINDS]]] as Kind[][][])(
    '%j',
    async (kinds) => {
      const target = await started({ new: [...KINDS], as: 'root' });
      const { pid } = await started({ join: kinds.map((kind) => ({ kind, of: { pid: target.pid } })) });
      expect(await differing(pid, target.pid)).toEqual(KINDS.filter((kind) => !kinds.includes(kind)));
      expect(await differing(pid, 'self')).toEqual(kinds);
    },
  );

  test('a mapped shell is entered as its root, which is its owner outside; and by the owner as himself', async () => {
    const target = await started({ new: ['user', 'net'] }, HOLDER);
    const join = [
      { kind: 'user', of: { pid: target.pid } },
      { kind: 'net', of: { pid: target.pid } },
    ] as const;
    const root = await runSession(helper, { join: [...join], command: ['sh', '-c', 'id -u; ip link set lo up'] });
    expect(root).toMatchObject({ status: 0, stdout: '0\n' });
    const { pid } = await started({ join: [...join] });
    expect((await output(['ps', '-o', 'uid=', '-p', String(pid)])).trim()).toBe(String(HOLDER.uid));
    const mine = await started({ join: [...join], as: 'me' }, HOLDER);
    expect((await output(['ps', '-o', 'uid=', '-p', String(mine.pid)])).trim()).toBe(String(HOLDER.uid));
    expect(await differing(mine.pid, target.pid)).toEqual([]);
  });

  test('joined and new kinds mix', async () => {
    const target = await started({ new: ['pid', 'net'] });
    const { pid } = await started({
      new: ['mnt', 'uts'],
      join: [
        { kind: 'pid', of: { pid: target.pid } },
        { kind: 'net', of: { pid: target.pid } },
      ],
      proc: 'fresh',
    });
    expect(await differing(pid, target.pid)).toEqual(['mnt', 'uts']);
    // The fresh /proc is that of the joined pid namespace.
    const ls = await output(['nsenter', `--target=${pid}`, '--mount', 'ls', '/proc']);
    expect(ls.split('\n').filter((name) => /^\d+$/.test(name)).length).toBe(2);
  });
});

describe('network namespaces', () => {
  test('by name, by id, of the host', async () => {
    const link = await netns('join-a');
    for (const of of [{ name: 'join-a' }, { id: inode(link) }, { kind: 'net' as const, id: inode(link) }]) {
      const { pid } = await started({ join: [{ kind: 'net', of }] });
      expect((await namespacesOf(pid)).net).toBe(link);
      expect(await differing(pid, 'self')).toEqual(['net']);
    }
    const { pid } = await started({ join: [{ kind: 'net', of: { host: true } }] });
    // The home of a user realm is not where its programs begin.
    expect(await differing(pid, 'self')).toEqual(userRealm === undefined ? [] : ['net']);
  });

  test('a foreign name that ours may not have is entered all the same', async () => {
    const link = await netns('two words');
    const { pid } = await started({ join: [{ kind: 'net', of: { name: 'two words' } }] });
    expect((await namespacesOf(pid)).net).toBe(link);
  });

  test('a mapped root has no rights in a network namespace of the host', async () => {
    await netns('join-b');
    const join: Plan['join'] = [{ kind: 'net', of: { name: 'join-b' } }];
    const up = ['ip', 'link', 'set', 'lo', 'up'];
    const mapped = await runSession(helper, { join, new: ['user'], as: 'mapped', command: up }, { user: HOLDER });
    expect(mapped.status).not.toBe(0);
    expect(await runSession(helper, { join, command: up }, { user: HOLDER })).toMatchObject({ status: 0 });
  });

  test('by id of another kind', async () => {
    const target = await started({ new: ['uts'], hostname: 'target' });
    const { uts } = await namespacesOf(target.pid);
    const join: Plan['join'] = [{ kind: 'uts', of: { kind: 'uts', id: inode(uts) } }];
    expect((await runSession(helper, { join, command: ['hostname'] })).stdout).toBe('target\n');
  });
});

describe('as ip netns exec', () => {
  test('its own /sys, the files of /etc/netns/NAME, a mount namespace that hears of the host', async () => {
    const link = await netns('files-a');
    await output(['ip', '-n', 'files-a', 'link', 'add', 'veth-in', 'type', 'veth', 'peer', 'name', 'veth-in2']);
    await etcNetns('files-a', { hosts: '10.9.8.7 only-inside\n', 'has-no-target': '' });
    const plan: Plan = { join: [{ kind: 'net', of: { name: 'files-a' } }], netnsFiles: true };
    const script = 'ls /sys/class/net; cat /etc/hosts; readlink /proc/self/ns/net';
    const byUs = await runSession(helper, { ...plan, command: ['sh', '-c', script] });
    const byIp = await output(['ip', 'netns', 'exec', 'files-a', 'sh', '-c', script]);
    expect(byUs).toMatchObject({ status: 0, stdout: byIp });
    expect(byIp).toBe(`lo\nveth-in\nveth-in2\n10.9.8.7 only-inside\n${link}\n`);
    expect(await readFile('/etc/hosts', 'utf8')).not.toContain('only-inside');
    const { pid } = await started(plan);
    expect(await differing(pid, 'self')).toEqual(['mnt', 'net']);
  });

  test('found by process, it has the files of its name', async () => {
    await netns('files-b');
    await etcNetns('files-b', { 'resolv.conf': 'nameserver 10.0.0.53\n' });
    const target = await started({ join: [{ kind: 'net', of: { name: 'files-b' } }] });
    const plan: Plan = { join: [{ kind: 'net', of: { pid: target.pid } }], netnsFiles: true };
    const { stdout } = await runSession(helper, { ...plan, command: ['cat', '/etc/resolv.conf'] });
    expect(stdout).toBe('nameserver 10.0.0.53\n');
  });
});

inHostRealm('port 80 of the host is for root')(
  'two servers on one port: refused side by side, both answer when one is isolated',
  async () => {
    const serve = (text: string, port = 80) => [
      process.execPath,
      '-e',
      'const s=require("http").createServer((_,r)=>r.end(process.argv[1]));' +
        's.on("error",e=>{console.error(e.code);process.exit(9)});s.listen(+process.argv[2],()=>process.stdin.resume().on("end",()=>process.exit()))',
      text,
      String(port),
    ];
    await netns('web-b');
    const ask = (netnsName?: string) => {
      const curl = ['node', '-e', 'fetch("http://127.0.0.1/").then(r=>r.text()).then(t=>console.log(t))'];
      return output(netnsName === undefined ? curl : ['ip', 'netns', 'exec', netnsName, ...curl]);
    };
    await output(['ip', '-n', 'web-b', 'link', 'set', 'lo', 'up']);
    const join: Plan['join'] = [{ kind: 'net', of: { name: 'web-b' } }];
    await started({ command: serve('on the host') });
    await until(async () => (await ask()) === 'on the host\n', 'the server on the host');
    expect(await runSession(helper, { command: serve('second') })).toMatchObject({ status: 9, stderr: 'EADDRINUSE\n' });
    await started({ join, command: serve('isolated') });
    await until(async () => (await ask('web-b')) === 'isolated\n', 'the isolated server');
    expect(await ask()).toBe('on the host\n');
  },
);
