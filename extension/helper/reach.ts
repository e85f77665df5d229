// What root may not be able to read: a home over the network where root counts as a stranger (nfs(5), root_squash), or a
// FUSE mount, which is its owner's alone unless it says otherwise (mount.fuse(8), allow_other). Pure.

export interface Barrier {
  readonly path: string;
  /** Type of the file system: `nfs4`, `fuse.sshfs`. */
  readonly type: string;
  /** The kernel keeps everybody else out; else it depends on the server. */
  readonly certain: boolean;
}

interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: ReadonlySet<string>;
}

/** File systems whose server decides what root may do. */
const REMOTE = /^(nfs4?|cifs|smb3|afs|ceph|lustre|gpfs|beegfs|orangefs|9p)$/;

/**
 * Why root may fail to read one of these absolute paths, or undefined. `mountinfo` is the text of /proc/self/mountinfo
 * (proc_pid_mountinfo(5)); `open` says whether strangers may read a path all the way.
 */
export function barrierFor(
  paths: readonly string[],
  mountinfo: string,
  open: (path: string) => boolean,
): Barrier | undefined {
  const mounts = parseMounts(mountinfo);
  const found = paths.flatMap((path): Barrier[] => {
    const mount = mountOf(path, mounts);
    if (mount === undefined) return [];
    const { type, options } = mount;
    if (isPrivateFuse(mount)) return [{ path, type, certain: true }];
    return REMOTE.test(type) && !options.has('no_root_squash') && !open(path) ? [{ path, type, certain: false }] : [];
  });
  return found.find(({ certain }) => certain) ?? found[0];
}

/** Whether programs may be run from that directory: not where the file system is mounted noexec. */
export function isExecutable(directory: string, mountinfo: string): boolean {
  return !mountOf(directory, parseMounts(mountinfo))?.options.has('noexec');
}

function isPrivateFuse({ type, options }: Mount): boolean {
  return /^fuse(\.|$)/.test(type) && !options.has('allow_other') && !options.has('user_id=0');
}

/** The mount that shows a path: the deepest, and of those over one another the last. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const isAbove = mount.point === '/' || path === mount.point || path.startsWith(`${mount.point}/`);
    if (isAbove && mount.point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line): Mount[] => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , , , point, ofMount = ''] = before.split(' ');
    const [type, , ofSuper = ''] = after.split(' ');
    if (point === undefined || type === undefined) return [];
    const options = new Set([...ofMount.split(','), ...ofSuper.split(',')]);
    return [
      {
        point: point.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
        type,
        options,
      },
    ];
  });
}
