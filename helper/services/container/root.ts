// What is mounted and made in a container's new root directory, in order: file systems of the kernel, devices, files that
// name it, what its maker asked for, and what must not be seen or written. Pure.
import type { RootOperation } from '../../sys/launch-operations';
import { DEVICE_LINKS, DEVICES, MOUNTS, maskedPaths, READONLY_PATHS } from './masks';
import type { ContainerRecord } from './record';

/** Of the devices that every container has. */
const EVERYBODYS = { mode: 0o666, uid: 0, gid: 0 };

export interface RootFiles {
  readonly hosts: string;
  /** Absent: what the image has. */
  readonly resolvConf?: string;
  /** What /sys/devices/system/cpu lists. */
  readonly cpus: readonly string[];
}

/** Bound files and disks come as detached mounts, in the record's order; before them, in a user namespace of its own, /dev. */
export function rootOperations(record: ContainerRecord, files: RootFiles): RootOperation[] {
  const own = record.ids !== undefined;
  let bound = own ? 1 : 0;
  const made = own
    ? []
    : [
        ...DEVICES.map((device) => ({ ...device, target: device.path, kind: 'c' as const, ...EVERYBODYS })),
        ...record.devices,
      ];
  return [
    ...kernelFileSystems(record),
    ...DEVICE_LINKS.map(({ path, to }): RootOperation => ({ do: 'symlink', target: path, to })),
    ...made.map(
      ({ target, kind, major, minor, mode, uid, gid }): RootOperation => ({
        ...{ do: 'device', target, kind, major, minor, mode: mode & 0o777 },
        ...{ uid, gid },
      }),
    ),
    ...record.mounts.map((mount): RootOperation => {
      const { target, readonly } = mount;
      if (mount.type !== 'tmpfs') {
        const as = mount.type === 'disk' || mount.directory ? 'directory' : 'file';
        return { do: 'attach', mount: bound++, target, as, readonly };
      }
      const size: [string, string][] = mount.size === undefined ? [] : [['size', String(mount.size)]];
      const options = [['mode', mount.mode.toString(8)] as const, ...size];
      return {
        ...{ do: 'mount', type: 'tmpfs', target, options, readonly },
        ...{ nosuid: true, nodev: true, noexec: !mount.exec },
      };
    }),
    ...namingFiles(record, files),
    ...maskedPaths(files.cpus).map((target): RootOperation => ({ do: 'mask', target })),
    ...READONLY_PATHS.map((target): RootOperation => ({ do: 'readonly', target })),
    ...(record.readonly ? [{ do: 'root-readonly' } as const] : []),
  ];
}

/** The control groups once /sys is there; in the host's ipc namespace there are its queues, which are nobody's to mount. */
function kernelFileSystems({ ipc, ids }: ContainerRecord): RootOperation[] {
  const mounts = MOUNTS.filter(({ type }) => type !== 'mqueue' || ipc === 'own');
  return [
    ...mounts.map(({ target, type, flags, options }): RootOperation => {
      if (ids !== undefined && target === '/dev') return { do: 'attach', mount: 0, target, as: 'directory' };
      const set = Object.fromEntries(flags.filter((flag) => flag !== 'strictatime').map((flag) => [flag, true]));
      return { do: 'mount', type, target, options, ...set };
    }),
    { do: 'cgroups', target: '/sys/fs/cgroup' },
  ];
}

/** Not where a file of the maker's own is bound over them. */
function namingFiles({ hostname, uts, mounts }: ContainerRecord, { hosts, resolvConf }: RootFiles): RootOperation[] {
  const contents: [string, string | undefined][] = [
    ['/etc/hostname', uts === 'own' ? `${hostname}\n` : undefined],
    ['/etc/hosts', hosts],
    ['/etc/resolv.conf', resolvConf],
  ];
  return contents.flatMap(([target, content]): RootOperation[] => {
    if (content === undefined || mounts.some((mount) => mount.target === target || mount.target === '/etc')) return [];
    return [{ do: 'file', target, content, mode: 0o644 }];
  });
}

/** /etc/hosts of a network namespace of its own. */
export function hostsFile(hostname: string, domainname: string | undefined): string {
  const names = domainname === undefined ? hostname : `${hostname}.${domainname} ${hostname}`;
  return [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    `127.0.1.1\t${names}`,
    '',
  ].join('\n');
}

/** The host's, less the name servers that only the host reaches (resolv.conf(5)). */
export function resolvConfFor(host: string, sharesHost: boolean): string {
  if (sharesHost) return host;
  return host
    .split('\n')
    .filter((line) => !/^\s*nameserver\s+(127\.|::1\b)/.test(line))
    .join('\n');
}
