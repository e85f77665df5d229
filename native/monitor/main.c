// isolab-monitor: a container's parent for life. isolab-launch becomes it once the program runs. It keeps the program's
// terminal or pipes, writes its log, serves attached clients, and writes down how the program ended. It needs no helper
// and no client: both may go and come back. Killed itself, it takes nothing with it: the program goes on as a child of
// process 1, its terminal hung up or its pipes without a reader, and nobody learns its exit status; whoever finds the
// monitor gone before the status file was written must say that the end is unknown.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../launch/default-action.h"
#include "clients.h"
#include "control.h"
#include "log.h"
#include "places.h"

enum { CHUNK = 32768, LAST_CHUNKS = 128, USAGE_STATUS = 64 };
// Entries of the poll set.
enum { END, FIRST_OUTPUT, SECOND_OUTPUT, INPUT, CLIENTS, CONTROL = CLIENTS + MAX_CLIENTS, WATCHED = CONTROL + CONTROL_WATCHED };

static struct {
  pid_t program;
  unsigned flags;
  int input;      // pipe or terminal, -1 when closed
  int output[2];  // the first also a terminal
  int terminal;   // -1 without
  int slave;      // held open, so that the terminal never reads as closed while the program lives
  int ended_with;  // signal whose default action we carried out
} life = {.input = -1, .output = {-1, -1}, .terminal = -1, .slave = -1};

static int present(int place) { return fcntl(place, F_GETFD) < 0 ? -1 : place; }

static void resize(uint16_t rows, uint16_t columns) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  if (life.terminal >= 0) ioctl(life.terminal, TIOCSWINSZ, &size);
}

// Not reaped yet, so the number is still the program's own, or with a minus that of its group.
static void send_signal(pid_t to, int number) {
  bool ends = number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
  kill(to, number);
  if (ends && (life.flags & PROCESS_ONE) != 0 && has_default_action(life.program, number)) {
    life.ended_with = number;
    kill(life.program, SIGKILL);
  }
}

// As a terminal would.
static void pass_signal(int number) { send_signal(-life.program, number); }

static void close_input(void) {
  if (life.terminal < 0 && life.input >= 0) {
    close(life.input);
    life.input = -1;
  }
}

static void hang_up(void) {
  if (life.terminal >= 0) {
    close(life.slave);
    close(life.terminal);
    life.terminal = life.slave = life.input = life.output[0] = -1;
  }
  close_input();
  pass_signal(SIGHUP);
  kill(-life.program, SIGCONT);
}

static void gone(const struct client *client, bool detached) {
  if ((life.flags & INPUT_ENDS) != 0 && (client->flags & WANTS_INPUT) != 0) close_input();
  if ((life.flags & HANG_UP) != 0 && !detached && !clients_any()) hang_up();
}

static int obey(enum order order, uint32_t first, uint32_t second, int fd, uint32_t *value) {
  int error = 0;
  switch (order) {
    case ORDER_PING: *value = (uint32_t)life.program; break;
    case ORDER_ATTACH:
      if (fd < 0 || first > 15) {
        error = EINVAL;
      } else if (!clients_add(fd, first)) {
        error = EBUSY;
      } else {
        return 0;
      }
      break;
    case ORDER_RESIZE:
      if (first > UINT16_MAX || second > UINT16_MAX) error = EINVAL;
      else if (life.terminal < 0) error = ENOTTY;
      else resize((uint16_t)first, (uint16_t)second);
      break;
    case ORDER_REOPEN_LOG: log_reopen(); break;
    case ORDER_SIGNAL:
      if (first < 1 || first > 64) error = EINVAL;
      else send_signal(life.program, (int)first);
      break;
    default: error = EOPNOTSUPP;
  }
  if (fd >= 0) close(fd);
  return error;
}

// False when there is nothing (more) to read.
static bool show(int stream) {
  static unsigned char bytes[CHUNK];
  int *fd = &life.output[stream];
  ssize_t got = *fd < 0 ? -1 : read(*fd, bytes, sizeof bytes);
  if (got > 0) {
    log_write(stream, bytes, (size_t)got);
    clients_show(stream == 0 ? FRAME_OUTPUT : FRAME_ERROR, bytes, (size_t)got);
    return true;
  }
  if (*fd >= 0 && got <= 0 && (got == 0 || (errno != EAGAIN && errno != EINTR))) {
    // A pipe that all have closed; a terminal's end comes with the program's.
    if (*fd != life.terminal) close(*fd);
    *fd = -1;
  }
  return false;
}

static bool has_keys(void) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    if (clients[i].fd >= 0 && clients[i].keys_size > 0) return true;
  }
  return false;
}

static void write_keys(struct client *client) {
  bool goes = life.input >= 0 && (life.flags & TAKES_INPUT) != 0 && (client->flags & WANTS_INPUT) != 0;
  ssize_t put = goes ? write(life.input, client->keys, client->keys_size) : (ssize_t)client->keys_size;
  // Nobody reads it any more.
  if (put < 0 && errno != EAGAIN && errno != EINTR) put = (ssize_t)client->keys_size;
  if (put <= 0) return;
  client->keys_size -= (size_t)put;
  client->taken += (uint32_t)put;
  memmove(client->keys, client->keys + put, client->keys_size);
}

