// namespace/* against lsns, ip and the links of /proc: what there is, who holds it, whose it is, who shares what.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Kind, NamespaceId } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { userRealm } from '../support/realm';
import { output } from '../support/run';
import { namespacesOf, startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER } from '../support/users';

const undo = undoAfterEach();
let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

const list = async (kinds?: Kind[]) => (await helper.client.call('namespace/list', kinds ? { kinds } : {})).namespaces;
const inode = (link: string) => /\[(\d+)\]/.exec(link)?.[1] as NamespaceId;

interface LsnsRow {
  ns: number;
  type: Kind;
  nprocs: number;
  pid: number;
  uid: number;
}

async function lsns(): Promise<LsnsRow[]> {
  const text = await output(['lsns', '-J', '-o', 'NS,TYPE,NPROCS,PID,UID']);
  return (JSON.parse(text) as { namespaces: LsnsRow[] }).namespaces;
}

async function started(plan: Parameters<typeof startSession>[1], user?: typeof HOLDER) {
  const session = await startSession(helper, plan, user ? { user } : {});
  undo(() => session.stop());
  return session;
}

async function netns(name: string): Promise<NamespaceId> {
  await output(['ip', 'netns', 'add', name]);
  undo(() => output(['ip', 'netns', 'delete', name]));
  return inode(await output(['ip', 'netns', 'exec', name, 'readlink', '/proc/self/ns/net']));
}

describe('list', () => {
  test('has every namespace that lsns finds, with the same first process', async () => {
    await started({ new: [...KINDS] }, HOLDER);
    // Other programs start and end meanwhile: those of one moment must be in both.
    await until(async () => {
      const [theirs, ours] = [await lsns(), await list()];
      const known = new Map(ours.map((row) => [`${row.kind} ${row.id}`, row]));
      return theirs
        .filter(({ nprocs }) => nprocs > 0)
        .every((row) => {
          const own = known.get(`${row.type} ${row.ns}`);
          return own?.leader?.pid === row.pid && own.leader.uid === row.uid;
        });
    }, 'the same as lsns');
  });

  test("a shell's namespaces: one process, made by Isolab, owned by its user namespace", async () => {
    const { pid } = await started({ new: [...KINDS] }, HOLDER);
    const links = await namespacesOf(pid);
    const all = await list();
    for (const kind of KINDS) {
      const row = all.find((each) => each.kind === kind && each.id === inode(links[kind]));
      expect(row, kind).toMatchObject({
        processes: 1,
        ours: true,
        host: false,
        leader: { pid, comm: 'cat', uid: HOLDER.uid },
      });
      const above = inode((await namespacesOf('self'))[kind]);
      // Owner and parent by other eyes: lsns.
      expect(row?.owner, kind).toBe(kind === 'user' ? above : inode(links.user));
      if (kind === 'user' || kind === 'pid') expect(row?.parent, kind).toBe(above);
    }
    const tree = JSON.parse(await output(['lsns', '-J', '-o', 'NS,PNS,ONS', '-p', String(pid)]));
    for (const row of tree.namespaces as { ns: number; pns: number; ons: number }[]) {
      const ours = all.find((each) => each.id === String(row.ns));
      expect([ours?.owner, ours?.parent ?? '0']).toEqual([String(row.ons), String(row.pns)]);
    }
  });

  test("the host's own are marked, and they are the links of the helper", async () => {
    const links = await namespacesOf(helper.pid);
    const host = (await list()).filter((row) => row.host);
    expect(host.map(({ kind, id }) => [kind, id])).toEqual(KINDS.map((kind) => [kind, inode(links[kind])]));
    expect(host.every(({ ours }) => !ours)).toBe(true);
  });

  test('a netns that only its name holds, theirs and ours, and one with two names', async () => {
    const id = await netns('theirs');
    await output(['ip', 'netns', 'attach', 'theirs-too', (await startedIn(id)).toString()]);
    undo(() => output(['ip', 'netns', 'delete', 'theirs-too']));
    const { id: own } = await helper.client.call('netns/create', { name: 'ours' });
    undo(() => helper.client.call('netns/delete', { netns: { name: 'ours' } }));
    const nets = await list(['net']);
    expect(nets.every(({ kind }) => kind === 'net')).toBe(true);
    expect(nets.find((row) => row.id === id)).toMatchObject({ names: ['theirs', 'theirs-too'], ours: false });
    expect(nets.find((row) => row.id === own)).toMatchObject({ names: ['ours'], ours: true, processes: 0 });
    expect(nets.find((row) => row.id === own)).not.toHaveProperty('leader');
  });

  async function startedIn(id: NamespaceId): Promise<number> {
    return (await started({ join: [{ kind: 'net', of: { id } }] })).pid;
  }

  test('two of one number in a row have different uids', async () => {
    const make = async () => {
      await output(['ip', 'netns', 'add', 'again']);
      const row = (await list(['net'])).find(({ names }) => names.includes('again')) as Namespace;
      await output(['ip', 'netns', 'delete', 'again']);
      return row;
    };
    const [first, second] = [await make(), await make()];
    expect(first.uid).toMatch(/^\d+$/);
    expect(second.uid).not.toBe(first.uid);
  });
});

