// The command line that does by hand what a session does: ip-netns(8), nsenter(1), unshare(1), setpriv(1), one after the
// other. Shown to people and run by tests, never by the helper. Pure. In a user realm nobody is asked to be root: the user
// namespace that gives the rights is entered first.

import type { IdMap, Kind } from '../../rpc/contract/terms';
import type { SettledPlan, Who } from '../session/plan';

/** A namespace to join, as a path that nsenter(1) can open. */
export interface JoinPath {
  readonly kind: Kind;
  /** `/run/netns/NAME` or `/proc/PID/ns/KIND`. */
  readonly path: string;
  /** The helper is in it already: nothing to enter. */
  readonly same: boolean;
}

export interface Around {
  readonly caller: Who;
  readonly joins: readonly JoinPath[];
  /** Name of the joined network namespace, where it has one. */
  readonly netnsName?: string;
  /** The caller's ids inside a joined user namespace; absent where that has none for him. */
  readonly inside?: { readonly uid: number; readonly gid: number };
  /** Of a user realm: the file of the user namespace to enter first. */
  readonly base?: string;
}

/** Stands for the directory that the attaching side brings: at `session/open` only that side knows its name. */
export const ROOT_PLACEHOLDER = 'DIR';

const OPTION: Readonly<Record<Kind, string>> = {
  mnt: '--mount',
  uts: '--uts',
  ipc: '--ipc',
  pid: '--pid',
  net: '--net',
  user: '--user',
  cgroup: '--cgroup',
  time: '--time',
};

export function equivalent(plan: SettledPlan, around: Around): string[] {
  const { caller } = around;
  const joins = around.joins.filter(({ same }) => !same);
  if (plan.realm === 'user') return inUserRealm(plan, around, joins);
  const byIpNetns = ipNetns(plan, around);
  const entered = byIpNetns.length > 0 ? joins.filter(({ kind }) => kind !== 'net') : joins;
  const newUser = plan.create.includes('user');
  const self = newUser && plan.as !== 'root';

  const entering = nsenter(entered, plan, around);
  const withDisks = disks(plan);
  const made = [unshare(plan, byIpNetns.length > 0), ...setUp(plan, byIpNetns.length > 0)];
  const needsRoot =
    plan.as === 'root' ||
    byIpNetns.length > 0 ||
    entering.length > 0 ||
    withDisks.length > 0 ||
    (!newUser && made.some((stage) => stage.length > 0));
  const isRoot = caller.uid === 0;
  const drops = plan.as !== 'root' && !isRoot && needsRoot && !joins.some(({ kind }) => kind === 'user');
  const drop = drops ? setpriv(caller) : [];

  const stages = [
    needsRoot && !isRoot ? ['sudo'] : [],
    byIpNetns,
    entering,
    ...withDisks,
    // Who maps himself must be himself before he does; who only runs in what root made, after it is made.
    ...(self ? [drop, ...made] : [...made, drop]),
    plan.asked.cwd === undefined ? [] : ['env', `--chdir=${plan.asked.cwd}`],
  ].filter((stage) => stage.length > 0);
  return [...stages.flat(), ...program(plan, stages.at(-1)?.[0])];
}

function inUserRealm(plan: SettledPlan, around: Around, joins: readonly JoinPath[]): string[] {
  const { base } = around;
  const byIpNetns = ipNetns(plan, around);
  // Whom a user namespace maps to itself or to root is that inside by keeping his ids; one id alone cannot setgroups(2).
  const keep = around.caller.uid === 0 ? [] : ['--preserve-credentials'];
  const user = joins.find(({ kind }) => kind === 'user');
  const others = joins.filter(({ kind }) => kind !== 'user' && (kind !== 'net' || byIpNetns.length === 0));
  const first = base === undefined ? undefined : (user?.path ?? base);
  const entered = others.map(({ kind, path }) => `${OPTION[kind]}=${path}`);
  // The names of the realm are seen where its keeper is.
  const names = byIpNetns.length > 0 && base !== undefined ? [`--mount=${base.replace(/user$/, 'mnt')}`] : [];
  const stages = [
    first === undefined ? [] : ['nsenter', `--user=${first}`, ...keep, ...names, ...entered],
    byIpNetns,
    // Root of the base is the person: his number is given to whoever is 0 there.
    unshare(plan, byIpNetns.length > 0, base === undefined || plan.as !== 'me' ? undefined : around.caller),
    ...setUp(plan, byIpNetns.length > 0),
    plan.asked.cwd === undefined ? [] : ['env', `--chdir=${plan.asked.cwd}`],
  ].filter((stage) => stage.length > 0);
  return [...stages.flat(), ...program(plan, stages.at(-1)?.[0])];
}

