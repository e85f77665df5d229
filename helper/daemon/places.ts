// Where a helper keeps its socket, its state and its data, and that these places are fit to work in.
import { chmodSync, lstatSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import { hostSocket, SOCKET_NAME, userDirectories } from '../rpc/contract/places';
import { secureDirectory } from './directory';

/** sun_path of unix(7) has 108 bytes, the last one NUL. */
const MAX_SOCKET_PATH = 107;

/** Whose helper it is, and with which rights. */
export interface Standing {
  readonly realm: 'host' | 'user';
  /** The uid served besides 0; in a user realm the helper's own. */
  readonly holder: number;
}

export interface Places {
  /** Absolute paths; directories not looked at yet. */
  socket: string;
  stateDir: string;
  /** What outlives a boot: images, containers. */
  dataDir: string;
  /** Chosen by the caller: then a directory of the holder will do too. */
  socketGiven: boolean;
  stateGiven: boolean;
  dataGiven: boolean;
}

/**
 * `--socket` alone brings the state with it; without either both are in /run/isolab/HOLDER, in a user realm in the first
 * directory of userDirectories() that can be the user's own. A given place of the state is that of the data as well; else
 * the data lie where they outlive a boot.
 */
export function choosePlaces(
  given: { socket?: string; state?: string; data?: string },
  { realm, holder }: Standing,
  env: Readonly<Record<string, string | undefined>> = {},
): Places {
  const fallback = () => (realm === 'host' ? hostSocket(holder) : join(userDirectory(env, holder), SOCKET_NAME));
  const socket = given.socket === undefined ? fallback() : resolve(given.socket);
  const stateDir = given.state === undefined ? dirname(socket) : resolve(given.state);
  if (!isAbsolute(socket) || Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    throw new Failure({ kind: 'invalid', rule: { code: 'socket-path-long', args: { max: MAX_SOCKET_PATH } } });
  }
  const socketGiven = given.socket !== undefined;
  const stateGiven = socketGiven || given.state !== undefined;
  const data = () => (stateGiven ? stateDir : (dataDirectory(env, { realm, holder }) ?? stateDir));
  const dataDir = given.data === undefined ? data() : resolve(given.data);
  return { socket, stateDir, dataDir, socketGiven, stateGiven, dataGiven: given.data !== undefined };
}

/**
 * Of file-hierarchy(7); each holder of the host realm has his own, as helpers of two holders may run at once. Undefined for
 * a user without an account, who has no home.
 */
function dataDirectory(
  env: Readonly<Record<string, string | undefined>>,
  { realm, holder }: Standing,
): string | undefined {
  if (realm === 'host') return `/var/lib/isolab/${holder}`;
  const { XDG_DATA_HOME: chosen } = env;
  if (chosen?.startsWith('/')) return join(chosen, 'isolab');
  try {
    return join(userInfo().homedir, '.local/share/isolab');
  } catch {
    // No line in passwd(5) for this uid.
    return undefined;
  }
}

/** The first whose parent is the user's own and private, as a login's runtime directory is; else the last one, in /tmp. */
function userDirectory(env: Readonly<Record<string, string | undefined>>, uid: number): string {
  const directories = userDirectories(env, uid);
  const found = directories.find((directory) => isPrivate(dirname(directory), uid));
  return found ?? (directories.at(-1) as string);
}

function isPrivate(directory: string, owner: number): boolean {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === owner && (stats.mode & 0o077) === 0;
}

export interface SecurePlaces {
  /** By their real paths. */
  socket: string;
  stateDir: string;
  dataDir: string;
  /** Why `dataDir` is not where it should be, but in the directory of state. */
  dataTrouble?: unknown;
  /** Makes what was made here reachable for the holder, once the socket in it has its owner and mode. */
  open(): void;
}

/** Makes or checks the directories. Throws a Failure of kind `denied`, rule `directory-…`. */
export function securePlaces(places: Places, standing: Standing): SecurePlaces {
  const { socket, stateDir, socketGiven, stateGiven } = places;
  const isUser = standing.realm === 'user';
  const owners = (given: boolean) => ({ owners: given || isUser ? [standing.holder] : [] });
  const state = secureDirectory(stateDir, owners(stateGiven));
  const beside = secureDirectory(dirname(socket), owners(socketGiven));
  // Of ours alone, whatever it was before: nobody else has business there.
  if (isUser && !stateGiven) chmodSync(state.path, 0o700);
  return {
    socket: join(beside.path, socket.slice(socket.lastIndexOf('/') + 1)),
    stateDir: state.path,
    ...secureData(places, state.path, owners),
    open: () => {
      // A user's directory stays private: the holder is who made it.
      if (isUser) return;
      state.open();
      beside.open();
    },
  };
}

/** Private to the helper. One that nobody chose, and that cannot be had, costs no more than what is kept in it. */
function secureData(
  { dataDir, dataGiven, stateDir }: Places,
  state: string,
  owners: (given: boolean) => { owners: number[] },
): Pick<SecurePlaces, 'dataDir' | 'dataTrouble'> {
  if (dataDir === stateDir) return { dataDir: state };
  try {
    const { path } = secureDirectory(dataDir, owners(dataGiven));
    chmodSync(path, 0o700);
    return { dataDir: path };
  } catch (error) {
    if (dataGiven) throw error;
    return { dataDir: state, dataTrouble: error };
  }
}
