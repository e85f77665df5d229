// One round trip: a request that asks for next to nothing, through guard, schema and dispatch, against the bare library
// in a process of its own with the same answer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import { ROOT, startHelper } from '../support/helper';
import { type Bench, paired, type Row } from './row';

/** A client of the bare library, connected to its bare server. */
async function startBare(bench: Bench) {
  const folder = await mkdtemp(join(tmpdir(), 'bare-'));
  bench.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, 'socket');
  const server = spawn(process.execPath, [join(ROOT, 'test/bench/peers/bare-rpc.cjs'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  bench.defer(async () => {
    server.kill();
    await once(server, 'exit');
  });
  await once(server.stdout, 'data');
  const socket: Socket = connect(path);
  await once(socket, 'connect');
  const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
  connection.listen();
  bench.defer(() => {
    connection.dispose();
    socket.destroy();
  });
  return connection;
}

const roundTrip: Row = {
  name: 'rpc',
  what: 'round trip of session/list; of vscode-jsonrpc bare with the same answer',
  unit: 'ms',
  goal: { atMost: 1.3 },
  async run(bench) {
    const helper = await startHelper();
    bench.defer(() => helper.stop());
    const bare = await startBare(bench);
    return paired(
      bench.quick ? 1000 : 5000,
      { run: () => helper.client.call('session/list', {}) },
      { run: () => bare.sendRequest('session/list', {}) },
      500,
    );
  },
};

export const rows: readonly Row[] = [roundTrip];
