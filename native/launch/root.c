// Operations on a new root. Every target is looked up inside it and from then on held by descriptor, never by path again.
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cgroups.h"
#include "mounts.h"
#include "report.h"

static const char *const STEPS[OPERATIONS] = {
    "operation-attach",    "operation-mount", "operation-cgroups", "operation-device",   "operation-symlink",
    "operation-directory", "operation-file",  "operation-mask",    "operation-readonly", "operation-root-readonly",
};

int open_below(int top, const char *path, uint64_t resolve) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve};
  return (int)syscall(SYS_openat2, top, path, &how, sizeof how);
}

// The same for a directory that may be missing, with all on the way: made with this mode. -1 with errno.
static int make_directories(int top, const char *path, mode_t mode) {
  char prefix[4096];
  int found = open_below(top, path, 0);
  if (found >= 0 || errno != ENOENT) return found;
  size_t length = strlen(path);
  if (length >= sizeof prefix) return errno = ENAMETOOLONG, -1;
  int parent = open_below(top, "/", 0);
  for (size_t at = 0; parent >= 0 && at < length;) {
    size_t start = at + strspn(path + at, "/"), end = start + strcspn(path + start, "/");
    memcpy(prefix, path, end);
    prefix[end] = 0;
    int next = open_below(top, prefix, 0);
    if (next < 0 && errno == ENOENT) {
      // A link that leads nowhere is in the way: EEXIST.
      next = mkdirat(parent, prefix + start, mode) == 0 ? open_below(top, prefix, 0) : -1;
    }
    int error = errno;
    close(parent);
    errno = error;
    parent = next;
    at = end;
  }
  return parent;
}

static _Noreturn void fail(const struct operation *operation) {
  // Propagation, the usual cause elsewhere, is none here.
  if (errno == EINVAL) die_errno(STEPS[operation->kind], operation->target);
  die_mount(STEPS[operation->kind], operation->target);
}

// The directory that the target's last name lies in.
static int open_parent(const struct operation *operation, int top, const char **name) {
  char path[4096];
  *name = strrchr(operation->target, '/') + 1;
  size_t length = (size_t)(*name - operation->target);
  snprintf(path, sizeof path, "%.*s", (int)(length > 1 ? length - 1 : length), operation->target);
  int parent = make_directories(top, path, 0755);
  if (parent < 0) fail(operation);
  return parent;
}

static int open_target(const struct operation *operation, int top, bool file) {
  const char *name;
  int target = open_below(top, operation->target, 0);
  if (target >= 0 || errno != ENOENT) return target;
  if (!file) return make_directories(top, operation->target, 0755);
  int parent = open_parent(operation, top, &name);
  int made = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
  if (made < 0) fail(operation);
  close(made);
  close(parent);
  return open_below(top, operation->target, RESOLVE_NO_SYMLINKS);
}

static uint64_t attributes(uint32_t flags) {
  return (flags & 1 ? MOUNT_ATTR_RDONLY : 0) | (flags & 2 ? MOUNT_ATTR_NOSUID : 0) | (flags & 4 ? MOUNT_ATTR_NODEV : 0) |
         (flags & 8 ? MOUNT_ATTR_NOEXEC : 0);
}

static bool restrict_mount(int mount, unsigned int recursive, uint64_t attr_set) {
  struct mount_attr change = {.attr_set = attr_set};
  return attr_set == 0 || mount_setattr(mount, "", AT_EMPTY_PATH | recursive, &change, sizeof change) == 0;
}

static void attach_mount(const struct operation *operation, int top) {
  bool exists = (operation->words[2] & TARGET_EXISTS) != 0;
  int mount = (int)operation->words[0];
  int target = exists ? open_below(top, operation->target, 0) : open_target(operation, top, operation->words[1] == AS_FILE);
  if (target < 0 || !restrict_mount(mount, AT_RECURSIVE, attributes(operation->words[2])) || !attach(mount, target))
    fail(operation);
  close(target);
}

static void mount_type(const struct operation *operation, int top) {
  const char *type = mount_types[operation->words[0]];
  int target = open_target(operation, top, false);
  int mount = target < 0 ? -1 : mount_new(type, operation->options, (unsigned int)attributes(operation->words[1]));
  if (mount < 0 || !attach(mount, target)) fail(operation);
  close(mount);
  close(target);
}

