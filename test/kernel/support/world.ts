// A network and mount namespace of a test's own with a helper in it, for comparing what two ways of doing a thing make:
// the same names can be used in both, and neither sees the other's.
import { spawn } from 'node:child_process';
import type { Input, MethodName } from '../../../helper/rpc/contract';
import { commandLine } from '../../../helper/rpc/contract/command-line';
import { type HelperOptions, startHelper, type TestHelper } from '../../support/helper';
import { type Done, output, run } from '../../support/run';
import { until } from '../../support/until';
import { type Facts, SCRIPT, toFacts } from './world-facts';

const ENTER = ['unshare', '--net', '--mount', '--propagation', 'private', '--'];
/** Its own names, too; /run itself holds the sockets of the tests. */
const BEGIN = 'mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && ip link set dev lo up && exec "$@"';
/** Everything that tests make there. */
const EMPTY = `
  for name in /run/netns/* /run/netns/.[!.]*; do umount "$name"; rm -f -- "$name"; done
  ip -o link show type veth | cut -d: -f2 | cut -d@ -f1 | while read -r name; do ip link delete dev "$name"; done
  ip route flush table main; ip -6 route flush table main
  ip address flush dev lo scope global; ip address delete 127.5.5.5/32 dev lo
  true`;

export interface World extends TestHelper {
  /** Text as somebody pastes it into bash there. */
  paste(text: string): Promise<Done>;
  /** Standard output of a program there; it must succeed. */
  output(argv: readonly string[]): Promise<string>;
  /** The lines for that request, as text. */
  lines<M extends MethodName>(method: M, params: Input<M>): Promise<string>;
  /** What ip(8) says of every namespace there, without what chance decides. */
  facts(): Promise<Facts>;
  /** Pid of a process in a new network namespace that has no name; it lasts until `empty`. */
  nameless(): Promise<number>;
  /** As it was at first. */
  empty(): Promise<void>;
}

export async function makeWorld(options: Pick<HelperOptions, 'holder'> = {}): Promise<World> {
  const helper = await startHelper({ ...options, within: [...ENTER, 'bash', '-c', BEGIN, 'world'] });
  const inside = (argv: readonly string[]) => ['nsenter', `--target=${helper.pid}`, '--net', '--mount', '--', ...argv];
  const holders: { pid: number; end(): void }[] = [];
  const facts = async () => {
    const argv = inside(['bash', '-c', SCRIPT, 'facts', ...holders.map(({ pid }) => String(pid))]);
    return toFacts(await output(argv), new Map([[String(helper.pid), 'HELPER']]));
  };
  const first = JSON.stringify(await facts());
  return {
    ...helper,
    paste: (text) => run(inside(['bash', '-c', text])),
    output: (argv) => output(inside(argv)),
    lines: async (method, params) => {
      const { lines } = await helper.client.call('command/equivalent', { method, params: { ...params } });
      return lines.map(commandLine).join('\n');
    },
    facts,
    nameless: async () => {
      const [program, ...args] = inside(['unshare', '--net', 'cat']) as [string, ...string[]];
      const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
      const pid = child.pid as number;
      holders.push({ pid, end: () => child.stdin.end() });
      // By then it is where it stays.
      await until(async () => (await output(['cat', `/proc/${pid}/comm`])) === 'cat\n', 'a namespace without a name');
      return pid;
    },
    empty: async () => {
      for (const { end } of holders.splice(0)) end();
      await run(inside(['bash', '-c', EMPTY]));
      // The last of a namespace goes a moment after its name.
      await until(async () => JSON.stringify(await facts()) === first, 'an empty world');
    },
  };
}
