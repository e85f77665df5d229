// Network namespaces by unshare(2) and setns(2), their names by mounts, as ip-netns(8) has it.
#include "place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char RUN[] = "/run", NAMES[] = "/run/netns";

// The directory of our namespaces, held: /proc may be mounted over. And the network namespace we were started in.
static int own = -1, home = -1;

static int tmpfs(const char *target) {
  return mount("isolab", target, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755");
}

// One entry of the old /run at its place in the new one. What cannot be shown is missing there, and harms nobody else.
static void show(int old, const char *name) {
  struct stat found;
  char target[4096];
  ssize_t length;
  if (fstatat(old, name, &found, AT_SYMLINK_NOFOLLOW) < 0) return;
  if (S_ISLNK(found.st_mode)) {
    length = readlinkat(old, name, target, sizeof target - 1);
    if (length < 0) return;
    target[length] = 0;
    if (symlinkat(target, AT_FDCWD, name) < 0) return;
    return;
  }
  // With what is mounted below: a user namespace may not tear mounts of its parent apart.
  int tree = open_tree(old, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
  if (tree < 0) return;
  int made = S_ISDIR(found.st_mode) ? mkdir(name, 0755) : mknod(name, S_IFREG | 0444, 0);
  if (made == 0 && move_mount(tree, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
    unlinkat(AT_FDCWD, name, S_ISDIR(found.st_mode) ? AT_REMOVEDIR : 0);
  close(tree);
}

// Nobody but root may make a directory in /run: a new /run shows all of the old one, and has room for ours.
static int replace_run(void) {
  int old = open(RUN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (old < 0 || tmpfs(RUN) < 0 || chdir(RUN) < 0) return -1;
  DIR *entries = fdopendir(dup(old));
  if (entries == NULL) return -1;
  for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) show(old, entry->d_name);
  }
  closedir(entries);
  close(old);
  return mkdir(NAMES, 0755);
}

static const char *names_set_up(void) {
  struct stat there;
  if ((lstat(NAMES, &there) < 0 || !S_ISDIR(there.st_mode)) && replace_run() < 0) return "keeper-run";
  // Shared, as ip-netns(8) makes it: mount namespaces copied from this one see names that are made later.
  if (tmpfs(NAMES) < 0 || mount(NULL, NAMES, NULL, MS_SHARED, NULL) < 0) return "keeper-names";
  return chdir(NAMES) < 0 ? "keeper-names" : NULL;
}

static int lo_up(void) {
  struct ifreq request = {.ifr_name = "lo"};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int result = fd < 0 ? -1 : ioctl(fd, SIOCGIFFLAGS, &request);
  request.ifr_flags |= IFF_UP;
  if (result == 0) result = ioctl(fd, SIOCSIFFLAGS, &request);
  if (fd >= 0) close(fd);
  return result;
}

const char *place_set_up(void) {
  own = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
  home = own < 0 ? -1 : openat(own, "net", O_RDONLY | O_CLOEXEC);
  if (home < 0) return "keeper-home";
  // Where people and programs look for a host: there lo is up.
  if (lo_up() < 0) return "keeper-lo";
  return names_set_up();
}

// From a visit: errno stays that of the visit. Elsewhere than at home nothing may go on.
static void go_home(void) {
  int error = errno;
  if (setns(home, CLONE_NEWNET) < 0) _exit(70);
  errno = error;
}

static int rtnetlink(void) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); }

int place_socket(int netns) {
  if (netns < 0) return rtnetlink();
  if (setns(netns, CLONE_NEWNET) < 0) return -1;
  int fd = rtnetlink();
  go_home();
  return fd;
}

int place_events(int *control) {
  if (unshare(CLONE_NEWNET) < 0) return -1;
  int events = rtnetlink();
  *control = events < 0 ? -1 : rtnetlink();
  go_home();
  if (events < 0 || *control >= 0) return events;
  int error = errno;
  close(events);
  errno = error;
  return -1;
}

int place_make(void) {
  if (unshare(CLONE_NEWNET) < 0) return -1;
  int fd = openat(own, "net", O_RDONLY | O_CLOEXEC);
  go_home();
  return fd;
}

// A child goes: the uts namespace we are in ourselves belongs to the host, so that there would be no way back.
static void visit_uts(int uts, int says) {
  char name[HOST_NAME_MAX + 1] = "";
  if (setns(uts, CLONE_NEWUTS) < 0) _exit(errno);
  gethostname(name, sizeof name - 1);
  _exit(write(says, name, strlen(name)) < 0 ? errno : 0);
}

int place_host_name(int uts) {
  int ends[2], status = 0;
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  pid_t child = fork();
  if (child == 0) visit_uts(uts, ends[1]);
  int error = child < 0 ? errno : 0;
  close(ends[1]);
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (error == 0 && status != 0) error = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
  if (error == 0) return ends[0];
  close(ends[0]);
  errno = error;
  return -1;
}

int place_pin(const char *name, int netns) {
  if (ioctl(netns, NS_GET_NSTYPE) != CLONE_NEWNET) {
    errno = EINVAL;
    return -1;
  }
  int tree = open_tree(netns, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
  if (tree < 0) return -1;
  int result = move_mount(tree, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH), error = errno;
  close(tree);
  errno = error;
  return result;
}

int place_pin_new(const char *name, int netns) {
  int fd = open(name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  close(fd);
  if (place_pin(name, netns) == 0) return 0;
  int error = errno;
  unlink(name);
  errno = error;
  return -1;
}

int place_unpin(const char *name) {
  // EINVAL: a stale name, on which nothing is mounted. A symbolic link leads to somebody else's mount.
  if (umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL) return -1;
  return unlink(name);
}
