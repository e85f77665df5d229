// Makes every system call once and says how it fared: `every-call LAST`. A line a call: `NUMBER passes`, `NUMBER EPERM` or
// `NUMBER ENOSYS`; then the calls whose arguments decide, as `NUMBER,ARGUMENT VERDICT`. The arguments are such that the kernel
// refuses them for another reason. Each is made in a process of its own, so it may also end it or wait for ever.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 32, FAMILIES = 46 };

static void probe(long number, long first, long others) {
  struct itimerval soon = {.it_value.tv_usec = 200 * 1000};
  signal(SIGALRM, SIG_DFL);
  setitimer(ITIMER_REAL, &soon, NULL);
  long answer = syscall(number, first, others, others, others, others, others);
  _exit(answer < 0 && (errno == EPERM || errno == ENOSYS) ? errno : 0);
}

/** Whoever was ended by a signal, or by the call itself, made it. */
static const char *verdict(int status) {
  if (!WIFEXITED(status)) return WTERMSIG(status) == SIGSYS ? "killed" : "passes";
  return WEXITSTATUS(status) == EPERM ? "EPERM" : WEXITSTATUS(status) == ENOSYS ? "ENOSYS" : "passes";
}

struct call {
  pid_t pid;
  long number, first;
  bool by_argument;
};

static void told(struct call *call) {
  int status;
  if (call->pid == 0) return;
  while (waitpid(call->pid, &status, 0) < 0 && errno == EINTR) continue;
  if (call->by_argument)
    printf("%ld,%#lx %s\n", call->number, call->first, verdict(status));
  else
    printf("%ld %s\n", call->number, verdict(status));
  call->pid = 0;
}

static struct call running[AT_ONCE];
static size_t next_one;

static void start(struct call call, long others) {
  struct call *place = &running[next_one++ % AT_ONCE];
  told(place);
  fflush(stdout);
  call.pid = fork();
  if (call.pid == 0) probe(call.number, call.first, others);
  if (call.pid < 0) perror("every-call: fork"), exit(1);
  *place = call;
}

int main(int count, char **arguments) {
  static const long personalities[] = {0, 8, 0x20000, 0x20008, 0xffffffff, 0x40000, 0x400000};
  static const long kinds[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                               CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
  long last = count == 2 ? atol(arguments[1]) : -1;
  for (long number = 0; number <= last; number++)
    // It would write out everybody's files.
    if (number != SYS_sync) start((struct call){.number = number, .first = -1}, -1);
  for (long family = 0; family < FAMILIES; family++)
    start((struct call){.number = SYS_socket, .first = family, .by_argument = true}, -1);
  for (size_t i = 0; i < sizeof personalities / sizeof *personalities; i++)
    start((struct call){.number = SYS_personality, .first = personalities[i], .by_argument = true}, -1);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    // A thread without memory in common is none: EINVAL.
    start((struct call){.number = SYS_clone, .first = kinds[i] | CLONE_THREAD, .by_argument = true}, 0);
  for (size_t i = 0; i < AT_ONCE; i++) told(&running[next_one++ % AT_ONCE]);
  return 0;
}