static void make_device(const struct operation *operation, int top) {
  const uint32_t *words = operation->words;
  const char *name;
  int parent = open_parent(operation, top, &name);
  if (mknodat(parent, name, (words[0] != 0 ? S_IFBLK : S_IFCHR) | 0600, makedev(words[1], words[2])) < 0 ||
      fchownat(parent, name, words[4], words[5], AT_SYMLINK_NOFOLLOW) < 0 || fchmodat(parent, name, words[3], 0) < 0)
    fail(operation);
  close(parent);
}

static void make_link(const struct operation *operation, int top) {
  const char *name;
  int parent = open_parent(operation, top, &name);
  if (symlinkat(operation->to, parent, name) < 0 && errno != EEXIST) fail(operation);
  close(parent);
}

static void make_directory(const struct operation *operation, int top) {
  int made = make_directories(top, operation->target, operation->words[0]);
  if (made < 0) fail(operation);
  close(made);
}

// Never through a link, and never into a file that another layer or a hard link shares.
static void make_file(const struct operation *operation, int top) {
  const char *name;
  int parent = open_parent(operation, top, &name);
  if (unlinkat(parent, name, 0) < 0 && errno != ENOENT) fail(operation);
  int file = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) fail(operation);
  ssize_t put = operation->size == 0 ? 0 : write(file, operation->content, operation->size);
  if (put >= 0 && put < (ssize_t)operation->size) errno = ENOSPC;
  if (put != (ssize_t)operation->size || fchmod(file, operation->words[0]) < 0) fail(operation);
  close(file);
  close(parent);
}

// A copy of the old root's /dev/null, which nobody can read anything from. It is the host's own file: read-only, so that
// root inside cannot change its mode.
static int null_mount(void) {
  struct stat found;
  int tree = open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return -1;
  bool null = fstat(tree, &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == makedev(1, 3);
  if (!null) errno = ENODEV;
  if (null && restrict_mount(tree, 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)) return tree;
  int error = errno;
  close(tree);
  errno = error;
  return -1;
}

static void mask_path(const struct operation *operation, int top) {
  struct stat found;
  int target = open_below(top, operation->target, 0);
  if (target < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
  if (target < 0 || fstat(target, &found) < 0) fail(operation);
  int mount = S_ISDIR(found.st_mode) ? mount_new("tmpfs", NULL, (unsigned int)attributes(15)) : null_mount();
  if (mount < 0 || !attach(mount, target)) fail(operation);
  close(mount);
  close(target);
}

static void make_readonly(const struct operation *operation, int top) {
  int target = open_below(top, operation->target, 0);
  if (target < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
  unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
  int tree = target < 0 ? -1 : open_tree(target, "", flags);
  if (tree < 0 || !restrict_mount(tree, AT_RECURSIVE, MOUNT_ATTR_RDONLY) || !attach(tree, target)) fail(operation);
  close(tree);
  close(target);
}

static void show_cgroups(const struct operation *operation, const struct home *home, int top) {
  int target = open_target(operation, top, false);
  if (target < 0 || !cgroups_show(home, target)) fail(operation);
  close(target);
}

void cwd_make(const struct plan *plan, int top) {
  umask(0);
  int made = make_directories(top, plan->cwd, 0755);
  if (made < 0) die_errno("cwd", plan->cwd);
  close(made);
}

void operations_carry_out(const struct plan *plan, const struct home *home, int top) {
  // Modes are what the plan says; the program gets a mask of its own.
  const struct operation *readonly = NULL;
  umask(0);
  for (size_t i = 0; i < plan->operation_count; i++) {
    const struct operation *operation = &plan->operations[i];
    switch (operation->kind) {
      case ATTACH: attach_mount(operation, top); break;
      case MOUNT: mount_type(operation, top); break;
      case CGROUP_TREE: show_cgroups(operation, home, top); break;
      case DEVICE: make_device(operation, top); break;
      case SYMLINK: make_link(operation, top); break;
      case DIRECTORY: make_directory(operation, top); break;
      case FILE_CONTENT: make_file(operation, top); break;
      case MASK_PATH: mask_path(operation, top); break;
      case READONLY: make_readonly(operation, top); break;
      case ROOT_READONLY: readonly = operation; break;
      case OPERATIONS: break;
    }
  }
  if (readonly == NULL) return;
  // Later it could no longer be made.
  if (has(plan, CREATE_CWD)) cwd_make(plan, top);
  if (!restrict_mount(top, 0, MOUNT_ATTR_RDONLY)) fail(readonly);
}
