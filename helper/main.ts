// The program `isolab`: the command line, and behind `isolab helper` the daemon, each loaded only when it is meant.
import { join } from 'node:path';
import { version } from '../package.json';
import { commandLine } from './cli/run';

void commandLine(process.argv.slice(2), {
  script: __filename,
  nativeDir: join(__dirname, 'native'),
  version,
  daemon: async (options) => {
    const { startDaemon } = await import('./daemon/start');
    await startDaemon(options);
  },
}).then((status) => {
  // Not process.exit: in the foreground the helper goes on.
  process.exitCode = status;
});
