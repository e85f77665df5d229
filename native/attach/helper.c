// JSON-RPC 2.0 in Content-Length frames, by hand: a greeting and a request go out at once, two answers come back.
#include "helper.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ended.h"
#include "json.h"
#include "say.h"
#include "terminal.h"

enum {
  PROTOCOL = 1,  // helper/rpc/contract/helper.ts
  HELLO = 1,     // ids of the requests
  ATTACH = 2,
  BEGIN_ANEW = 3,
  SECONDS = 30,  // for an answer
  MAX_FRAME = 1 << 20,
  MAX_HEADER = 4096,
};

int helper_connect(struct request *request, int *pid) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (strlen(request->socket) >= sizeof address.sun_path) {
    say(SOCKET_TOO_LONG, request->socket, NULL);
    return -1;
  }
  strcpy(address.sun_path, request->socket);
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) < 0) {
    say(NO_HELPER, request->socket, strerror(errno));
    request->again = RETRY;
    if (connection >= 0) close(connection);
    return -1;
  }
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
    say(SYSTEM_CALL, "SO_PEERCRED", strerror(errno));
    return -1;
  }
  if (peer.uid != 0 && peer.uid != geteuid()) {
    char uid[16];
    snprintf(uid, sizeof uid, "%u", peer.uid);
    say(WRONG_SERVER, request->socket, uid);
    return -1;
  }
  *pid = peer.pid;
  return connection;
}

bool is_ticket(const char *text) { return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32; }

static bool send_frame(int connection, const char *body) {
  char frame[1024];
  int size = snprintf(frame, sizeof frame, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
  return send(connection, frame, (size_t)size, MSG_NOSIGNAL) == size;
}

static bool send_hello(int connection) {
  char body[256];
  snprintf(body, sizeof body,
           "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"helper/hello\",\"params\":{\"protocol\":%d,\"client\":\"isolab-attach\"}}",
           HELLO, PROTOCOL);
  return send_frame(connection, body);
}

static bool send_reopen(const struct request *request, int connection) {
  char body[256];
  snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"session/reopen\",\"params\":{\"session\":\"%s\"}}",
           BEGIN_ANEW, request->session);
  return send_frame(connection, body);
}

static bool send_attach(const struct request *request, int connection) {
  char body[512], root[32] = "";
  if (request->root >= 0) snprintf(root, sizeof root, ",\"root\":%d", request->root);
  snprintf(body, sizeof body,
           "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"session/attach\",\"params\":{\"ticket\":\"%s\","
           "\"stdio\":[%d,%d,%d],\"link\":%d%s}}",
           ATTACH, request->ticket, request->stdio[0], request->stdio[1], request->stdio[2], request->link, root);
  return send_frame(connection, body);
}

struct input {
  char *bytes;
  size_t size;
};

enum arrival { FRAME, GONE, GARBLED, SILENT, INTERRUPTED };

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

// The length of a header at the start of what came, 0 while it is not whole, -1 where it is none.
static int header(const struct input *input, size_t *body) {
  static const char NAME[] = "Content-Length: ";
  const char *end = memmem(input->bytes, input->size, "\r\n\r\n", 4);
  if (end == NULL) return input->size > MAX_HEADER ? -1 : 0;
  size_t length = (size_t)(end - input->bytes), at = sizeof NAME - 1;
  if (length <= at || length > at + 7 || memcmp(input->bytes, NAME, at) != 0) return -1;
  *body = 0;
  for (; at < length; at++) {
    if (input->bytes[at] < '0' || input->bytes[at] > '9') return -1;
    *body = *body * 10 + (size_t)(input->bytes[at] - '0');
  }
  return *body > MAX_FRAME ? -1 : (int)length + 4;
}

