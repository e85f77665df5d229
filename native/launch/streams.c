// Pseudo-terminals, pty(7), and devices, by descriptor throughout: what lies in /dev is the image's.
#include "streams.h"

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

// That very device: any other would answer to our orders in a way of its own, a FIFO would wait.
static int open_device(const char *path, uint64_t flags, dev_t wanted) {
  struct stat found;
  int fd = open_inside(path, flags | O_NOCTTY | O_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (fstat(fd, &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == wanted) return fd;
  close(fd);
  errno = ENODEV;
  return -1;
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
  struct winsize size = {.ws_row = plan->rows, .ws_col = plan->columns};
  int unlock = 0;
  int master = open_device("/dev/ptmx", O_RDWR, makedev(5, 2));
  if (master < 0) die_errno("pty", "/dev/ptmx");
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

void input_none(void) {
  int pair[2] = {open_device("/dev/null", O_RDONLY, makedev(1, 3)), -1};
  // A pipe that nobody writes to has nothing either; only its path is not to be opened.
  if (pair[0] < 0 && pipe2(pair, O_CLOEXEC) < 0) die_errno("pipes", NULL);
  if (dup2(pair[0], 0) < 0) die_errno("pipes", NULL);
  fcntl(0, F_SETFL, 0);
  close(pair[0]);
  if (pair[1] >= 0) close(pair[1]);
}

void stdio_own(const struct plan *plan) {
  struct stat found;
  // There they belong to nobody who is known, and are everybody's who holds them.
  if (creates(plan, USER) || joins(plan, USER)) return;
  for (int fd = 0; fd <= 2; fd++) {
    // Not a file or device: these are somebody's.
    if (fstat(fd, &found) < 0 || !S_ISFIFO(found.st_mode)) continue;
    if (fchown(fd, plan->uid, plan->gid) < 0) die_errno("descriptors", NULL);
  }
}
