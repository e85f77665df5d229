// Where a helper keeps its socket and its state, and that these places are fit for root to work in.
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import { secureDirectory } from './directory';

const RUN = '/run/isolab';
/** sun_path of unix(7) has 108 bytes, the last one NUL. */
const MAX_SOCKET_PATH = 107;

export interface Places {
  /** Absolute paths; directories not looked at yet. */
  socket: string;
  stateDir: string;
  /** Chosen by the caller: then a directory of the holder will do too. */
  socketGiven: boolean;
  stateGiven: boolean;
}

/** `--socket` alone brings the state with it; without either both are in /run/isolab/HOLDER. */
export function choosePlaces(given: { socket?: string; state?: string }, holder: number): Places {
  const socket = given.socket === undefined ? join(RUN, String(holder), 'helper.sock') : resolve(given.socket);
  const stateDir = given.state === undefined ? dirname(socket) : resolve(given.state);
  if (!isAbsolute(socket) || Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    throw new Failure({ kind: 'invalid', rule: { code: 'socket-path-long', args: { max: MAX_SOCKET_PATH } } });
  }
  const socketGiven = given.socket !== undefined;
  return { socket, stateDir, socketGiven, stateGiven: socketGiven || given.state !== undefined };
}

export interface SecurePlaces {
  /** By their real paths. */
  socket: string;
  stateDir: string;
  /** Makes what was made here reachable for the holder, once the socket in it has its owner and mode. */
  open(): void;
}

/** Makes or checks both directories. Throws a Failure of kind `denied`, rule `directory-…`. */
export function securePlaces({ socket, stateDir, socketGiven, stateGiven }: Places, holder: number): SecurePlaces {
  const owners = (given: boolean) => ({ owners: given ? [holder] : [] });
  const state = secureDirectory(stateDir, owners(stateGiven));
  const beside = secureDirectory(dirname(socket), owners(socketGiven));
  return {
    socket: join(beside.path, socket.slice(socket.lastIndexOf('/') + 1)),
    stateDir: state.path,
    open: () => {
      state.open();
      beside.open();
    },
  };
}
