// What each optional feature of the kernel is called, by the code that `helper/hello` lists it under.

export const FEATURES: Readonly<Record<string, string>> = {
  'namespace-uid': 'namespace identities that are never reused',
  'namespace-time': 'time namespaces',
  'namespace-user': 'user namespaces',
  'pidfd-getfd': 'fetching descriptors from another process',
  'peer-pidfd': 'pidfd of the process at the other end of a socket',
  veth: 'veth pairs',
  bridge: 'bridges',
  'namespace-mnt': 'mnt namespaces',
  'namespace-uts': 'uts namespaces',
  'namespace-ipc': 'ipc namespaces',
  'namespace-pid': 'pid namespaces',
  'namespace-net': 'net namespaces',
  'namespace-cgroup': 'cgroup namespaces',
  overlay: 'overlay file systems',
  cgroup2: 'cgroup version 2',
  'cap-sys-admin': 'the capability CAP_SYS_ADMIN',
  'cap-net-admin': 'the capability CAP_NET_ADMIN',
  'cap-sys-ptrace': 'the capability CAP_SYS_PTRACE',
  'cap-sys-resource': 'the capability CAP_SYS_RESOURCE',
};
