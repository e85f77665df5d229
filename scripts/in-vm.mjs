// Inside the virtual machine of scripts/lib/vm.mjs: runs a program in the sealed place and tells the host what came of it, as
// one line of JSON: {status, left, report}. `in-vm.mjs REPORT.json PROGRAM ARGUMENTS…`, the report being what the program writes there.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, Stop } from './lib/run.mjs';
import { runSealed } from './lib/seal.mjs';

const PORTS = '/sys/class/virtio-ports';

main(async () => {
  const [file, ...argv] = process.argv.slice(2);
  const { status, left } = await runSealed(argv, `${file}.left`);
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { testResults: [] };
  writeFileSync(join('/dev', portNamed('answer')), `${JSON.stringify({ status, left, report })}\n`);
});

function portNamed(name) {
  const port = readdirSync(PORTS).find((each) => readFileSync(join(PORTS, each, 'name'), 'utf8').trim() === name);
  if (!port) throw new Stop(`There is no port ${name} to the host.`);
  return port;
}