static void type(void) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    struct client *client = &clients[i];
    if (client->fd < 0) continue;
    if (client->keys_size > 0) write_keys(client);
    bool over = client->input_over && client->keys_size == 0 && (client->flags & WANTS_INPUT) != 0;
    if (over && (life.flags & INPUT_ENDS) != 0) close_input();
  }
}

static void watch(struct pollfd *watched, int pidfd) {
  // Held up: the program waits in its own pipe or terminal.
  bool held = clients_hold();
  watched[END] = (struct pollfd){.fd = pidfd, .events = POLLIN};
  watched[FIRST_OUTPUT] = (struct pollfd){.fd = held ? -1 : life.output[0], .events = POLLIN};
  watched[SECOND_OUTPUT] = (struct pollfd){.fd = held ? -1 : life.output[1], .events = POLLIN};
  watched[INPUT] = (struct pollfd){.fd = has_keys() ? life.input : -1, .events = POLLOUT};
  clients_watch(watched + CLIENTS);
  control_watch(watched + CONTROL);
}

static void live(int pidfd) {
  struct pollfd watched[WATCHED];
  for (;;) {
    watch(watched, pidfd);
    if (poll(watched, WATCHED, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (watched[END].revents != 0) return;
    for (int stream = 0; stream < 2; stream++) {
      if (watched[FIRST_OUTPUT + stream].revents != 0) show(stream);
    }
    clients_serve(watched + CLIENTS);
    type();
    control_serve(watched + CONTROL);
  }
}

static void write_status(const char *status, const struct timespec *now) {
  char line[96];
  if (present(AT_STATUS) < 0) return;
  long long at = now->tv_sec * 1000LL + now->tv_nsec / 1000000;
  int size = snprintf(line, sizeof line, "{%s,\"at\":%lld}\n", status, at);
  // With a full disk there is no status, and the end counts as unknown.
  if (write(AT_STATUS, line, (size_t)size) < 0) errno = 0;
}

static int finish(void) {
  char status[32], frame[40];
  struct timespec now;
  int wait_status = 0;
  while (waitpid(life.program, &wait_status, 0) < 0 && errno == EINTR) continue;
  // Its number is anybody's from now on.
  life.flags = 0;
  clock_gettime(CLOCK_REALTIME, &now);
  int ended_by = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
  if (ended_by == SIGKILL && life.ended_with != 0) ended_by = life.ended_with;
  snprintf(status, sizeof status, ended_by != 0 ? "\"signal\":%d" : "\"exit\":%d", ended_by != 0 ? ended_by : WEXITSTATUS(wait_status));
  snprintf(frame, sizeof frame, "{%s}\n", status);
  clients_expand();
  // What was written before the end belongs to it, but somebody left over may go on writing for ever.
  for (int stream = 0; stream < 2; stream++) {
    for (int chunk = 0; chunk < LAST_CHUNKS && show(stream); chunk++) continue;
  }
  log_finish();
  write_status(status, &now);
  clients_tell(frame);
  // For a machine that loses its power; nobody else need wait for it.
  if (present(AT_STATUS) >= 0) fsync(AT_STATUS);
  clients_finish();
  return ended_by != 0 ? 128 + ended_by : WEXITSTATUS(wait_status);
}

static void take_places(void) {
  life.terminal = present(AT_TERMINAL);
  life.input = life.terminal >= 0 ? life.terminal : present(AT_INPUT);
  life.output[0] = life.terminal >= 0 ? life.terminal : present(AT_OUTPUT);
  life.output[1] = present(AT_ERROR);
  if (life.terminal >= 0) life.slave = ioctl(life.terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  // These are our ends only; what the program has open is another matter.
  for (int place = AT_INPUT; place <= AT_TERMINAL; place++) {
    if (present(place) >= 0) fcntl(place, F_SETFL, fcntl(place, F_GETFL) | O_NONBLOCK);
  }
}

int main(int count, char **arguments) {
  static const struct orders ORDERS = {resize, pass_signal, write_keys, gone};
  char line[48];
  if (count != 6) {
    fputs("isolab-monitor is what isolab-launch becomes; nobody else starts it\n", stderr);
    return USAGE_STATUS;
  }
  // Of execveat(2) we have a number for a name.
  prctl(PR_SET_NAME, "isolab-monitor");
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  life.program = atoi(arguments[1]);
  life.flags = (unsigned)strtoul(arguments[2], NULL, 10);
  take_places();
  log_start(present(AT_LOG), strtoul(arguments[3], NULL, 10), (unsigned)strtoul(arguments[4], NULL, 10));
  clients_start(&ORDERS);
  if (present(AT_CLIENT) >= 0) clients_add(AT_CLIENT, (uint32_t)strtoul(arguments[5], NULL, 10));
  control_start(AT_CONTROL, obey);
  int size = snprintf(line, sizeof line, "{\"started\":%d}\n", life.program);
  // Whoever asked may be gone by now; the program runs all the same.
  if (send(AT_CHANNEL, line, (size_t)size, MSG_NOSIGNAL) < 0) errno = 0;
  close(AT_CHANNEL);
  int pidfd = pidfd_open(life.program, 0);
  if (pidfd >= 0) live(pidfd);
  _exit(finish());
}
