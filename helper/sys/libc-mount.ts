// The mount system calls by descriptor (Linux 5.2; mount_setattr 5.12) as koffi sees them; only mount-api.ts calls them.
// By number: a C library older than glibc 2.36 has no functions for them.
import koffi from 'koffi';

const libc = koffi.load(null);

const SYS_open_tree = 428;
const SYS_move_mount = 429;
const SYS_fsopen = 430;
const SYS_fsconfig = 431;
const SYS_fsmount = 432;
const SYS_mount_setattr = 442;

const openTreeCall = libc.func('long syscall(long number, int directory, const char *path, unsigned int flags)');
const moveMountCall = libc.func(
  'long syscall(long number, int from, const char *path, int to, const char *target, unsigned int flags)',
);
const fsopenCall = libc.func('long syscall(long number, const char *type, unsigned int flags)');
const fsconfigCall = libc.func(
  'long syscall(long number, int fd, unsigned int command, const char *key, const char *value, int aux)',
);
const fsmountCall = libc.func('long syscall(long number, int fd, unsigned int flags, unsigned int attributes)');
const mountSetattrCall = libc.func(
  'long syscall(long number, int directory, const char *path, unsigned int flags, const uint8_t *attributes, size_t size)',
);

/** Each returns -1 with errno set, as the system call of its name. */
export const calls = {
  openTree: (directory: number, path: string, flags: number): number =>
    openTreeCall(SYS_open_tree, directory, path, flags) as number,
  moveMount: (from: number, path: string, to: number, target: string, flags: number): number =>
    moveMountCall(SYS_move_mount, from, path, to, target, flags) as number,
  fsopen: (type: string, flags: number): number => fsopenCall(SYS_fsopen, type, flags) as number,
  fsconfig: (fd: number, command: number, key: string | null, value: string | null, aux: number): number =>
    fsconfigCall(SYS_fsconfig, fd, command, key, value, aux) as number,
  fsmount: (fd: number, flags: number, attributes: number): number =>
    fsmountCall(SYS_fsmount, fd, flags, attributes) as number,
  mountSetattr: (directory: number, path: string, flags: number, attributes: Buffer): number =>
    mountSetattrCall(SYS_mount_setattr, directory, path, flags, attributes, attributes.length) as number,
};