// Waits until the next whole frame lies at the start of `input`; the body is at `offset`, `size` bytes long.
static enum arrival next_frame(const struct request *request, int connection, struct input *input, long long deadline,
                               size_t *offset, size_t *size, int *signal) {
  for (;;) {
    int head = header(input, size);
    if (head < 0) return GARBLED;
    if (head > 0 && input->size >= (size_t)head + *size) {
      *offset = (size_t)head;
      return FRAME;
    }
    struct pollfd watched[2] = {{.fd = connection, .events = POLLIN}, {.fd = request->signals, .events = POLLIN}};
    long long left = deadline - now();
    if (left <= 0) return SILENT;
    if (poll(watched, 2, (int)left) < 0 && errno != EINTR) return GONE;
    if (watched[1].revents != 0 && (*signal = terminal_ending_signal(request->signals)) != 0) return INTERRUPTED;
    if (watched[0].revents == 0) continue;
    if (input->size >= MAX_FRAME + MAX_HEADER) return GARBLED;
    ssize_t got = recv(connection, input->bytes + input->size, MAX_FRAME + MAX_HEADER - input->size, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return GONE;
    if (got > 0) input->size += (size_t)got;
  }
}

// "ENOENT" -> "No such file or directory (ENOENT)".
static void explain(const char *name, char *text, size_t size) {
  for (int number = 1; number < 200; number++) {
    const char *known = strerrorname_np(number);
    if (known == NULL || strcmp(known, name) != 0) continue;
    snprintf(text, size, "%s (%s)", strerror(number), name);
    return;
  }
  snprintf(text, size, "%s", name);
}

// 126 and 127 mean to callers what they mean of a shell.
static int refused(struct request *request, struct value error, int id) {
  struct value data = json_member(error, "data"), because = json_member(data, "rule");
  char kind[64] = "", step[64] = "", name[32] = "", field[64] = "", rule[64] = "", path[512] = "", cause[128];
  json_text(json_member(data, "kind"), kind, sizeof kind);
  json_text(json_member(data, "step"), step, sizeof step);
  json_text(json_member(data, "errno"), name, sizeof name);
  json_text(json_member(data, "field"), field, sizeof field);
  json_text(json_member(because, "code"), rule, sizeof rule);
  json_text(json_member(json_member(because, "args"), "program"), path, sizeof path);
  json_text(json_member(json_member(because, "args"), "interpreter"), path, sizeof path);
  json_text(json_member(json_member(because, "args"), "path"), path, sizeof path);
  explain(name, cause, sizeof cause);
  int status;
  if (id == HELLO) {
    bool version = strcmp(rule, "protocol-version") == 0 || strcmp(kind, "conflict") == 0;
    if (version || strcmp(kind, "denied") == 0) {
      say(version ? OTHER_VERSION : NOT_SERVED, NULL, NULL);
    } else {
      say(REQUEST_REFUSED, kind, rule);
    }
  } else if (strncmp(rule, "session-", 8) == 0 && ended_told(json_member(because, "args"), rule, request->session)) {
    request->again = request->session[0] != 0 ? REOPEN : READ_IT;
  } else if (id == BEGIN_ANEW) {
    say(strcmp(kind, "not-found") == 0 ? NOTHING_TO_REOPEN : REOPEN_REFUSED, kind, rule[0] != 0 ? rule : cause);
    request->again = READ_IT;
  } else if (strcmp(field, "ticket") == 0 || strncmp(rule, "ticket", 6) == 0) {
    say(TICKET_VOID, NULL, NULL);
    request->again = READ_IT;
  } else if (strcmp(step, "exec-interpreter") == 0) {
    say(NO_INTERPRETER, path, NULL);
    return 127;
  } else if (strcmp(step, "exec") == 0) {
    bool missing = strcmp(name, "ENOENT") == 0;
    say(missing ? NO_PROGRAM : NOT_RUNNABLE, path, cause);
    return missing ? 127 : 126;
  } else if ((status = words_say(&request->words, data)) >= 0) {
    return status;
  } else if (strcmp(step, "cwd") == 0) {
    say(NO_DIRECTORY, path, cause);
  } else if (strcmp(rule, "mount-covered") == 0) {
    json_text(json_member(json_member(because, "args"), "at"), cause, sizeof cause);
    say(HIDDEN_PART, path, cause);
  } else if (strcmp(step, "controlling-terminal") == 0) {
    say(TERMINAL_KEPT, cause, NULL);
  } else if (step[0] != 0) {
    say(name[0] != 0 ? STEP_FAILED : STEP_REFUSED, step, cause);
  } else {
    say(REQUEST_REFUSED, kind, rule[0] != 0 ? rule : field);
  }
  return 1;
}

// -1: not an answer to one of ours.
static int answer(struct request *request, struct value message, int *id) {
  struct value error = json_member(message, "error");
  if (json_member(message, "method").at != NULL) return -1;
  // What the helper could not read has the id null: that concerns us, for all it reads is ours.
  if (!json_number(json_member(message, "id"), id)) *id = ATTACH;
  if (error.at != NULL) return refused(request, error, *id);
  if (*id == ATTACH) {
    struct value relay = json_member(json_member(message, "result"), "relay");
    request->relay = (struct relay){relay.at != NULL, json_is(json_member(relay, "tty"), "true"),
                                    !json_is(json_member(relay, "input"), "false")};
  }
  if (*id != BEGIN_ANEW) return 0;
  bool whole = json_text(json_member(json_member(message, "result"), "ticket"), request->ticket, sizeof request->ticket);
  return whole && is_ticket(request->ticket) ? 0 : (say(HELPER_GARBLED, request->socket, NULL), 1);
}

// Until the answer to the request `awaited`.
static int converse(struct request *request, int connection, struct input *input, int awaited) {
  long long deadline = now() + SECONDS * 1000LL;
  for (;;) {
    size_t offset = 0, size = 0;
    int id = 0, signal = 0;
    switch (next_frame(request, connection, input, deadline, &offset, &size, &signal)) {
      case FRAME: break;
      case GONE: return say(HELPER_GONE, NULL, NULL), 1;
      case GARBLED: return say(HELPER_GARBLED, request->socket, NULL), 1;
      case SILENT: return say(HELPER_SILENT, "30", NULL), 1;
      case INTERRUPTED: return 128 + signal;
    }
    struct value message = json_parse(input->bytes + offset, size);
    if (message.at == NULL || *message.at != '{') return say(HELPER_GARBLED, request->socket, NULL), 1;
    int status = answer(request, message, &id);
    input->size -= offset + size;
    memmove(input->bytes, input->bytes + offset + size, input->size);
    if (status > 0 || (status == 0 && (id == awaited || id == ATTACH))) return status;
  }
}

int helper_attach(struct request *request, int connection) {
  struct input input = {malloc(MAX_FRAME + MAX_HEADER), 0};
  bool anew = request->session[0] != 0;
  int status = 1;
  if (input.bytes == NULL || !send_hello(connection) ||
      !(anew ? send_reopen(request, connection) : send_attach(request, connection))) {
    say(HELPER_GONE, NULL, NULL);
  } else if (!anew) {
    status = converse(request, connection, &input, ATTACH);
  } else if ((status = converse(request, connection, &input, BEGIN_ANEW)) == 0) {
    status = send_attach(request, connection) ? converse(request, connection, &input, ATTACH) : (say(HELPER_GONE, NULL, NULL), 1);
  }
  free(input.bytes);
  return status;
}
