// The parent's two loops: messages of the set-up, then the program's life.
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "default-action.h"
#include "maps.h"
#include "report.h"

static int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

static void let_go(int socket) {
  // A child that is gone already has told why, or its end will.
  if (send(socket, "g", 1, MSG_NOSIGNAL) < 0) return;
}

// Set-up failed: the channel knows; nothing of ours stays behind.
static _Noreturn void give_up(pid_t program) {
  kill(program, SIGKILL);
  reap(program);
  _exit(1);
}

// `hold`: tells who the program will be and waits for the go byte. Anything else, end of file above all, ends the child.
static void hold(pid_t program, int socket) {
  char line[48], byte = 0;
  ssize_t got;
  snprintf(line, sizeof line, "{\"ready\":%d}\n", program);
  if (send(CHANNEL, line, strlen(line), MSG_NOSIGNAL) < 0) give_up(program);
  while ((got = read(CHANNEL, &byte, 1)) < 0 && errno == EINTR) continue;
  if (got != 1 || byte != 'g') {
    report_print(&(struct message){.type = FAILURE, .step = "hold"});
    give_up(program);
  }
  let_go(socket);
}

pid_t supervise_start(const struct plan *plan, const struct home *home, pid_t child, int socket, bool second, int *master) {
  pid_t program = child;
  int received;
  *master = -1;
  bool executing = false;
  if (!second && creates(plan, USER)) {
    write_maps(plan, home, program);
    let_go(socket);
  }
  for (struct message message; report_receive(socket, &message, &received);) {
    if (received >= 0) *master = received;
    switch (message.type) {
      case FAILURE:
        report_print(&message);
        give_up(program);
      case NOTE: report_print(&message); break;
      case PROGRAM:
        // The first child has done its work: from here on only the program counts, a child of ours as well.
        reap(child);
        program = message.pid;
        // Below a base the first child wrote them.
        if (creates(plan, USER) && plan->base < 0) write_maps(plan, home, program);
        let_go(socket);
        break;
      case OFFSETS:
        write_offsets(plan, home, program);
        let_go(socket);
        break;
      case READY: hold(program, socket); break;
      case TERMINAL: break;
      case EXECUTING: executing = true; break;
    }
  }
  if (!executing) {
    // Ended by somebody else before it became the program.
    report_print(&(struct message){.type = FAILURE, .step = "set-up-killed"});
    give_up(program);
  }
  return program;
}

struct life {
  pid_t program;
  bool init;       // process 1 of a pid namespace
  int ended_with;  // signal whose default action we carried out
};

static void pass_on(struct life *life, int number) {
  // Only what a terminal or a caller sends; the byte comes from an ordinary process.
  if (number != SIGHUP && number != SIGINT && number != SIGQUIT && number != SIGTERM) return;
  // Its group, as the terminal would. Not reaped yet, so the number is still its own.
  kill(-life->program, number);
  if (life->init && has_default_action(life->program, number)) {
    life->ended_with = number;
    kill(life->program, SIGKILL);
  }
}

// Returns false at end of file: the terminal's program is gone, and with it the terminal.
static bool take_link(struct life *life, int link) {
  unsigned char bytes[64];
  ssize_t got = recv(link, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  for (ssize_t i = 0; i < got; i++) pass_on(life, bytes[i]);
  return got > 0;
}

static void tell(const struct plan *plan, const char *line) {
  if (plan->link >= 0 && send(plan->link, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EPIPE) {
    // The other side does not read: it will find the link closed.
  }
  if (plan->status_file >= 0 && write(plan->status_file, line, strlen(line)) < 0) return;
}

int supervise_run(const struct plan *plan, pid_t program) {
  struct life life = {.program = program, .init = creates(plan, PID)};
  int pidfd = pidfd_open(program, 0);
  // Without a pidfd there is no telling its end from a signal's arrival: plain waiting, the link unheard.
  struct pollfd watched[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = plan->link, .events = POLLIN}};
  while (pidfd >= 0) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR) break;
    if (watched[0].revents != 0) break;
    if (watched[1].revents != 0 && !take_link(&life, plan->link)) {
      pass_on(&life, SIGHUP);
      kill(-program, SIGCONT);
      watched[1].fd = -1;
    }
  }
  int status = reap(program);
  char line[48];
  int ended_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (ended_by == SIGKILL && life.ended_with != 0) ended_by = life.ended_with;
  if (ended_by != 0) {
    snprintf(line, sizeof line, "{\"signal\":%d}\n", ended_by);
  } else {
    snprintf(line, sizeof line, "{\"exit\":%d}\n", WEXITSTATUS(status));
  }
  tell(plan, line);
  return ended_by != 0 ? 128 + ended_by : WEXITSTATUS(status);
}
