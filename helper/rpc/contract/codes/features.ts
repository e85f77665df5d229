// What each optional feature of the kernel is called, by the code that `helper/hello` lists it under.

export const FEATURES: Readonly<Record<string, string>> = {
  'namespace-uid': 'namespace identities that are never reused',
  'namespace-time': 'time namespaces',
  'namespace-user': 'user namespaces',
  'pidfd-getfd': 'fetching descriptors from another process',
  'peer-pidfd': 'pidfd of the process at the other end of a socket',
  veth: 'veth pairs',
  bridge: 'bridges',
};
