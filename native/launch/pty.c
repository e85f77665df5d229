// Pseudo-terminals, pty(7), by descriptor throughout: what lies in /dev is the image's.
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mounts.h"
#include "report.h"
#include "root.h"

static int open_inside(const char *path, uint64_t flags, uint64_t mode) {
  struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = RESOLVE_NO_MAGICLINKS};
  return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

// The slave bound over a file there, as other programs open it by that name.
static void make_console(int slave) {
  int target = open_inside("/dev/console", O_PATH, 0);
  if (target < 0 && errno == ENOENT) {
    int made = open_inside("/dev/console", O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0600);
    if (made >= 0) close(made);
    target = open_inside("/dev/console", O_PATH, 0);
  }
  int tree = target < 0 ? -1 : open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
  if (tree < 0 || !attach(tree, target)) die_mount("console", "/dev/console");
  close(tree);
  close(target);
}

void pty_open(const struct plan *plan) {
  struct stat found;
  struct winsize size = {.ws_row = plan->rows, .ws_col = plan->columns};
  int unlock = 0;
  int master = open_inside("/dev/ptmx", O_RDWR | O_NOCTTY, 0);
  if (master < 0 || fstat(master, &found) < 0) die_errno("pty", "/dev/ptmx");
  // Any other device would answer to our orders in a way of its own.
  if (!S_ISCHR(found.st_mode) || found.st_rdev != makedev(5, 2)) {
    errno = ENODEV;
    die_errno("pty", "/dev/ptmx");
  }
  if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0) die_errno("pty", "/dev/ptmx");
  int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) die_errno("pty", "/dev/ptmx");
  if (has(plan, USER_IDS) && fchown(slave, plan->uid, (gid_t)-1) < 0) die_errno("pty", "/dev/ptmx");
  if (creates(plan, MNT)) make_console(slave);
  report_terminal(master);
  for (int fd = 0; fd <= 2; fd++) {
    if (dup2(slave, fd) < 0) die_errno("pty", "/dev/ptmx");
  }
  close(slave);
  close(master);
}

void stdio_own(const struct plan *plan) {
  struct stat found;
  for (int fd = 0; fd <= 2; fd++) {
    // Not a file or device: these are somebody's.
    if (fstat(fd, &found) < 0 || !S_ISFIFO(found.st_mode)) continue;
    if (fchown(fd, plan->uid, plan->gid) < 0) die_errno("descriptors", NULL);
  }
}
