// What to do next: a sentence for every hint code, and for every reason why a thing was kept or is missing.

export const HINTS: Readonly<Record<string, string>> = {
  'start-helper': 'Start one: sudo isolab helper, or without root: isolab helper',
  'restart-helper':
    'End it with “isolab shutdown” (what it made stays, shells go on), then start the one of this version.',
  'start-helper-foreground': 'Run “isolab helper --foreground” as root to see what it says.',
  'end-keeper': 'Wait and try again, or give up what is in the realm: kill -9 {pid}',
  'say-yes': '{what} can be removed all the same: add --yes.',
  'say-foreign': 'Confirm that you want to remove it all the same.',
  'needs-kernel': 'It needs Linux {version} or later.',
  'needs-kernel-option': 'It needs a kernel built with {option}.',
  'needs-cgroup2': 'It needs cgroup version 2 mounted at /sys/fs/cgroup; here the controllers belong to version 1.',
  'needs-controllers':
    'It needs controllers that control groups do not have here: {controllers}. Mount them, or use a kernel that has them.',
  'needs-capability': 'The helper lacks {capability}: start it as root, outside of any container.',
  'needs-host-realm': 'It needs a helper with root: sudo isolab helper',
  'not-permitted': 'The kernel does not permit {call}: a capability is missing, or a filter forbids it.',
  'start-with-sudo': 'Run: sudo isolab helper, or without root: isolab helper',
  'mount-user-namespace':
    'The kernel does not let this user namespace mount {path}: the new namespaces must be owned by it.',
  'mount-target': '{path} is not there to be mounted over.',
  'mount-type': 'This kernel lacks the file system for {path}.',
  'mount-propagation': 'The mount at {path} does not allow that propagation.',
  'add-subordinate-ids':
    'Have an administrator give you a range, for example: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}',
  'install-uidmap': 'Have it installed: the package is uidmap (Debian, Ubuntu) or shadow-utils (Fedora).',
  'make-setuid': 'Have an administrator run: sudo chmod u+s {path}',
  'map-own-id': 'Map your own id, {id}, or ask for no map.',
  'restart-realm': 'A realm keeps the ids it began with: remove everything, end the helper, and start it again.',
  'use-host-realm': 'Start a helper with root beside it: sudo isolab helper',
  'enter-as-me': 'Add --as me.',
  'join-one-owner': 'Join the namespaces of one process, or those of one shell.',
  'give-capability':
    'Start the container with it (docker run --cap-add {name}), run the helper outside of it, or try without root: isolab helper --realm user',
  'loosen-container':
    'Run the editor and the helper outside of the container, or start it with a profile that allows user namespaces (for Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined).',
  'archive-beyond': 'No archive beyond these limits is unpacked, and nothing of it was kept.',
  'end-namespaces': 'End shells that are no longer needed, or run: sudo sysctl -w {sysctl}={value}',
  'leave-chroot': 'Start it outside of the chroot.',
  'session-lives': 'Its program does not end.',
  'not-removed': 'The kernel refused to remove it ({errno}).',
  'netns-held':
    'Only its name goes: process {pid} ({comm}), which Isolab did not start, is in it, and it lives until that ends.',
  'netns-held-many':
    'Only its name goes: {count} processes that Isolab did not start are in it (process {pid}, {comm}), and it lives until they end.',
  'netns-other-name': 'Only the name goes: it is also named “{name}”, which Isolab did not make.',
  'install-uplink': 'Run: sudo apt install passt (or slirp4netns).',
  'install-package': 'Run: sudo apt install {package}',
  'open-tun': 'Run: sudo chmod 0666 {path} (as most distributions have it: it grants nothing by itself).',
  'load-tun': 'Run: sudo modprobe tun',
  'uplink-other': 'Try the other program: --program pasta or --program slirp4netns.',
  'install-again': 'Install Isolab anew, or build it with “npm run build”.',
  'reopen-session': 'Open it anew: `isolab session reopen {session}`.',
  'try-again': 'Try again. Where the kernel ended it for want of memory, dmesg says so.',
  'raise-pids': 'End some of them, or raise the limit: isolab container update --pids-limit NUMBER {name}',
  'list-tags': 'Which tags there are, says: skopeo list-tags {repository}',
  'start-shared': 'Start it first: isolab container start {name}',
  'remove-force': 'Stop it first, or remove it by force.',
  'nothing-left': 'Nothing of it is left.',
  'image-force': 'Name the one to take away, or add --force.',
  'image-make-space': 'Make room: isolab image prune, or remove images.',
  'image-load-again': 'Load or pull the image again, or remove it: isolab image prune',
  'image-insecure': 'If you trust the network to that registry, add --insecure.',
  'import-instead': 'Import it: isolab image import TAR NAME',
  'load-instead': 'Load it: isolab image load -i TAR',
  // Root directories
  'rootfs-force': 'Choose another place, or add --force to write there all the same.',
  'install-libraries': 'Install what they belong to, then try again; nothing was copied.',
  'install-busybox': 'Install it (Debian: busybox), or say where one is: --busybox FILE.',
  'install-busybox-static':
    'Install one that is linked statically (Debian: busybox-static), take the libraries along with --dynamic, or say where one is: --busybox FILE.',
  'name-dynamic-busybox':
    'Leave --dynamic out, or say where one is that is linked dynamically: --busybox FILE (Debian: package busybox).',
};
