// isolab-launch: makes and joins namespaces and runs one program in them, as its parent. Everything it does comes from
// the plan on descriptor 3; it has no options. Three stages: the launcher (home, stays as parent), a first child that
// enters the base and joins, and, where joining pid or creating a user or pid namespace after that asks for it, a second
// that is the program.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "become.h"
#include "cgroups.h"
#include "maps.h"
#include "mounts.h"
#include "namespaces.h"
#include "plan.h"
#include "program.h"
#include "report.h"
#include "supervise.h"

// The parent's leave to go on. At end of file the parent is gone or gave up: then nothing may run.
static void await_parent(int socket) {
  char byte;
  ssize_t got;
  while ((got = recv(socket, &byte, 1, 0)) < 0 && errno == EINTR) continue;
  if (got != 1) _exit(1);
}

static _Noreturn void become_program(struct plan *plan, const struct home *home, int socket) {
  // Here runs the process that will be the program, in all its namespaces but time, with every capability in its user
  // namespace: those of the launcher, or all of a new or joined one.
  cgroups_unshare(plan);
  if (creates(plan, TIME)) {
    create_time();
    if (has(plan, MONOTONIC) || has(plan, BOOTTIME)) {
      report(OFFSETS, 0);
      await_parent(socket);
    }
    enter_time(home);
  }
  // The parent is told who the program will be while the rest is set up: it need not be waited for twice.
  if (has(plan, HOLD)) report(READY, 0);
  verify(plan, home);
  root_user_take(plan);
  if (plan->hostname != NULL && sethostname(plan->hostname, strlen(plan->hostname)) < 0) die_errno("hostname", NULL);
  if (plan->domainname != NULL && setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
    die_errno("domainname", NULL);
  mounts_set_up(plan, home);
  if (has(plan, HOLD)) await_parent(socket);
  program_run(plan, socket);
}

// Whether the first child goes somewhere before anything is created.
static bool moves(const struct plan *plan) { return plan->base >= 0 || joins_any(plan); }

// A kind that only a child can have, or that needs somebody else to write maps, asks for a second process once there.
static bool needs_second(const struct plan *plan) {
  return moves(plan) && (joins(plan, PID) || creates(plan, PID) || creates(plan, USER));
}

static _Noreturn void first_child(struct plan *plan, const struct home *home, int socket) {
  report_through(socket);
  cgroups_enter(plan);
  if (moves(plan)) {
    // Here runs a copy of the launcher at home, with its privileges; nothing is created before everything is joined,
    // for in a new user namespace there are no rights to join any more. An ordinary user's rights begin in the base.
    base_enter(plan);
    join_all(plan);
    if (needs_second(plan)) {
      pid_t program = clone_process(create_flags(plan), true, -1);
      if (program < 0) die_errno("clone", NULL);
      if (program > 0) {
        // Here runs the joiner, done: the program is the launcher's child, not ours. The launcher is no part of the base,
        // so that the kernel takes the maps from here only.
        if (plan->base >= 0 && creates(plan, USER)) write_maps(plan, home, program);
        report(PROGRAM, program);
        _exit(0);
      }
      // Here runs the program's process, with the rights of the joined namespaces, or of a new user namespace.
      await_parent(socket);
    } else if (create_flags(plan) != 0 && unshare((int)create_flags(plan)) < 0) {
      die_errno("unshare", NULL);
    }
  } else if (creates(plan, USER)) {
    // Here runs the first process of a new user namespace, without ids until the launcher has written its maps.
    await_parent(socket);
  }
  become_program(plan, home, socket);
}

// The launcher lives as long as the program: nothing it holds, known to it or not, may keep a terminal, a pipe or a
// namespace alive.
static void drop_descriptors(int null, const int *kept, size_t count) {
  int last = CHANNEL;
  for (int fd = 0; fd <= 2; fd++) {
    if (dup2(null, fd) < 0) die_errno("descriptors", NULL);
  }
  for (size_t i = 0; i < count; i++) {
    if (kept[i] > last) last = kept[i];
  }
  for (int fd = CHANNEL + 1; fd < last; fd++) {
    bool keep = false;
    for (size_t i = 0; i < count; i++) keep = keep || kept[i] == fd;
    if (!keep) close(fd);
  }
  if (close_range((unsigned)last + 1, ~0U, 0) < 0) die_errno("descriptors", NULL);
}

static void oom_score_set(const struct plan *plan, const struct home *home, char before[16]) {
  char text[16];
  int file = openat(home->proc, "self/oom_score_adj", O_RDONLY | O_CLOEXEC);
  ssize_t size = file < 0 ? -1 : read(file, before, 15);
  if (size <= 0) die_errno("oom-score-adj", NULL);
  before[size] = 0;
  close(file);
  int length = snprintf(text, sizeof text, "%d", plan->oom_score_adj);
  write_file(home->proc, "self/oom_score_adj", text, (size_t)length, "oom-score-adj");
}

int main(void) {
  // Static: as long-lived as the process.
  static struct plan plan;
  struct home home;
  int pair[2];
  // Here runs the launcher, at home, with the rights it was started with; it never gives them up and never moves.
  if (fcntl(CHANNEL, F_GETFD) < 0) {
    fputs("isolab-launch is started by the Isolab helper; it reads its plan from descriptor 3\n", stderr);
    return 64;
  }
  plan_read(&plan);
  // The helper and the terminal may go; the program's parent stays.
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  if (setsid() < 0 && errno != EPERM) die_errno("setsid", NULL);
  // While a child of ours is in a namespace and not yet the program, it still holds what is the host's: nobody inside may
  // look into it or trace it, not even root of its user namespace. exec(2) ends this. Without being root ourselves we
  // could then not write its maps and offsets any more; in namespaces this new there is nobody else.
  bool writes = creates(&plan, USER) || has(&plan, MONOTONIC) || has(&plan, BOOTTIME);
  if ((geteuid() == 0 || !writes) && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) die_errno("undumpable", NULL);
  home_open(&home);
  base_prune(&plan, &home);
  joins_prune(&plan, &home);
  bool second = needs_second(&plan);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) die_errno("open-null", NULL);
  root_enter(&plan);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) die_errno("socketpair", NULL);

  struct pipes pipes;
  pipes_open(&plan, &pipes);
  // Inherited by the child, and taken back: below a user namespace only we could write it.
  char score[16] = "";
  if (has(&plan, OOM_SCORE_ADJ)) oom_score_set(&plan, &home, score);

  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (has(&plan, OWNER)) owner_take(&plan);
  int group = cgroups_born_in(&plan);
  pid_t child = clone_process(moves(&plan) ? 0 : create_flags(&plan), false, group);
  if (child < 0) die_errno(group >= 0 && cgroups_refused(errno) ? "cgroup-enter" : "clone", NULL);
  if (child == 0) {
    close(pair[0]);
    pipes_take(&pipes);
    first_child(&plan, &home, pair[1]);
  }
  // Here runs the launcher again, the child's parent. No file system stays busy for its sake.
  if (chdir("/") < 0) die_errno("open-root", NULL);
  close(pair[1]);
  if (has(&plan, OOM_SCORE_ADJ)) write_file(home.proc, "self/oom_score_adj", score, strlen(score), "oom-score-adj");
  const int kept[] = {plan.link,       plan.status_file, home.proc,     pair[0],       plan.monitor.program, plan.monitor.control,
                      plan.monitor.log, plan.monitor.client, pipes.ours[0], pipes.ours[1], pipes.ours[2]};
  drop_descriptors(null, kept, sizeof kept / sizeof *kept);
  if (has(&plan, OWNER)) owner_leave(uid, gid);
  int master;
  pid_t program = supervise_start(&plan, &home, child, pair[0], second, &master);
  close(pair[0]);
  close(home.proc);
  if (has(&plan, MONITOR)) monitor_become(&plan, &pipes, master, program);
  char line[48];
  int length = snprintf(line, sizeof line, "{\"started\":%d}\n", program);
  // Whoever asked may be gone by now; the program runs all the same.
  if (send(CHANNEL, line, (size_t)length, MSG_NOSIGNAL) < 0) errno = 0;
  close(CHANNEL);
  _exit(supervise_run(&plan, program));
}
