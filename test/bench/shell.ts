// An isolated shell against unshare(1) of the same kinds: from the request until the program runs.
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Input } from '../../helper/rpc/contract';
import { startHelper } from '../support/helper';
import { ROOT } from '../support/root';
import { as, HOLDER } from '../support/users';
import { startLines, startPeer, timedExec } from './peers/peer';
import { type Bench, paired, type Row } from './row';

const PLAN: Input<'session/open'> = { new: ['mnt', 'uts', 'ipc', 'pid', 'net'], command: ['true'] };
const UNSHARE = ['unshare', '-fpuimn', '--mount-proc', 'true'];

/** Pairs of connected sockets: our end, and the number of the one that the launcher gets. */
async function linkMaker(bench: Bench): Promise<() => Promise<{ fd: number; near: Socket; far: Socket }>> {
  const folder = await mkdtemp(join(tmpdir(), 'link-'));
  const server = createServer().listen(join(folder, 's'));
  bench.defer(() => {
    server.close();
    return rm(folder, { recursive: true });
  });
  return async () => {
    const far = connect(join(folder, 's'));
    const [near] = (await once(server, 'connection')) as [Socket];
    near.resume();
    return { fd: (far as unknown as { _handle: { fd: number } })._handle.fd, near, far };
  };
}

const execd: Row = {
  name: 'shell',
  what: 'session/open and session/attach until the program is executed; unshare of the same kinds, fork to end of true',
  unit: 'ms',
  goal: { atMost: 1.0 },
  async run(bench) {
    const helper = await startHelper();
    bench.defer(() => helper.stop());
    const { client } = helper;
    const exec = await startPeer('timed-exec', bench);
    const link = await linkMaker(bench);
    const file = await open('/dev/null', 'r+');
    bench.defer(() => file.close());
    let pair = await link();
    return paired(
      bench.quick ? 100 : 200,
      {
        run: async () => {
          const { ticket } = await client.call('session/open', PLAN);
          await client.call('session/attach', { ticket, stdio: [file.fd, file.fd, file.fd], link: pair.fd });
        },
        after: async () => {
          pair.far.destroy();
          // The launcher's end closes with the program.
          await once(pair.near, 'close');
          pair = await link();
        },
      },
      { run: () => timedExec(exec, UNSHARE) },
      10,
    ).finally(() => {
      pair.far.destroy();
      pair.near.destroy();
    });
  },
};

/** The peer is as much root as ours: in a user namespace that the same person made beforehand. */
const withoutRoot: Row = {
  name: 'shell-user',
  what: 'the same in a user realm; unshare of the same kinds, by the same user inside `unshare -Urmn`',
  unit: 'ms',
  goal: { atMost: 1.0 },
  async run(bench) {
    const helper = await startHelper({ user: HOLDER });
    bench.defer(() => helper.stop());
    const exec = await startPeer('timed-exec', bench, as(HOLDER, ['unshare', '-Urmn']));
    const program = [process.execPath, join(ROOT, 'artifacts/bench/session-client.mjs'), helper.socket];
    const client = startLines(as(HOLDER, program), 'session-client', bench);
    const plan = JSON.stringify(PLAN);
    return paired(
      bench.quick ? 60 : 200,
      { run: async () => Number(await client.ask(plan)) },
      { run: () => timedExec(exec, UNSHARE) },
      10,
    );
  },
};

export const rows: readonly Row[] = [execd, withoutRoot];
