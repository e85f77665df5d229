// A network and mount namespace of a test's own with a helper in it, for comparing what two ways of doing a thing make:
// the same names can be used in both, and neither sees the other's.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Input, MethodName } from '../../../helper/rpc/contract';
import { commandLine } from '../../../helper/rpc/contract/command-line';
import { type HelperOptions, startHelper, type TestHelper } from '../../support/helper';
import { type Done, output, run } from '../../support/run';
import { until } from '../../support/until';
import { as, HOLDER, type User } from '../../support/users';
import { type Facts, SCRIPT, toFacts } from './world-facts';

/** Where its standard input is a socket bash takes itself for a remote login, and reads the person's files. */
const BASH = ['bash', '--norc', '-c'];
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

export type RealmKind = 'host' | 'user';

export interface World extends TestHelper {
  /** Whoever types there: root, in a user realm the person whose it is, from outside of it. */
  readonly person: User;
  /** Pid by which the world's own network namespace is named. */
  readonly home: number;
  /** A script of its root's. */
  prepare(lines: readonly string[]): Promise<void>;
  /** Text as that person pastes it into bash. */
  paste(text: string): Promise<Done>;
  /** The same as a process that goes on; `end` stops what it became. */
  start(text: string): ChildProcess;
  /** Standard output of a program of its root's; it must succeed. */
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

export async function makeWorld(kind: RealmKind, options: Pick<HelperOptions, 'holder'> = {}): Promise<World> {
  const isHost = kind === 'host';
  const within = [...ENTER, ...BASH, BEGIN, 'world'];
  const helper = await startHelper(isHost ? { ...options, within } : { user: HOLDER });
  const home = isHost ? helper.pid : await keeperOf(helper);
  const user = isHost ? [] : ['--user'];
  const inside = (argv: readonly string[]) => [
    'nsenter',
    `--target=${home}`,
    ...user,
    '--net',
    '--mount',
    '--',
    ...argv,
  ];
  const pasting = (text: string) => {
    const bash = [...BASH, text];
    return isHost ? inside(bash) : as(HOLDER, bash);
  };
  const spawned = (argv: readonly string[]) => {
    const [program, ...args] = argv as [string, ...string[]];
    return spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  };
  const holders: ChildProcess[] = [];
  const facts = async () => {
    const argv = inside([...BASH, SCRIPT, 'facts', ...holders.map(({ pid }) => String(pid))]);
    return toFacts(await output(argv), new Map([[String(home), 'HOME']]));
  };
  const first = JSON.stringify(await facts());
  return {
    ...helper,
    person: isHost ? { uid: 0, gid: 0 } : HOLDER,
    home,
    prepare: async (lines) => {
      const done = await run(inside([...BASH, ['set -e', ...lines].join('\n')]));
      if (done.status !== 0 || done.stderr !== '') throw new Error(`${lines.join('\n')}\n${done.stderr}`);
    },
    paste: (text) => run(pasting(text)),
    start: (text) => spawned(pasting(text)),
    output: (argv) => output(inside(argv)),
    lines: async (method, params) => {
      const { lines } = await helper.client.call('command/equivalent', { method, params: { ...params } });
      return lines.map(commandLine).join('\n');
    },
    facts,
    nameless: async () => {
      const child = spawned(inside(['unshare', '--net', 'cat']));
      holders.push(child);
      const comm = () => output(['cat', `/proc/${child.pid}/comm`]);
      // By then it is where it stays.
      await until(async () => (await comm()) === 'cat\n', 'a namespace without a name');
      return child.pid as number;
    },
    empty: async () => {
      for (const { stdin } of holders.splice(0)) stdin?.end();
      await run(inside([...BASH, EMPTY]));
      // The last of a namespace goes a moment after its name.
      const isEmpty = async () => {
        const now = JSON.stringify(await facts());
        if (now !== first) throw new Error(`${now}\ninstead of\n${first}`);
        return true;
      };
      await until(isEmpty, 'an empty world', { timeoutMs: 15_000 });
    },
  };
}

async function keeperOf({ stateDir }: TestHelper): Promise<number> {
  return (JSON.parse(await readFile(join(stateDir, 'keeper.json'), 'utf8')) as { pid: number }).pid;
}
