// A registry of a test's own on loopback: Debian's docker-registry, with its files in a folder of the test.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { until } from '../../support/until';

export interface Registry {
  /** HOST:PORT. */
  readonly address: string;
  stop(): Promise<void>;
}

export async function startRegistry(folder: string): Promise<Registry> {
  const address = `127.0.0.1:${await freePort()}`;
  await mkdir(join(folder, 'registry'));
  const config = [
    'version: 0.1',
    'log: {level: error}',
    `storage: {filesystem: {rootdirectory: ${join(folder, 'registry')}}}`,
    `http: {addr: "${address}"}`,
  ];
  await writeFile(join(folder, 'registry.yml'), config.join('\n'));
  const child = spawn('docker-registry', ['serve', join(folder, 'registry.yml')], { stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const answers = async () => (await fetch(`http://${address}/v2/`)).ok;
  await until(answers, 'an answer of the registry', { timeoutMs: 15_000 });
  return {
    address,
    stop: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
