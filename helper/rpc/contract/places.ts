// Where helpers listen when nobody names a socket. Pure: daemon, command line and editor must agree on it.

/** Directory of the host realm's helpers, one below it for each holder. */
export const HOST_DIRECTORY = '/run/isolab';
export const SOCKET_NAME = 'helper.sock';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of the helper that root runs for `uid`. */
export function hostSocket(uid: number | string): string {
  return `${HOST_DIRECTORY}/${uid}/${SOCKET_NAME}`;
}

/**
 * Where a user realm of `uid` may keep its state, best first: the runtime directory of the login (file-hierarchy(7)), and
 * for logins without one a directory in /tmp. Whether one is fit for it is for the helper to check.
 */
export function userDirectories(environment: Environment, uid: number): string[] {
  const { XDG_RUNTIME_DIR: runtime } = environment;
  const given = runtime?.startsWith('/') ? [`${runtime.replace(/\/+$/, '')}/isolab`] : [];
  return [...new Set([...given, `/run/user/${uid}/isolab`, `/tmp/isolab-${uid}`])];
}

/** Every socket at which a helper of `uid` may answer, the one that can do most first. */
export function socketsOf(environment: Environment, uid: number): readonly [string, ...string[]] {
  return [hostSocket(uid), ...userDirectories(environment, uid).map((directory) => `${directory}/${SOCKET_NAME}`)];
}
