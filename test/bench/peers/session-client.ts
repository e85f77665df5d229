// Opens shells as the person whose realm it is: the helper of an ordinary user takes descriptors of his own processes only,
// so the client of a benchmark has to be one. `session-client.mjs SOCKET`; a plan in, one line each, milliseconds out.
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Input } from '../../../helper/rpc/contract';
import { connect } from '../../../helper/rpc/contract/client';

const folder = mkdtempSync(join(tmpdir(), 'link-'));
const server = createServer().listen(join(folder, 's'));
const file = openSync('/dev/null', 'r+');

/** A pair of connected sockets: our end, and the number of the one that the launcher gets. */
async function link(): Promise<{ fd: number; near: Socket; far: Socket }> {
  const far = connectSocket(join(folder, 's'));
  const [near] = (await once(server, 'connection')) as [Socket];
  near.resume();
  return { fd: (far as unknown as { _handle: { fd: number } })._handle.fd, near, far };
}

const client = await connect(process.argv[2] ?? '', { client: 'bench' });
for await (const line of createInterface({ input: process.stdin })) {
  const pair = await link();
  const begin = performance.now();
  const { ticket } = await client.call('session/open', JSON.parse(line) as Input<'session/open'>);
  await client.call('session/attach', { ticket, stdio: [file, file, file], link: pair.fd });
  const took = performance.now() - begin;
  pair.far.destroy();
  // The launcher's end closes with the program.
  await once(pair.near, 'close');
  process.stdout.write(`${took}\n`);
}
rmSync(folder, { recursive: true });
process.exit();