/** `ip netns exec` brings a mount namespace of its own with it, with /sys and the files of /etc/netns. */
function ipNetns(plan: SettledPlan, { netnsName }: Around): string[] {
  // A name like an option cannot be told from one on its command line.
  if (!plan.netnsFiles || netnsName === undefined || netnsName.startsWith('-')) return [];
  return ['ip', 'netns', 'exec', netnsName];
}

function nsenter(joins: readonly JoinPath[], plan: SettledPlan, { inside }: Around): string[] {
  if (joins.length === 0) return [];
  const pids = new Set(joins.map(({ path }) => /^\/proc\/([0-9]+)\/ns\//.exec(path)?.[1]));
  const [pid] = pids;
  const options =
    pids.size === 1 && pid !== undefined
      ? [`--target=${pid}`, ...joins.map(({ kind }) => OPTION[kind])]
      : joins.map(({ kind, path }) => `${OPTION[kind]}=${path}`);
  // Entering a user namespace, nsenter becomes its root unless told otherwise.
  const me = joins.some(({ kind }) => kind === 'user') && plan.as === 'me' && inside !== undefined;
  return ['nsenter', ...options, ...(me ? [`--setuid=${inside.uid}`, `--setgid=${inside.gid}`] : [])];
}

function unshare(plan: SettledPlan, mountsByIpNetns: boolean, self?: Who): string[] {
  const create = plan.create.filter(
    (kind) => kind !== 'mnt' || !mountsByIpNetns || plan.asked.new?.includes('mnt') === true,
  );
  if (create.length === 0 && !plan.freshProc) return plan.root ? ['chroot', ROOT_PLACEHOLDER] : [];
  const { monotonic, boottime } = plan.asked;
  return [
    'unshare',
    ...create.map((kind) => OPTION[kind]),
    // Only children are in a new pid or time namespace.
    ...(create.includes('pid') || create.includes('time') ? ['--fork'] : []),
    ...(plan.maps === undefined ? [] : mapping(plan, self)),
    ...(create.includes('mnt') && plan.propagation !== 'private' ? [`--propagation=${plan.propagation}`] : []),
    ...(plan.freshProc ? ['--mount-proc'] : []),
    ...(monotonic === undefined ? [] : [`--monotonic=${monotonic}`]),
    ...(boottime === undefined ? [] : [`--boottime=${boottime}`]),
    ...(plan.root ? [`--root=${ROOT_PLACEHOLDER}`] : []),
  ];
}

function mapping({ as, maps }: SettledPlan, self?: Who): string[] {
  if (self !== undefined && maps?.asked !== true) return [`--map-user=${self.uid}`, `--map-group=${self.gid}`];
  if (maps?.asked !== true) return [as === 'me' ? '--map-current-user' : '--map-root-user'];
  const option = (name: string, map: readonly IdMap[]) =>
    map.map(({ inside, outside, count }) => `${name}=${outside},${inside},${count}`);
  return [
    ...option('--map-users', maps.uid),
    ...option('--map-groups', maps.gid),
    ...(as === 'me' ? [] : ['--setuid=0', '--setgid=0']),
  ];
}

/** Mounted first, in a namespace that the others come out of: whoever makes the image may not be there any more later. */
function disks({ asked, root }: SettledPlan): string[][] {
  return (asked.disks ?? []).map(({ size, target }, at) => [
    ...(at === 0 ? ['unshare', '--mount'] : []),
    'sh',
    '-c',
    'f=`mktemp` && truncate -s "$0" "$f" && mkfs.ext4 -qF "$f" && mount -o loop "$f" "$1" && rm "$f" && shift && exec "$@"',
    String(size),
    root ? `${ROOT_PLACEHOLDER}${target}` : target,
  ]);
}

/** What no option of unshare does: small fixed scripts, the values as their arguments. */
function setUp(plan: SettledPlan, byIpNetns: boolean): string[][] {
  const { hostname, domainname } = plan.asked;
  return [
    plan.netnsFiles && !byIpNetns ? ['sh', '-c', 'mount -t sysfs sysfs /sys && exec "$0" "$@"'] : [],
    hostname === undefined ? [] : ['sh', '-c', 'hostname "$0" && exec "$@"', hostname],
    domainname === undefined ? [] : ['sh', '-c', 'domainname "$0" && exec "$@"', domainname],
  ];
}

function setpriv({ uid, gid, groups }: Who): string[] {
  const supplementary = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, supplementary];
}

function program(plan: SettledPlan, before: string | undefined): string[] {
  const { command } = plan.asked;
  // A program's name that looks like an option is one to whatever stands before it.
  if (command !== undefined) return command[0]?.startsWith('-') ? ['env', '--', ...command] : command;
  // Where nothing comes after them these start $SHELL by themselves.
  return before === 'unshare' || before === 'nsenter' || before === 'chroot' ? [] : ['sh'];
}
