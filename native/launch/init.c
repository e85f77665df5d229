// The smallest process 1. It never executes anything, so it keeps what main() set: nobody inside may look into it, nor
// reach the launcher's file through its /proc/1/exe (CVE-2019-5736).
#include "init.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "report.h"

static _Noreturn void live(pid_t program, const sigset_t *all) {
  for (;;) {
    int status, number = sigwaitinfo(all, NULL);
    if (number < 0) continue;
    if (number != SIGCHLD) {
      kill(program, number);
      continue;
    }
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended != program) continue;
      // A signal cannot end process 1 by itself: its number is told as shells tell it.
      _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
  }
}

void init_split(int socket) {
  sigset_t all, before;
  sigfillset(&all);
  if (sigprocmask(SIG_BLOCK, &all, &before) < 0) die_errno("init", NULL);
  pid_t program = fork();
  if (program < 0) die_errno("init", NULL);
  if (program > 0) {
    // Here runs process 1, confined as the program is.
    confine_as_executed();
    close(socket);
    for (int fd = 0; fd <= 2; fd++) close(fd);
    live(program, &all);
  }
  // Here runs the program's process: in the foreground of its terminal, where there is one.
  setpgid(0, 0);
  if (isatty(0)) tcsetpgrp(0, getpid());
  if (sigprocmask(SIG_SETMASK, &before, NULL) < 0) die_errno("init", NULL);
}
