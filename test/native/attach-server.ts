// The helper's side of one conversation with isolab-attach: takes its descriptors and launches, as the helper does, so
// that the tests of the C program need nothing else to work; a plan with a monitor is relayed, as a container's is. Answers
// can be bent to see what it makes of them.
import { closeSync, openSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { peerCredentials } from '../../helper/sys/fds';
import { type Launched, launch } from '../../helper/sys/launch';
import type { LaunchPlan, MonitorPlan } from '../../helper/sys/launch-plan';
import { close, pidfdGetfd, pidfdOpen } from '../../helper/sys/libc';
import { bindPackets } from '../../helper/sys/libc-message';
import { type Build, ENVIRONMENT, endLater, later, scratch } from './harness';

interface Request {
  id: number;
  method: string;
  params: Record<string, unknown>;
}

/** What to send for a request: a result, an error, raw bytes, or nothing and close the connection. */
export type Answer = { result: unknown } | { error: unknown } | { bytes: string } | 'close' | 'silence';

export interface AttachServer {
  readonly path: string;
  readonly requests: Request[];
  readonly launched: Launched[];
  /** How many there are now. */
  connections(): number;
  /** As if the helper had been killed: no listener and no connection any more. */
  stop(): void;
}

const TICKET = '0123456789abcdef0123456789abcdef';

export { TICKET };

function frame(message: unknown): string {
  const text = JSON.stringify({ jsonrpc: '2.0', ...(message as object) });
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

export async function serve(
  build: Build,
  plan: Partial<LaunchPlan>,
  bend: (request: Request) => Answer | undefined = () => undefined,
  /** Written to the link instead of anything that a monitor would write. */
  nonsense?: Uint8Array,
): Promise<AttachServer> {
  const path = join(scratch(), 'socket');
  const requests: Request[] = [];
  const launched: Launched[] = [];
  const sockets = new Set<Socket>();

  async function attach(socket: Socket, params: Record<string, unknown>): Promise<Answer> {
    const { pid } = peerCredentials((socket as unknown as { _handle: { fd: number } })._handle.fd);
    const pidfd = pidfdOpen(pid);
    const fetched: number[] = [];
    const fetch = (fd: unknown): number => {
      const own = pidfdGetfd(pidfd, fd as number);
      fetched.push(own);
      return own;
    };
    try {
      if (nonsense) {
        writeSync(fetch(params.link), nonsense);
        return { result: { session: 'one', pid: 1, relay: { tty: false } } };
      }
      if (plan.monitor) return await relayed(plan.monitor, fetch(params.link));
      const [stdin, stdout, stderr] = params.stdio as [number, number, number];
      const running = await launch(
        build.dir,
        { environment: ENVIRONMENT, command: ['sleep', '1000'], ...plan, root: params.root !== undefined },
        {
          stdio: [fetch(stdin), fetch(stdout), fetch(stderr)],
          link: fetch(params.link),
          ...(params.root === undefined ? {} : { root: fetch(params.root) }),
        },
      );
      launched.push(running);
      void endLater(running);
      return { result: { session: 'one', pid: running.pid } };
    } catch (error) {
      const { step, code: errno } = error as { step: string; code?: string };
      return { error: { code: -32_000, message: 'failed', data: { kind: 'internal', step, errno } } };
    } finally {
      for (const fd of [...fetched, pidfd]) close(fd);
    }
  }

  /** As for a container: the program keeps its terminal or pipes, and its monitor gets the link. */
  async function relayed(monitor: MonitorPlan, client: number): Promise<Answer> {
    const control = bindPackets(join(scratch(), 'control.sock'));
    const nothing = openSync('/dev/null', 'r+');
    try {
      const whole = { environment: ENVIRONMENT, command: ['sleep', '1000'], ...plan };
      const running = await launch(build.dir, whole, { stdio: [nothing, nothing, nothing], control, client });
      launched.push(running);
      void endLater(running);
      const relay = { tty: plan.pty !== undefined, input: monitor.client?.input === true };
      return { result: { session: 'one', pid: running.pid, relay } };
    } finally {
      close(control);
      closeSync(nothing);
    }
  }

  async function take(socket: Socket, request: Request): Promise<void> {
    requests.push(request);
    const answer =
      bend(request) ??
      (request.method === 'helper/hello' ? { result: { protocol: 1 } } : await attach(socket, request.params));
    if (answer === 'silence') return;
    if (answer === 'close') socket.destroy();
    else if ('bytes' in answer) socket.write(answer.bytes);
    // A notification in between is nobody's answer.
    else
      socket.write(frame({ method: 'changed', params: { rev: 1, topics: [] } }) + frame({ id: request.id, ...answer }));
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    let text = '';
    let queue = Promise.resolve();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (
        let found = /^Content-Length: (\d+)\r\n\r\n/.exec(text);
        found;
        found = /^Content-Length: (\d+)\r\n\r\n/.exec(text)
      ) {
        const end = found[0].length + Number(found[1]);
        if (text.length < end) return;
        const request = JSON.parse(text.slice(found[0].length, end)) as Request;
        text = text.slice(end);
        queue = queue.then(() => take(socket, request));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const stop = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  later(stop);
  return { path, requests, launched, connections: () => sockets.size, stop };
}
