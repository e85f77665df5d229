// Privilege drop, terminal, working directory, signals, exec: in this order, each for a reason told where it stands.
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "additions.h"
#include "confine.h"
#include "init.h"
#include "interpreter.h"
#include "report.h"
#include "root.h"
#include "streams.h"
#include "user.h"

static const char DEFAULT_PATH[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Nothing of ours may be reachable by the working directory, by /proc/self/fd or by the program (CVE-2024-21626).
static int keep_only(int parent) {
  int kept = CHANNEL;
  if (dup3(parent, kept, O_CLOEXEC) < 0) die_errno("descriptors", NULL);
  report_through(kept);
  if (close_range((unsigned)kept + 1, ~0U, 0) < 0) die_errno("descriptors", NULL);
  return kept;
}

// Groups first: without uid 0 they can no longer be changed. User last, for all other steps need its rights.
static void take_ids(const struct plan *plan) {
  if (has(plan, GROUPS) && setgroups(plan->groups.count, plan->groups.ids) < 0) die_errno("setgroups", NULL);
  if (!has(plan, USER_IDS)) return;
  if (setresgid(plan->gid, plan->gid, plan->gid) < 0) die_errno("setresgid", NULL);
  if (setresuid(plan->uid, plan->uid, plan->uid) < 0) die_errno("setresuid", NULL);
}

// A session of its own, so that nothing inside can type into another shell's terminal (TIOCSTI). The terminal is taken
// without force: one that another session still has is refused. The kernel makes us its foreground group on the way.
static void take_terminal(void) {
  if (setsid() < 0) die_errno("setsid", NULL);
  for (int fd = 0; fd <= 2; fd++) {
    if (!isatty(fd)) continue;
    if (ioctl(fd, TIOCSCTTY, 0) < 0) die_errno("controlling-terminal", NULL);
    return;
  }
}

static void enter_directory(const char *path, bool required) {
  if (chdir(path) == 0) return;
  if (required) die_errno("cwd", path);
  report_note("cwd", path);
  if (chdir("/") < 0) die_errno("cwd", "/");
}

// All 64, by the kernel's own call: libc refuses two that it keeps for itself and that posix_spawn(3) leaves ignored.
static void reset_signals(void) {
  // Handler SIG_DFL, no flags, no restorer, empty mask: the kernel's struct sigaction is all zero.
  static const uint64_t DEFAULT[4];
  sigset_t none;
  for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, DEFAULT, NULL, 8);
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) die_errno("signals", NULL);
}

struct attempt {
  int error;           // of the best failure so far
  const char *step;
  char path[4096 + 256];  // the file it was about
};

static void try_one(struct attempt *attempt, const char *file, const struct plan *plan) {
  struct stat found;
  execve(file, plan->arguments, plan->environment);
  int error = errno;
  if (error == ENOEXEC) {
    // A script without #!: execvp(3) hands it to the shell, so do we.
    size_t count = 0;
    while (plan->arguments[count] != NULL) count++;
    const char **arguments = calloc(count + 2, sizeof *arguments);
    if (arguments == NULL) die_errno("exec", file);
    arguments[0] = "/bin/sh";
    arguments[1] = file;
    for (size_t i = 1; i < count; i++) arguments[i + 1] = plan->arguments[i];
    execve(arguments[0], (char **)arguments, plan->environment);
    free(arguments);
  }
  bool exists = stat(file, &found) == 0;
  // Missing is the weakest news: another place in PATH may have said something better.
  if ((error == ENOENT || error == ENOTDIR) && !exists && attempt->step != NULL) return;
  if (attempt->error == EACCES || (attempt->step != NULL && strcmp(attempt->step, "exec-interpreter") == 0)) return;
  attempt->error = error;
  attempt->step = "exec";
  snprintf(attempt->path, sizeof attempt->path, "%s", file);
  if (error == ENOENT && exists) {
    // The file is there: what the kernel misses is what the file names to run it.
    attempt->step = "exec-interpreter";
    interpreter_of(file, attempt->path, sizeof attempt->path);
  }
}

static const char *search_path(const struct plan *plan) {
  for (char **variable = plan->environment; *variable != NULL; variable++) {
    if (strncmp(*variable, "PATH=", 5) == 0) return *variable + 5;
  }
  return DEFAULT_PATH;
}

static _Noreturn void execute(const struct plan *plan) {
  const char *name = plan->arguments[0];
  struct attempt attempt = {0};
  if (strchr(name, '/') != NULL) {
    try_one(&attempt, name, plan);
  } else {
    const char *path = search_path(plan);
    for (;;) {
      size_t length = strcspn(path, ":");
      char file[4096 + 256];
      // An empty element is the working directory.
      int size = snprintf(file, sizeof file, "%.*s%s%s", (int)length, path, length == 0 ? "./" : "/", name);
      if (size > 0 && (size_t)size < sizeof file) try_one(&attempt, file, plan);
      if (path[length] == 0) break;
      path += length + 1;
    }
    // Found nowhere: the name says more than the last place looked at.
    if (attempt.step == NULL || (attempt.error == ENOENT && strcmp(attempt.step, "exec") == 0)) {
      attempt.error = ENOENT;
      attempt.step = "exec";
      snprintf(attempt.path, sizeof attempt.path, "%s", name);
    }
  }
  errno = attempt.error;
  die_errno(attempt.step, attempt.path);
}

void program_run(struct plan *plan, int parent) {
  // Here runs the child, set up, still with all privileges it had in its user namespace.
  int kept = keep_only(parent);
  limits_apply(plan);
  if (has(plan, USER_NAME)) user_look_up(plan);
  if (has(plan, PTY)) pty_open(plan);
  if (has(plan, MONITOR) && !has(plan, PTY) && plan->monitor.input == NO_INPUT) input_none();
  if (has(plan, MONITOR) && has(plan, USER_IDS)) stdio_own(plan);
  // The helper's own keys are not the container's; where there are no keyrings, there are no keys either.
  if (has(plan, MONITOR)) syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
  if (has(plan, CREATE_CWD)) {
    int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) die_errno("cwd", "/");
    cwd_make(plan, top);
    close(top);
  }
  confine_first(plan);
  take_ids(plan);
  // From here on with the program's own ids: what it may not enter or run, we do not either.
  take_terminal();
  umask(plan->mask);
  enter_directory(plan->cwd, has(plan, CWD_REQUIRED));
  addition_apply(plan);
  reset_signals();
  confine_ids_taken(plan);
  // Last, for the kernel forgets it where ids and capabilities change. Of a launcher that is gone already the report knows.
  if (has(plan, DIES_WITH_LAUNCHER) && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) die_errno("parent-death-signal", NULL);
  report(EXECUTING, 0);
  confine_last(plan);
  if (has(plan, INIT)) init_split(kept);
  execute(plan);
}
