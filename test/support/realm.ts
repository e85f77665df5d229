// The kernel tier runs a second time against helpers of a user realm (scripts/realm.mjs): then the test process stands in
// the realm's network and mount namespaces, tools become the realm's root, and helpers start outside as an ordinary user.
// In the first run, against the host realm, nothing of this file has any effect.
import { readlink } from 'node:fs/promises';
import type { Kind } from '../../helper/rpc/contract/terms';
import { as, HOLDER, type User } from './users';

interface Realm {
  /** Keeps the realm's namespaces. */
  readonly keeper: number;
  /** A process in the namespaces of the host, as the sealed place has them. */
  readonly outside: number;
  /** State directory of the keeper. */
  readonly state: string;
}

const text = process.env.ISOLAB_TEST_REALM;

export const userRealm: Realm | undefined = text === undefined ? undefined : (JSON.parse(text) as Realm);

/** Programs that speak of the network and the mounts of the realm, and so have to be its root. */
const REALMS_ROOT = new Set(['ip', 'mount', 'umount', 'findmnt', 'ping', 'sysctl', 'unshare', 'ss', 'touch', 'mkfifo']);
/** Programs that look at processes: what they show is to be compared with what the helper may see. */
const HOLDERS = new Set(['lsns']);

/** argv of a judging tool as the realm needs it. */
export function tool(argv: readonly string[]): readonly string[] {
  const [program] = argv;
  if (userRealm === undefined || program === undefined) return argv;
  // Terminals are outside of the realm, as people are.
  if (HOLDERS.has(program) || program.endsWith('/isolab-attach')) return outside(argv);
  return REALMS_ROOT.has(program) ? ['nsenter', `--user=/proc/${userRealm.keeper}/ns/user`, '--', ...argv] : argv;
}

/** argv that runs outside of the realm, as the person whose realm it is or somebody else. */
export function outside(argv: readonly string[], user: User = HOLDER, cwd?: string): string[] {
  return onHost(as(user, argv), cwd);
}

/** argv that runs outside of the realm as root. */
export function onHost(argv: readonly string[], cwd = process.cwd()): string[] {
  if (userRealm === undefined) return [...argv];
  const at = `/proc/${userRealm.outside}/ns`;
  // A mount namespace is entered at its root directory.
  return ['nsenter', `--mount=${at}/mnt`, `--net=${at}/net`, '--', 'env', `--chdir=${cwd}`, ...argv];
}

/** Who calls where a test names nobody: root, in a user realm the person whose it is. */
export function caller(): User {
  return userRealm === undefined ? { uid: 0, gid: 0 } : HOLDER;
}

/**
 * A link of /proc/self/ns as a program finds it that was started without any new kind: in a user realm its user namespace
 * is the realm's, everything else the host's.
 */
export function baseNamespace(kind: Kind): Promise<string> {
  if (userRealm === undefined) return readlink(`/proc/self/ns/${kind}`);
  return readlink(`/proc/${kind === 'user' ? userRealm.keeper : userRealm.outside}/ns/${kind}`);
}
