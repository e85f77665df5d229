// One loop over a few connections: what is ready is read whole, carried out, answered, or the connection goes.
#include "clients.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "place.h"
#include "wire.h"

// One helper, one that comes after it, and somebody who tries the rest.
enum { CLIENTS = 8, GIVEN = 4, PAUSE = 50 /* ms */ };

struct incoming {
  struct request request;
  ssize_t size;
  int count;  // of descriptors
  int fds[GIVEN];
  bool cut;  // record or descriptors did not fit
};

struct outgoing {
  struct reply reply;
  int fds[2];
};

static void close_all(const int *fds, size_t count) {
  for (size_t i = 0; i < count; i++) close(fds[i]);
}

// One component, and nothing after its end: such a name cannot leave the directory.
static bool is_name(const char *name, size_t size) {
  size_t length = strnlen(name, size);
  if (length == 0 || length == size || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return false;
  if (memchr(name, '/', length) != NULL) return false;
  for (size_t i = length; i < size; i++) {
    if (name[i] != 0) return false;
  }
  return true;
}

static bool is_empty(const char *name, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (name[i] != 0) return false;
  }
  return true;
}

static const struct rule {
  bool name;
  int least, most;  // descriptors given
} RULES[] = {
    [SOCKET] = {false, 0, 1}, [EVENTS] = {false, 0, 0}, [MAKE] = {false, 0, 0}, [PIN_NEW] = {true, 1, 1},
    [PIN] = {true, 1, 1},     [UNPIN] = {true, 0, 0},   [UNLINK] = {true, 0, 0}, [END] = {false, 0, 0},
    [HOST_NAME] = {false, 1, 1},
};

// The errno that refuses it; 0 for an order that is whole and sound.
static int refusal(const struct incoming *in) {
  const struct request *request = &in->request;
  if (in->cut || in->size != (ssize_t)sizeof *request || request->magic != MAGIC) return EBADMSG;
  if (request->order < SOCKET || request->order > HOST_NAME) return ENOSYS;
  const struct rule *rule = &RULES[request->order];
  bool (*right)(const char *, size_t) = rule->name ? is_name : is_empty;
  if (!right(request->name, sizeof request->name)) return EINVAL;
  return in->count < rule->least || in->count > rule->most ? EINVAL : 0;
}

static int give(struct outgoing *out, int first, int second) {
  if (first < 0) return -1;
  out->fds[out->reply.count++] = first;
  if (second >= 0) out->fds[out->reply.count++] = second;
  return 0;
}

static int carry_out(const struct incoming *in, struct outgoing *out) {
  const char *name = in->request.name;
  int given = in->count > 0 ? in->fds[0] : -1, control = -1, events;
  switch (in->request.order) {
    case SOCKET: return give(out, place_socket(given), -1);
    case EVENTS: events = place_events(&control); return give(out, events, control);
    case MAKE: return give(out, place_make(), -1);
    case PIN_NEW: return place_pin_new(name, given);
    case PIN: return place_pin(name, given);
    case UNPIN: return place_unpin(name);
    case UNLINK: return unlink(name);
    case HOST_NAME: return give(out, place_host_name(given), -1);
    default: return 0;
  }
}

// False where there is nothing more to hear from this client.
static bool receive(int client, struct incoming *in) {
  union {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof in->fds)];
  } control;
  struct iovec part = {&in->request, sizeof in->request};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  *in = (struct incoming){0};
  in->size = recvmsg(client, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (in->size < 0) return errno == EAGAIN || errno == EINTR;
  for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); each != NULL; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    in->count = (int)((each->cmsg_len - CMSG_LEN(0)) / sizeof *in->fds);
    memcpy(in->fds, CMSG_DATA(each), (size_t)in->count * sizeof *in->fds);
  }
  in->cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  return in->size > 0;
}

// A client that does not read its answers is none: it may not make anybody wait.
static bool answer(int client, const struct outgoing *out) {
  union {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof out->fds)];
  } control = {0};
  struct reply reply = out->reply;
  struct iovec part = {&reply, sizeof reply};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (reply.count > 0) {
    size_t size = reply.count * sizeof *out->fds;
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(size)};
    memcpy(CMSG_DATA(head), out->fds, size);
  }
  return sendmsg(client, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof reply;
}

// False where the connection is to be closed.
static bool serve(int client, bool *ending) {
  struct incoming in;
  struct outgoing out = {.reply = {.magic = MAGIC}};
  if (!receive(client, &in)) return false;
  if (in.size < 0) return true;
  out.reply.error = refusal(&in);
  if (out.reply.error == 0 && carry_out(&in, &out) < 0) out.reply.error = errno;
  *ending = out.reply.error == 0 && in.request.order == END;
  bool told = answer(client, &out);
  close_all(in.fds, (size_t)in.count);
  close_all(out.fds, out.reply.count);
  return told;
}

// Our own uid as we number it, which is the person's whose keeper we are. Root outside has no number here, and none is needed.
static bool is_ours(int client) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static void welcome(int listening, struct pollfd *clients) {
  int client = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) {
    // Out of descriptors or memory: who waits is still there in a moment, and asking on and on would help nobody.
    poll(NULL, 0, PAUSE);
    return;
  }
  if (!is_ours(client)) {
    close(client);
    return;
  }
  // Full: the one that has been here longest makes room. A helper connects anew when it has something to order.
  if (clients[CLIENTS - 1].fd >= 0) {
    close(clients[0].fd);
    memmove(clients, clients + 1, (CLIENTS - 1) * sizeof *clients);
    clients[CLIENTS - 1].fd = -1;
  }
  for (int i = 0; i < CLIENTS; i++) {
    if (clients[i].fd >= 0) continue;
    clients[i] = (struct pollfd){.fd = client, .events = POLLIN};
    return;
  }
}

void clients_serve(int listening) {
  // The first is the listening socket; the clients stand in the order in which they came, the free places last.
  struct pollfd watched[1 + CLIENTS] = {{.fd = listening, .events = POLLIN}};
  struct pollfd *clients = watched + 1;
  bool ending = false;
  for (int i = 0; i < CLIENTS; i++) clients[i].fd = -1;
  while (!ending) {
    if (poll(watched, 1 + CLIENTS, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    for (int i = CLIENTS - 1; i >= 0 && !ending; i--) {
      if (clients[i].fd < 0 || clients[i].revents == 0 || serve(clients[i].fd, &ending)) continue;
      close(clients[i].fd);
      memmove(clients + i, clients + i + 1, (size_t)(CLIENTS - 1 - i) * sizeof *clients);
      clients[CLIENTS - 1].fd = -1;
    }
    if ((watched[0].revents & ~POLLIN) != 0) return;
    if (watched[0].revents != 0) welcome(listening, clients);
  }
}
