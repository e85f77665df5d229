// The program of the terminal in which sudo asks for its password. It passes the terminal on to sudo, tells the extension
// how that ended, and stays after a failure, so that what sudo or the helper said can be read; it ends well itself, or
// the editor would complain about it beside us.
// Arguments: the socket on which the extension listens, what to say after a failure, then the program to run.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';

const [socket = '', afterFailure = '', program = '', ...args] = process.argv.slice(2);

// Ctrl-C is for sudo, which shares this terminal.
process.on('SIGINT', () => {});

const extension = connect(socket);
// Gone with its window: then nobody needs to be told.
extension.on('error', () => {});

const child = spawn(program, args, { stdio: 'inherit' });
child.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  ended(127);
});
child.once('exit', (code) => ended(code ?? 1));

function ended(status: number): void {
  extension.end(String(status));
  if (status === 0) return;
  process.stderr.write(`\n${afterFailure}\n`);
  process.stdin.once('data', () => process.exit(0));
  process.stdin.once('end', () => process.exit(0));
}
