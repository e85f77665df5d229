// One poll loop. It waits on the launcher, never on the helper: that may end and come back meanwhile.
#include "wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "busy.h"
#include "json.h"
#include "say.h"

enum { CHUNK = 16384, LAST_CHUNKS = 256 };

struct session {
  struct terminal *terminal;
  int link;
  char keys[CHUNK];  // typed, not yet taken by the inner terminal
  size_t key_count;
};

static void send_signal(const struct session *session, int number) {
  char byte = (char)number;
  // A launcher that has ended has said so on the same link.
  if (send(session->link, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

static void write_all(int fd, const char *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t put = write(fd, bytes + done, size - done);
    if (put < 0 && errno == EAGAIN) {
      // The outer terminal may be non-blocking, by another program's doing.
      struct pollfd watched = {.fd = fd, .events = POLLOUT};
      poll(&watched, 1, -1);
    } else if (put < 0 && errno != EINTR) {
      return;
    }
    if (put > 0) done += (size_t)put;
  }
}

// Inner terminal to outer. False when there is nothing (more) to read.
static bool show(struct session *session) {
  char bytes[CHUNK];
  ssize_t got = read(session->terminal->master, bytes, sizeof bytes);
  if (got > 0 && session->terminal->output >= 0) write_all(session->terminal->output, bytes, (size_t)got);
  return got > 0 || (got < 0 && errno == EINTR);
}

// The outer terminal is gone. The kernel tells its session, but a program that is process 1 does not hear it.
static void hang_up(struct session *session) {
  send_signal(session, SIGHUP);
  session->terminal->input = -1;
  session->terminal->handed = -1;
}

static void type(struct session *session, short ready) {
  if (session->key_count == 0 && ready != 0) {
    ssize_t got = read(session->terminal->input, session->keys, sizeof session->keys);
    if (got > 0) {
      session->key_count = (size_t)got;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      // In raw mode a key never means the end: the outer terminal itself is gone.
      hang_up(session);
    }
  }
  if (session->key_count == 0) return;
  // The inner terminal may be full; then the keys wait, while its output goes on being read.
  ssize_t put = write(session->terminal->master, session->keys, session->key_count);
  if (put <= 0) return;
  session->key_count -= (size_t)put;
  memmove(session->keys, session->keys + put, session->key_count);
}

static void take_signal(struct session *session, int signals) {
  struct signalfd_siginfo signal;
  if (read(signals, &signal, sizeof signal) != sizeof signal) return;
  switch ((int)signal.ssi_signo) {
    case SIGWINCH: terminal_resize(session->terminal); break;
    case SIGUSR1: busy_set(true); break;
    case SIGUSR2: busy_set(false); break;
    case SIGTSTP:
      terminal_restore(session->terminal);
      raise(SIGSTOP);
      break;
    case SIGCONT:
      terminal_raw(session->terminal);
      terminal_resize(session->terminal);
      break;
    default: send_signal(session, (int)signal.ssi_signo);
  }
}

// -1 while the program runs.
static int take_status(int link) {
  static char line[128];
  static size_t size;
  ssize_t got = recv(link, line + size, sizeof line - 1 - size, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return -1;
  if (got <= 0) return say(LAUNCHER_GONE, NULL, NULL), 1;
  size += (size_t)got;
  const char *end = memchr(line, '\n', size);
  if (end == NULL && size < sizeof line - 1) return -1;
  struct value status = json_parse(line, end == NULL ? 0 : (size_t)(end - line));
  int number;
  if (json_number(json_member(status, "exit"), &number)) return number & 0xff;
  if (json_number(json_member(status, "signal"), &number)) return (128 + number) & 0xff;
  return say(LAUNCHER_GONE, NULL, NULL), 1;
}

int wait_for_end(struct terminal *terminal, int link, int signals) {
  struct session session = {.terminal = terminal, .link = link};
  int status = -1;
  bool inner = terminal->master >= 0;
  terminal_raw(terminal);
  terminal_resize(terminal);
  while (status < 0) {
    struct pollfd watched[] = {
        {.fd = link, .events = POLLIN},
        {.fd = signals, .events = POLLIN},
        {.fd = inner ? terminal->master : -1, .events = (short)(POLLIN | (session.key_count > 0 ? POLLOUT : 0))},
        {.fd = inner && session.key_count == 0 ? terminal->input : -1, .events = POLLIN},
        {.fd = terminal->handed, .events = 0},
    };
    if (poll(watched, 5, -1) < 0 && errno != EINTR) break;
    if (watched[1].revents != 0) take_signal(&session, signals);
    if ((watched[2].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      // Nobody has the inner terminal open any more: its end is near, the link will tell.
      if (!show(&session) && errno != EAGAIN) inner = false;
    }
    if (inner && (watched[3].revents != 0 || (watched[2].revents & POLLOUT) != 0)) type(&session, watched[3].revents);
    if (watched[4].revents != 0) hang_up(&session);
    if (watched[0].revents != 0) status = take_status(link);
  }
  // What was written before the end still belongs on the screen, but a background process may go on writing for ever.
  for (int chunk = 0; chunk < LAST_CHUNKS && inner && show(&session); chunk++) continue;
  terminal_restore(terminal);
  busy_set(false);
  return status < 0 ? 1 : status;
}
