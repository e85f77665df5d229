// Hands fixed descriptors over by execveat(2): the process stays, and with it the program's parent.
#include "become.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../monitor/places.h"
#include "report.h"

void pipes_open(const struct plan *plan, struct pipes *pipes) {
  *pipes = (struct pipes){{-1, -1, -1}, {-1, -1, -1}};
  if (!has(plan, MONITOR) || has(plan, PTY)) return;
  for (int fd = 0; fd <= 2; fd++) {
    int pair[2];
    if (fd == 0 && plan->monitor.input == NO_INPUT) continue;
    if (pipe2(pair, O_CLOEXEC) < 0) die_errno("pipes", NULL);
    pipes->program[fd] = pair[fd == 0 ? 0 : 1];
    pipes->ours[fd] = pair[fd == 0 ? 1 : 0];
    // Programs open their own by name, and in a user namespace nobody could give it to them: whoever holds it may.
    bool owned = !creates(plan, USER) && !joins(plan, USER);
    if (!owned && fchmod(pipes->program[fd], 0666) < 0) die_errno("pipes", NULL);
  }
}

void pipes_take(const struct pipes *pipes) {
  for (int fd = 0; fd <= 2; fd++) {
    if (pipes->program[fd] >= 0 && dup2(pipes->program[fd], fd) < 0) die_errno("pipes", NULL);
  }
}

void monitor_become(const struct plan *plan, const struct pipes *pipes, int master, pid_t program) {
  const struct monitor_plan *monitor = &plan->monitor;
  char pid[16], flags[16], size[16], count[16], client[16];
  int fds[PLACES];
  // At places from CONTROL on; first out of each other's way.
  const int wanted[PLACES] = {
      [AT_CONTROL] = monitor->control, [AT_LOG] = monitor->log,          [AT_STATUS] = plan->status_file,
      [AT_CLIENT] = monitor->client,   [AT_INPUT] = pipes->ours[0],      [AT_OUTPUT] = pipes->ours[1],
      [AT_ERROR] = pipes->ours[2],     [AT_TERMINAL] = master,
  };
  int code = fcntl(monitor->program, F_DUPFD_CLOEXEC, 64);
  for (int at = AT_CONTROL; at < PLACES; at++) fds[at] = wanted[at] < 0 ? -1 : fcntl(wanted[at], F_DUPFD_CLOEXEC, 64);
  for (int at = AT_CONTROL; at < PLACES; at++) {
    close(at);
    if (fds[at] >= 0) dup2(fds[at], at);
  }
  uint32_t bits = (monitor->hang_up != 0 ? HANG_UP : 0) | (monitor->input == INPUT_ONCE ? INPUT_ENDS : 0) |
                  (monitor->input != NO_INPUT ? TAKES_INPUT : 0) |
                  (creates(plan, PID) && !has(plan, INIT) ? PROCESS_ONE : 0);
  snprintf(pid, sizeof pid, "%d", program);
  snprintf(flags, sizeof flags, "%u", bits);
  snprintf(size, sizeof size, "%u", monitor->log_size);
  snprintf(count, sizeof count, "%u", monitor->log_count);
  snprintf(client, sizeof client, "%u", monitor->client_flags);
  char *arguments[] = {(char[]){"isolab-monitor"}, pid, flags, size, count, client, NULL}, *environment[] = {NULL};
  if (close_range(PLACES, 63, CLOSE_RANGE_CLOEXEC) == 0) execveat(code, "", arguments, environment, AT_EMPTY_PATH);
  report_print(&(struct message){.type = FAILURE, .error = errno, .step = "monitor"});
  kill(program, SIGKILL);
  waitpid(program, NULL, 0);
  _exit(1);
}
