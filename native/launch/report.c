// Messages between our processes, and their form on the channel: JSON lines.
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plan.h"

// -1: this process is the launcher itself and writes to the channel.
static int parent = -1;

void report_through(int socket) { parent = socket; }

static void copy(char *to, size_t size, const char *from) {
  size_t length = from == NULL ? 0 : strnlen(from, size - 1);
  if (length > 0) memcpy(to, from, length);
  to[length] = 0;
}

// JSON string contents; bytes above 0x7f go as they are.
static void escape(char *to, const char *from) {
  for (; *from != 0; from++) {
    unsigned char byte = (unsigned char)*from;
    if (byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\') {
      to += sprintf(to, "\\u%04x", byte);
    } else {
      *to++ = *from;
    }
  }
  *to = 0;
}

void report_print(const struct message *message) {
  char path[sizeof message->path * 6], line[sizeof path + 256];
  const char *name = message->type == NOTE ? "note" : "step";
  escape(path, message->path);
  int length = snprintf(line, sizeof line, "{\"%s\":\"%s\",\"errno\":%d", name, message->step, message->error);
  if (message->hint[0] != 0)
    length += snprintf(line + length, sizeof line - (size_t)length, ",\"hint\":\"%s\"", message->hint);
  const char *key = message->said ? "said" : "path";
  if (path[0] != 0) length += snprintf(line + length, sizeof line - (size_t)length, ",\"%s\":\"%s\"", key, path);
  length += snprintf(line + length, sizeof line - (size_t)length, "}\n");
  // Nobody left to read it: nothing to be done about that.
  if (send(CHANNEL, line, (size_t)length, MSG_NOSIGNAL) < 0 && errno == ENOTSOCK) {
    if (write(CHANNEL, line, (size_t)length) < 0) return;
  }
}

static void post(const struct message *message) {
  if (parent < 0) {
    report_print(message);
  } else if (send(parent, message, sizeof *message, MSG_NOSIGNAL) < 0) {
    _exit(1);
  }
}

static void compose(enum message_type type, const char *step, int error, const char *hint, const char *path) {
  struct message message = {.type = type, .error = error};
  copy(message.step, sizeof message.step, step);
  copy(message.hint, sizeof message.hint, hint);
  copy(message.path, sizeof message.path, path);
  post(&message);
}

void report(enum message_type type, pid_t pid) {
  struct message message = {.type = type, .pid = pid};
  post(&message);
}

void report_terminal(int master) {
  struct message message = {.type = TERMINAL};
  union {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct iovec part = {&message, sizeof message};
  struct msghdr all = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  memcpy(CMSG_DATA(&control.head), &master, sizeof master);
  if (sendmsg(parent, &all, MSG_NOSIGNAL) < 0) _exit(1);
}

bool report_receive(int socket, struct message *message, int *descriptor) {
  union {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {message, sizeof *message};
  struct msghdr all = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t got;
  *descriptor = -1;
  while ((got = recvmsg(socket, &all, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) continue;
  struct cmsghdr *head = CMSG_FIRSTHDR(&all);
  if (got > 0 && head != NULL && head->cmsg_type == SCM_RIGHTS) memcpy(descriptor, CMSG_DATA(head), sizeof *descriptor);
  return got == (ssize_t)sizeof *message;
}

void report_note(const char *note, const char *path) { compose(NOTE, note, errno, NULL, path); }

static const char *mount_hint(int error) {
  switch (error) {
    case EPERM:
    case EACCES: return "mount-user-namespace";
    case ENOENT:
    case ENOTDIR:
    case ELOOP: return "mount-target";
    case ENODEV: return "mount-type";
    case EINVAL: return "mount-propagation";
    default: return NULL;
  }
}

void die(const char *step) {
  compose(FAILURE, step, 0, NULL, NULL);
  _exit(1);
}

void die_errno(const char *step, const char *path) {
  compose(FAILURE, step, errno, NULL, path);
  _exit(1);
}

void die_said(const char *step, const char *said) {
  struct message message = {.type = FAILURE, .said = true};
  copy(message.step, sizeof message.step, step);
  copy(message.path, sizeof message.path, said);
  post(&message);
  _exit(1);
}

void die_mount(const char *step, const char *path) {
  compose(FAILURE, step, errno, mount_hint(errno), path);
  _exit(1);
}
