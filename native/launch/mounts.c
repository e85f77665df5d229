// Mounts, by descriptors (open_tree, fsopen, move_mount; Linux 5.2) so that no path is looked up twice.
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"
#include "root.h"

static const unsigned long PROPAGATION_FLAGS[] = {[PRIVATE] = MS_PRIVATE, [SLAVE] = MS_SLAVE, [SHARED] = MS_SHARED};

void root_enter(const struct plan *plan) {
  if (has(plan, ROOT) && !has(plan, ROOT_MOUNT) && creates(plan, MNT) && fchdir(plan->root) < 0) die_mount("root-open", NULL);
}

// A detached copy of the root directory with all mounted below it.
static int root_clone(void) {
  int tree = open_tree(AT_FDCWD, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  if (tree < 0) die_mount("root-open", NULL);
  return tree;
}

static void set_propagation(int directory, const char *path, unsigned int flags, unsigned long type, const char *step) {
  struct mount_attr attributes = {.propagation = type};
  if (mount_setattr(directory, path, flags, &attributes, sizeof attributes) < 0) die_mount(step, path);
}

bool attach(int tree, int target) {
  struct stat from, to;
  if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0) return true;
  // EINVAL may mean anything; a directory over a file, or the reverse, we can tell.
  if (errno == EINVAL && fstat(tree, &from) == 0 && fstat(target, &to) == 0)
    errno = S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode) ? ENOTDIR : EINVAL;
  return false;
}

int mount_new(const char *type, char **options, unsigned int attributes) {
  int mount = -1, instance = fsopen(type, FSOPEN_CLOEXEC);
  if (instance < 0) return -1;
  bool configured = true;
  for (char **option = options; configured && option != NULL && *option != NULL; option += 2) {
    bool flag = option[1][0] == 0;
    enum fsconfig_command command = flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
    configured = fsconfig(instance, command, option[0], flag ? NULL : option[1], 0) == 0;
  }
  if (configured && fsconfig(instance, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
    mount = fsmount(instance, FSMOUNT_CLOEXEC, attributes);
  int error = errno;
  close(instance);
  errno = error;
  return mount;
}

// A new instance of a file system of the kernel's, for the namespaces that the calling process is in.
static void mount_fresh(const struct plan *plan, int top, const char *type, const char *path, const char *step) {
  unsigned int attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  struct statvfs old;
  int target = open_below(top, path, RESOLVE_NO_SYMLINKS);
  if (target < 0) die_mount(step, path);
  if (fstatvfs(target, &old) == 0 && (old.f_flag & ST_RDONLY) != 0 && !has(plan, ROOT))
    attributes |= MOUNT_ATTR_RDONLY;
  // Under a shared mount ours would appear in other namespaces; their /proc would then be of our pid namespace.
  if ((plan->propagation == SHARED || plan->propagation == UNCHANGED) && !has(plan, ROOT))
    set_propagation(target, "", AT_EMPTY_PATH, MS_PRIVATE, step);
  int mount = mount_new(type, NULL, attributes);
  if (mount < 0 || !attach(mount, target)) die_mount(step, path);
  close(mount);
  close(target);
}

static void fresh_sys(const struct plan *plan, int top) {
  // The new /sys has an empty directory here; the control groups stay what they were.
  int cgroups = open_tree(top, "sys/fs/cgroup", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  mount_fresh(plan, top, "sysfs", "/sys", "mount-sys");
  if (cgroups < 0) return;
  int target = open_below(top, "/sys/fs/cgroup", RESOLVE_NO_SYMLINKS);
  if (target < 0 || !attach(cgroups, target)) report_note("cgroup", "/sys/fs/cgroup");
  close(cgroups);
}

// As ip-netns(8): a file that cannot be bound is told, not fatal.
static void bind_file(const struct bind *bind, int top) {
  int tree = open_tree(AT_FDCWD, bind->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  int target = tree < 0 ? -1 : open_below(top, bind->target, 0);
  if (target < 0 || !attach(tree, target)) report_note("bind", bind->target);
  if (target >= 0) close(target);
  if (tree >= 0) close(tree);
}

// pivot_root(2) with both arguments the same: the old root comes to lie on top of the new one and is taken off.
static void pivot(int root) {
  if (fchdir(root) < 0) die_mount("root-enter", NULL);
  if (syscall(SYS_pivot_root, ".", ".") < 0) die_mount("pivot-root", NULL);
  if (umount2(".", MNT_DETACH) < 0) die_mount("root-detach", NULL);
  if (chdir("/") < 0) die_mount("root-enter", NULL);
}

void mounts_set_up(const struct plan *plan, const struct home *home) {
  if (!creates(plan, MNT)) {
    // A root directory without a mount namespace of its own is only chroot(2).
    if (has(plan, ROOT) && (fchdir(plan->root) < 0 || chroot(".") < 0)) die_errno("chroot", NULL);
    return;
  }
  bool changes = plan->propagation != UNCHANGED;
  unsigned long type = changes ? PROPAGATION_FLAGS[plan->propagation] : 0;
  int root = !has(plan, ROOT) ? -1 : has(plan, ROOT_MOUNT) ? plan->root : root_clone(), top = root;
  if (root >= 0) {
    // pivot_root refuses what is shared. The old tree goes away; the new one is shared, if at all, when it stands.
    set_propagation(AT_FDCWD, "/", AT_RECURSIVE, MS_PRIVATE, "propagation");
    if (changes) set_propagation(root, "", AT_EMPTY_PATH | AT_RECURSIVE, type == MS_SHARED ? MS_PRIVATE : type, "propagation");
    if (move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0) die_mount("root-attach", NULL);
  } else {
    if (changes) set_propagation(AT_FDCWD, "/", AT_RECURSIVE, type, "propagation");
    top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) die_errno("root-open", NULL);
  }
  // Before the old root goes: inside a user namespace a new /proc is granted only where one was wholly visible.
  if (has(plan, FRESH_PROC)) mount_fresh(plan, top, "proc", "/proc", "mount-proc");
  if (has(plan, FRESH_SYS)) fresh_sys(plan, top);
  for (size_t i = 0; i < plan->bind_count; i++) bind_file(&plan->binds[i], top);
  operations_carry_out(plan, home, top);
  if (root < 0) return;
  pivot(root);
  if (type == MS_SHARED) set_propagation(AT_FDCWD, "/", AT_RECURSIVE, type, "propagation");
}
