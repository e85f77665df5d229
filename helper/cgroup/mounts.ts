// Which cgroup hierarchies are mounted, and where in them this process is: pure, from the texts of proc_pid_mountinfo(5)
// and proc_pid_cgroup(5). A machine has one hierarchy (v2), several (v1), or both (hybrid).
import { posix } from 'node:path';
import { unescapeOctal } from '../sys/proc';

export interface Hierarchy {
  readonly version: 1 | 2;
  /** What it governs, in the kernel's words; of v2 filled in later, from cgroup.controllers. Named ones of v1: `name=systemd`. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** Directory of the group that this process is in; absent where the mount does not show it. */
  readonly own?: string;
}

/** The hierarchies in the order of /proc/self/cgroup; those not mounted are left out. */
export function parseHierarchies(mountInfo: string, selfCgroup: string): Hierarchy[] {
  const mounts = cgroupMounts(mountInfo);
  return selfCgroup.split('\n').flatMap((line) => {
    // hierarchy-ID:controller-list:path, and the path may hold colons.
    const [, id, list = '', path = '/'] = /^(\d+):([^:]*):(.*)$/s.exec(line) ?? [];
    if (id === undefined) return [];
    const version = id === '0' && list === '' ? 2 : 1;
    const controllers = list === '' ? [] : list.split(',');
    const fitting = mounts.filter(
      (mount) => mount.version === version && controllers.every((one) => mount.options.includes(one)),
    );
    // One hierarchy may be mounted, or bound, many times: the mount that shows most of it.
    const [best] = fitting.sort((a, b) => a.root.length - b.root.length || a.mountPoint.length - b.mountPoint.length);
    if (best === undefined) return [];
    const own = inMount(best, path);
    return [{ version, controllers, mountPoint: best.mountPoint, ...(own !== undefined && { own }) } as const];
  });
}

interface CgroupMount {
  version: 1 | 2;
  root: string;
  mountPoint: string;
  options: string[];
}

function cgroupMounts(mountInfo: string): CgroupMount[] {
  return mountInfo.split('\n').flatMap((line) => {
    const dash = line.indexOf(' - cgroup');
    if (dash < 0) return [];
    const [, , , root, mountPoint] = line.split(' ', 5);
    const [type, , options] = line.slice(dash + 3).split(' ');
    if (root === undefined || mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    return [
      {
        version: type === 'cgroup2' ? 2 : 1,
        root: unescapeOctal(root),
        mountPoint: unescapeOctal(mountPoint),
        options: options?.split(',') ?? [],
      } as const,
    ];
  });
}

/** `path` (from the root of the cgroup namespace, as `root` is) as a directory below the mount. */
function inMount({ root, mountPoint }: CgroupMount, path: string): string | undefined {
  // `/../x`: outside of the cgroup namespace (cgroup_namespaces(7)).
  if (path.startsWith('/..')) return undefined;
  if (root === '/') return path === '/' ? mountPoint : posix.join(mountPoint, path);
  if (path === root) return mountPoint;
  return path.startsWith(`${root}/`) ? posix.join(mountPoint, path.slice(root.length)) : undefined;
}
