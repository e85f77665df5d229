// The eight namespace kinds as plain data, apart from the schemas: the command line starts without loading those.

/** By the names of /proc/PID/ns (namespaces(7)). */
export const KINDS = ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'] as const;
