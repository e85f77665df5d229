// Entering control groups and showing them; cgroups(7), cgroup_namespaces(7).
#include "cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mounts.h"
#include "report.h"

enum { ATTRIBUTES = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, MAX_CONTROLLERS = 16 };

static bool is_directory(uint32_t descriptor) {
  struct stat found;
  return fstat((int)descriptor, &found) == 0 && S_ISDIR(found.st_mode);
}

int cgroups_born_in(const struct plan *plan) {
  int found = -1;
  for (size_t i = 0; i < plan->cgroup_count; i++) {
    if (!is_directory(plan->cgroups[i])) continue;
    errno = EINVAL;
    if (found >= 0) die_errno("cgroup-enter", NULL);
    found = (int)plan->cgroups[i];
  }
  return found;
}

bool cgroups_refused(int error) {
  return error == EBADF || error == ENODEV || error == EBUSY || error == EACCES || error == EOPNOTSUPP;
}

void cgroups_enter(const struct plan *plan) {
  for (size_t i = 0; i < plan->cgroup_count; i++) {
    // Born in it.
    if (is_directory(plan->cgroups[i])) {
      close((int)plan->cgroups[i]);
      continue;
    }
    // 0 is the writer, whatever its number is where the file was opened.
    if (write((int)plan->cgroups[i], "0", 1) != 1) die_errno("cgroup-enter", NULL);
    close((int)plan->cgroups[i]);
  }
}

void cgroups_unshare(const struct plan *plan) {
  if (creates(plan, CGROUP) && has(plan, CGROUPS) && unshare(CLONE_NEWCGROUP) < 0) die_errno("create-cgroup", NULL);
}

static bool mount_below(int directory, const char *name, const char *type, char **options) {
  int target = -1, mount = -1;
  bool done = (mkdirat(directory, name, 0755) == 0 || errno == EEXIST) &&
              (target = openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) >= 0 &&
              (mount = mount_new(type, options, ATTRIBUTES)) >= 0 && attach(mount, target);
  if (!done) report_note("cgroup", name);
  if (mount >= 0) close(mount);
  if (target >= 0) close(target);
  return done;
}

// One hierarchy of version 1 by its controllers, "cpu,cpuacct" or "name=systemd"; each controller of several also finds it
// by its own name.
static void show_hierarchy(int directory, char *controllers) {
  static char EMPTY[] = "";
  char *options[2 * MAX_CONTROLLERS + 1] = {NULL}, name[256];
  size_t count = 0;
  if (strncmp(controllers, "name=", 5) == 0) {
    options[0] = (char[]){"name"};
    options[1] = controllers + 5;
    mount_below(directory, controllers + 5, "cgroup", options);
    return;
  }
  snprintf(name, sizeof name, "%s", controllers);
  for (char *each = strtok(controllers, ","); each != NULL && count < MAX_CONTROLLERS; each = strtok(NULL, ",")) {
    options[2 * count] = each;
    options[2 * count++ + 1] = EMPTY;
  }
  if (!mount_below(directory, name, "cgroup", options) || count < 2) return;
  for (size_t i = 0; i < count; i++) {
    if (symlinkat(name, directory, options[2 * i]) < 0) report_note("cgroup", options[2 * i]);
  }
}

bool cgroups_show(const struct home *home, int target) {
  char list[8192];
  int file = openat(home->proc, "self/cgroup", O_RDONLY | O_CLOEXEC);
  ssize_t size = file < 0 ? -1 : read(file, list, sizeof list - 1);
  if (size < 0) return false;
  close(file);
  list[size] = 0;
  // Lines of NUMBER:CONTROLLERS:PATH; 0:: is version 2.
  bool second_only = strncmp(list, "0::", 3) == 0 && strchr(list, '\n') == list + size - 1;
  if (second_only) {
    int mount = mount_new("cgroup2", NULL, ATTRIBUTES);
    bool done = mount >= 0 && attach(mount, target);
    if (mount >= 0) close(mount);
    return done;
  }
  char *options[] = {(char[]){"mode"}, (char[]){"755"}, NULL};
  int mount = mount_new("tmpfs", options, ATTRIBUTES & ~MOUNT_ATTR_RDONLY);
  if (mount < 0 || !attach(mount, target)) return false;
  char *rest = list;
  for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
    char *controllers = strchr(line, ':'), *end = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (end == NULL) continue;
    *end = 0;
    if (controllers + 1 == end) {
      mount_below(mount, "unified", "cgroup2", NULL);
    } else {
      show_hierarchy(mount, controllers + 1);
    }
  }
  struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
  bool done = mount_setattr(mount, "", AT_EMPTY_PATH, &readonly, sizeof readonly) == 0;
  close(mount);
  return done;
}