describe('show', () => {
  test('one namespace with its processes', async () => {
    const { pid } = await started({ new: ['uts'], command: ['sh', '-c', 'cat | cat'] });
    const id = inode((await namespacesOf(pid)).uts);
    const show = () => helper.client.call('namespace/show', { namespace: { kind: 'uts', id } });
    await until(async () => (await show()).processes.length === 3, 'three processes');
    const { namespace, processes } = await show();
    expect(namespace).toMatchObject({ kind: 'uts', id, processes: 3, ours: true, leader: { pid } });
    const judged = await output(['lsns', '-n', '-o', 'PID', String(id)]);
    expect(processes.map((each) => each.pid)).toEqual(
      judged
        .trim()
        .split(/\s+/)
        .map(Number)
        .sort((a, b) => a - b),
    );
  });

  test('one without any process, by its name', async () => {
    const id = await netns('lonely');
    const { namespace, processes } = await helper.client.call('namespace/show', { namespace: { kind: 'net', id } });
    expect([namespace.names, namespace.processes, processes]).toEqual([['lonely'], 0, []]);
  });

  test.each([
    [{ kind: 'net', id: '7' }, 'namespace-not-found'],
    // A number of another kind.
    [{ kind: 'uts', id: 'own net' }, 'namespace-not-found'],
    [{ kind: 'net', id: 'own net', uid: '1' }, 'namespace-replaced'],
  ] as const)('%j is refused by %s', async (ref, rule) => {
    const id = ref.id === 'own net' ? inode((await namespacesOf('self')).net) : ref.id;
    const error: unknown = await helper.client
      .call('namespace/show', { namespace: { ...ref, id } })
      .catch((e: unknown) => e);
    expect(error instanceof Failure && error.data).toMatchObject({
      kind: 'not-found',
      field: 'namespace',
      rule: { code: rule },
    });
  });
});

describe('compare', () => {
  const compare = (a: number, b: number) => helper.client.call('namespace/compare', { a: { pid: a }, b: { pid: b } });
  const isolated = async (a: number, b: number) =>
    (await compare(a, b)).kinds.filter(({ shared }) => shared === false).map(({ kind }) => kind);

  test('kind by kind, in the order of the kinds, with both ids', async () => {
    const { pid } = await started({ new: ['uts', 'net'] });
    const { pid: plain } = await started({});
    const { a, b, kinds } = await compare(pid, plain);
    expect([a.pid, b.pid]).toEqual([pid, plain]);
    const [ofA, ofB] = [await namespacesOf(pid), await namespacesOf('self')];
    expect(await namespacesOf(plain)).toEqual(ofB);
    expect(kinds).toEqual(
      KINDS.map((kind) => ({ kind, a: inode(ofA[kind]), b: inode(ofB[kind]), shared: ofA[kind] === ofB[kind] })),
    );
    expect(await isolated(pid, plain)).toEqual(['uts', 'net']);
  });

  test('a plain child shares all', async () => {
    const { pid } = await started({});
    // The helper of a user realm stands outside of it.
    expect(await isolated(pid, helper.pid)).toEqual(userRealm === undefined ? [] : ['user']);
  });

  inHostRealm('who is not root sees no namespaces of kernel threads')(
    'a kernel thread that has a mount namespace of its own',
    async (context) => {
      const threads = (await output(['ps', '-A', '-o', 'pid=,comm=']))
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/));
      const pidOf = (comm: string) => Number(threads.find(([, name]) => name === comm)?.[0]);
      const [devtmpfs, threadd] = [pidOf('kdevtmpfs'), pidOf('kthreadd')];
      if (!devtmpfs || !threadd) context.skip('this kernel shows no kdevtmpfs');
      expect(await isolated(devtmpfs, threadd)).toEqual(['mnt']);
    },
  );

  test('a process that is gone, or whose pid another one has', async () => {
    const rule = async (a: { pid: number; startTime?: string }) => {
      const error: unknown = await helper.client
        .call('namespace/compare', { a, b: { pid: helper.pid } })
        .catch((reason: unknown) => reason);
      return error instanceof Failure ? `${error.data.kind} ${error.data.field} ${error.data.rule?.code}` : error;
    };
    expect(await rule({ pid: 4_194_304 })).toBe('not-found a process-not-found');
    expect(await rule({ pid: helper.pid, startTime: '1' })).toBe('not-found a process-not-found');
  });
});
