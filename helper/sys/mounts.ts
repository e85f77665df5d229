// The few mount(2) calls that naming namespaces takes. Containers' file systems are no business of this file.
import { MNT_DETACH, MS_BIND, MS_REC, MS_SHARED, mount, UMOUNT_NOFOLLOW, umount2 } from './libc';

/** Makes `target` show what `source` shows (a file over a file, a directory over a directory). */
export function bindMount(source: string, target: string): void {
  mount(source, target, null, MS_BIND);
}

/** The same with the mounts below `source`. */
export function bindMountTree(source: string, target: string): void {
  mount(source, target, null, MS_BIND | MS_REC);
}

/** Propagation of a mount point becomes shared (mount_namespaces(7)). EINVAL where `target` is no mount point. */
export function makeShared(target: string): void {
  mount(null, target, null, MS_SHARED);
}

/**
 * Takes the topmost mount off `target` at once, even while in use (MNT_DETACH). EINVAL where nothing is mounted. A symbolic
 * link is not followed: what it leads to is somebody else's mount.
 */
export function detachMount(target: string): void {
  umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
}
