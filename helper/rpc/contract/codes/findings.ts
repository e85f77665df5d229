// What the doctor says: a sentence for every finding and for what mends it.

export const FINDINGS: Readonly<Record<string, string>> = {
  'helper-runs': 'The helper of version {version} runs as process {pid} on Linux {kernel}.',
  'without-root':
    'This helper works without root: it has no access to the interfaces of the host, to other people’s processes or to disk images.',
  'feature-missing': 'Missing here: {feature}.',
  'check-failed': 'The check {check} could not be made ({errno}).',
  'user-namespaces-off': 'User namespaces are switched off ({sysctl} = {value}).',
  'user-namespaces-root-only': 'Ordinary users may not create user namespaces ({sysctl} = {value}).',
  'user-namespaces-apparmor': 'AppArmor restricts the user namespaces of ordinary users ({sysctl} = {value}).',
  'set-sysctl': 'Run: sudo sysctl -w {sysctl}={value}',
  'proc-foreign':
    '/proc shows another pid namespace: somebody mounted proc from inside a pid namespace over the /proc of the host, so that ps and the helper see the wrong processes.',
  'unmount-proc': 'Run: sudo umount /proc. If /proc is empty then: sudo mount -t proc proc /proc',
  'netns-directory-private':
    '{path} is a mount point that is not shared: names made later are not seen in other mount namespaces.',
  'share-netns-directory': 'Run: sudo mount --make-shared /run/netns',
  'delete-stale': 'Delete it: isolab netns delete {name}',
  'code-writable': '{path} is part of what root runs, and others may write to it.',
  'install-elsewhere':
    'Take the right to write from others (chmod go-w {path}), or install Isolab where only root and you may write.',
};
