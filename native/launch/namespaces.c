// Namespaces by clone3(2), unshare(2) and setns(2); user_namespaces(7), time_namespaces(7).
#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "maps.h"
#include "report.h"

void home_open(struct home *home) {
  home->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (home->proc < 0) die_errno("open-proc", NULL);
  for (int kind = 0; kind < KINDS; kind++) {
    char path[32];
    snprintf(path, sizeof path, "self/ns/%s", kinds[kind].name);
    // A kernel without this kind has no such file; whoever asks for the kind gets the kernel's answer.
    if (fstatat(home->proc, path, &home->kinds[kind], 0) < 0) home->kinds[kind] = (struct stat){0};
  }
}

static bool same(const struct stat *a, const struct stat *b) { return a->st_dev == b->st_dev && a->st_ino == b->st_ino; }

void joins_prune(struct plan *plan, const struct home *home) {
  for (int kind = 0; kind < KINDS; kind++) {
    struct stat joined;
    if (!joins(plan, kind)) continue;
    if (fstat(plan->join[kind], &joined) < 0) die_errno(kinds[kind].join_step, NULL);
    if (!same(&joined, &home->kinds[kind])) continue;
    close(plan->join[kind]);
    plan->join[kind] = -1;
  }
  if (!has(plan, OWNER) || creates(plan, USER) || joins(plan, USER)) return;
  // It was the home user namespace that should be joined: there the owner's ids are simply the program's.
  if (!has(plan, USER_IDS)) {
    plan->seen |= UINT64_C(1) << USER_IDS | UINT64_C(1) << GROUPS;
    plan->uid = plan->owner_uid;
    plan->gid = plan->owner_gid;
    plan->groups = plan->owner_groups;
  }
  plan->seen &= ~(UINT64_C(1) << OWNER);
}

// From here on the base is what "our own" means of a user namespace: joining it is no work, and ending in it no error.
void base_prune(struct plan *plan, struct home *home) {
  struct stat base;
  if (plan->base < 0) return;
  if (fstat(plan->base, &base) < 0) die_errno("enter-base", NULL);
  if (same(&base, &home->kinds[USER])) {
    close(plan->base);
    plan->base = -1;
  }
  home->kinds[USER] = base;
}

void base_enter(const struct plan *plan) {
  if (plan->base >= 0 && setns(plan->base, CLONE_NEWUSER) < 0) die_errno("enter-base", NULL);
}

bool joins_any(const struct plan *plan) {
  for (int kind = 0; kind < KINDS; kind++) {
    if (joins(plan, kind)) return true;
  }
  return false;
}

uint64_t create_flags(const struct plan *plan) {
  uint64_t flags = 0;
  for (int kind = 0; kind < KINDS; kind++) {
    bool later = kind == TIME || (kind == CGROUP && has(plan, CGROUPS));
    if (creates(plan, kind) && !later) flags |= kinds[kind].flag;
  }
  return flags;
}

pid_t clone_process(uint64_t flags, bool sibling, int group) {
  // With CLONE_PARENT the exit signal is the caller's own.
  struct clone_args arguments = {.flags = flags | (sibling ? CLONE_PARENT : 0), .exit_signal = sibling ? 0 : SIGCHLD};
  if (group >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (unsigned int)group;
  }
  return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static bool join_one(const struct plan *plan, enum kind kind) {
  return setns(plan->join[kind], (int)kinds[kind].flag) == 0;
}

// First with the rights we came with, then as whoever the user namespace makes of us: its own namespaces are open to
// an ordinary user only then, those of others only before.
void join_all(const struct plan *plan) {
  bool left[KINDS] = {false};
  for (int kind = 0; kind < KINDS; kind++) {
    if (kind == USER || !joins(plan, kind) || join_one(plan, kind)) continue;
    if (errno != EPERM || !joins(plan, USER)) die_errno(kinds[kind].join_step, NULL);
    left[kind] = true;
  }
  if (joins(plan, USER)) {
    if (has(plan, OWNER)) owner_become(plan);
    if (!join_one(plan, USER)) die_errno(kinds[USER].join_step, NULL);
  }
  for (int kind = 0; kind < KINDS; kind++) {
    if (left[kind] && !join_one(plan, kind)) die_errno(kinds[kind].join_step, NULL);
  }
}

// Changing uid clears the effective set; what is permitted may be raised again (capabilities(7)).
static void raise_capabilities(void) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &head, data) < 0) die_errno("owner", NULL);
  data[0].effective = data[0].permitted;
  data[1].effective = data[1].permitted;
  if (syscall(SYS_capset, &head, data) < 0) die_errno("owner", NULL);
}

void owner_take(const struct plan *plan) {
  if (setgroups(plan->owner_groups.count, plan->owner_groups.ids) < 0) die_errno("owner-groups", NULL);
  if (setresgid((gid_t)-1, plan->owner_gid, (gid_t)-1) < 0) die_errno("owner", NULL);
  if (setresuid((uid_t)-1, plan->owner_uid, (uid_t)-1) < 0) die_errno("owner", NULL);
  raise_capabilities();
}

void owner_leave(uid_t uid, gid_t gid) {
  if (setresuid((uid_t)-1, uid, (uid_t)-1) < 0) die_errno("owner-leave", NULL);
  if (setresgid((gid_t)-1, gid, (gid_t)-1) < 0) die_errno("owner-leave", NULL);
}

void owner_become(const struct plan *plan) {
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) die_errno("owner", NULL);
  if (setresgid(plan->owner_gid, plan->owner_gid, plan->owner_gid) < 0) die_errno("owner", NULL);
  if (setresuid(plan->owner_uid, plan->owner_uid, plan->owner_uid) < 0) die_errno("owner", NULL);
  raise_capabilities();
}

void root_user_take(const struct plan *plan) {
  if (!creates(plan, USER) || has(plan, OWNER) || !(has(plan, ROOT_MOUNT) || has(plan, OPERATION))) return;
  if (setresgid(0, 0, 0) < 0) die_errno("setresgid", NULL);
  if (setresuid(0, 0, 0) < 0) die_errno("setresuid", NULL);
}

void write_offsets(const struct plan *plan, const struct home *home, pid_t pid) {
  char path[48], text[96];
  int size = 0;
  if (has(plan, MONOTONIC)) size += sprintf(text, "monotonic %lld 0\n", (long long)plan->monotonic);
  if (has(plan, BOOTTIME)) size += sprintf(text + size, "boottime %lld 0\n", (long long)plan->boottime);
  snprintf(path, sizeof path, "%d/timens_offsets", pid);
  write_file(home->proc, path, text, (size_t)size, "time-offsets");
}

void create_time(void) {
  if (unshare((int)kinds[TIME].flag) < 0) die_errno("create-time", NULL);
}

void enter_time(const struct home *home) {
  int fd = openat(home->proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, (int)kinds[TIME].flag) < 0) die_errno("create-time", NULL);
  close(fd);
}

void verify(const struct plan *plan, const struct home *home) {
  for (int kind = 0; kind < KINDS; kind++) {
    struct stat now = {0}, wanted;
    char path[32];
    bool right;
    snprintf(path, sizeof path, "self/ns/%s", kinds[kind].name);
    if (fstatat(home->proc, path, &now, 0) < 0 && errno != ENOENT) die_errno("verify", kinds[kind].name);
    if (joins(plan, kind)) {
      right = fstat(plan->join[kind], &wanted) == 0 && same(&now, &wanted);
    } else {
      right = same(&now, &home->kinds[kind]) != creates(plan, kind);
    }
    errno = 0;
    if (!right) die_errno("verify", kinds[kind].name);
  }
}
