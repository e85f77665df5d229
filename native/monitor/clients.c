// The kernel's socket buffer is a client's buffer, made larger; here lies only the rest of a frame that did not go in.
#include "clients.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, LAST_BUFFER = 4 << 20, LAST_SECONDS = 5 };

struct client clients[MAX_CLIENTS];
// Apart from them: memory that no client ever needed is never touched.
static unsigned char keys[MAX_CLIENTS][KEYS], in[MAX_CLIENTS][IN], out[MAX_CLIENTS][OUT];
static const struct orders *orders;

static void set_buffer(int fd, int size) {
  // The second is as much as the machine lets anybody have.
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

void clients_start(const struct orders *given) {
  orders = given;
  for (int i = 0; i < MAX_CLIENTS; i++) clients[i] = (struct client){.fd = -1, .keys = keys[i], .in = in[i], .out = out[i]};
}

bool clients_add(int fd, uint32_t flags) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    struct client *client = &clients[i];
    if (client->fd >= 0) continue;
    client->fd = fd;
    client->flags = flags;
    client->leaving = client->input_over = false;
    client->taken = 0;
    client->keys_size = client->in_size = client->out_size = client->out_at = 0;
    set_buffer(fd, BUFFER);
    return true;
  }
  return false;
}

bool clients_any(void) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    if (clients[i].fd >= 0) return true;
  }
  return false;
}

static void drop(struct client *client, bool detached) {
  if (client->keys_size > 0) orders->last_keys(client);
  close(client->fd);
  client->fd = -1;
  orders->gone(client, detached);
}

static bool waits(const struct client *client) { return client->out_size > client->out_at; }

bool clients_hold(void) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    if (clients[i].fd >= 0 && (clients[i].flags & LOSSLESS) != 0 && waits(&clients[i])) return true;
  }
  return false;
}

// Behind what still waits.
static void queue(struct client *client, const void *bytes, size_t size) {
  if (client->out_at == client->out_size) client->out_at = client->out_size = 0;
  if (client->out_size + size > OUT) {
    memmove(client->out, client->out + client->out_at, client->out_size - client->out_at);
    client->out_size -= client->out_at;
    client->out_at = 0;
  }
  if (client->out_size + size > OUT) return;
  memcpy(client->out + client->out_size, bytes, size);
  client->out_size += size;
}

static void send_frame(struct client *client, enum frame type, const void *bytes, size_t size) {
  unsigned char head[FRAME_HEAD] = {(unsigned char)type, 0, 0, 0, (unsigned char)(size >> 24), (unsigned char)(size >> 16),
                                    (unsigned char)(size >> 8), (unsigned char)size};
  struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, size}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  ssize_t put = waits(client) ? 0 : sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  // A broken connection shows itself when it is read.
  size_t done = put < 0 ? 0 : (size_t)put;
  if (done < sizeof head) queue(client, head + done, sizeof head - done);
  size_t body = done > sizeof head ? done - sizeof head : 0;
  if (body < size) queue(client, (const unsigned char *)bytes + body, size - body);
}

static void acknowledge(struct client *client) {
  if (client->taken == 0 || waits(client) || client->leaving) return;
  uint32_t taken = client->taken;
  unsigned char count[4] = {(unsigned char)(taken >> 24), (unsigned char)(taken >> 16), (unsigned char)(taken >> 8),
                            (unsigned char)taken};
  client->taken = 0;
  send_frame(client, FRAME_TAKEN, count, sizeof count);
}

void clients_show(enum frame type, const unsigned char *bytes, size_t size) {
  static const char SLOW[] = "{\"reason\":\"slow\"}\n";
  uint32_t wanted = type == FRAME_OUTPUT ? WANTS_OUTPUT : WANTS_ERROR;
  for (int i = 0; i < MAX_CLIENTS; i++) {
    struct client *client = &clients[i];
    if (client->fd < 0 || client->leaving || (client->flags & wanted) == 0) continue;
    if (!waits(client)) {
      send_frame(client, type, bytes, size);
    } else {
      send_frame(client, FRAME_DETACHED, SLOW, strlen(SLOW));
      client->leaving = true;
    }
  }
}

static uint16_t half(const unsigned char *at) { return (uint16_t)(at[0] << 8 | at[1]); }

// False where the client is to go.
static bool obey(struct client *client, enum frame type, const unsigned char *bytes, size_t size) {
  switch (type) {
    case FRAME_INPUT:
      // More than it may have under way: it does not know the rules.
      if (size > KEYS - client->keys_size) return false;
      memcpy(client->keys + client->keys_size, bytes, size);
      client->keys_size += size;
      return !client->input_over;
    case FRAME_SIZE:
      if (size == 4) orders->resize(half(bytes), half(bytes + 2));
      return size == 4;
    case FRAME_SIGNAL:
      if (size == 1 && bytes[0] >= 1 && bytes[0] <= 64) orders->signal(bytes[0]);
      return size == 1;
    case FRAME_END: client->input_over = true; return size == 0;
    default: return false;
  }
}

static void take(struct client *client) {
  ssize_t got = recv(client->fd, client->in + client->in_size, IN - client->in_size, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return drop(client, false);
  client->in_size += (size_t)got;
  size_t at = 0;
  while (client->in_size - at >= FRAME_HEAD) {
    const unsigned char *head = client->in + at;
    size_t size = (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
    if (head[1] != 0 || head[2] != 0 || head[3] != 0 || size > LONGEST_INPUT) return drop(client, false);
    if (client->in_size - at < FRAME_HEAD + size) break;
    if (head[0] == FRAME_DETACHED) return drop(client, true);
    if (!obey(client, (enum frame)head[0], head + FRAME_HEAD, size)) return drop(client, false);
    at += FRAME_HEAD + size;
  }
  client->in_size -= at;
  memmove(client->in, client->in + at, client->in_size);
}

static void flush(struct client *client) {
  if (waits(client)) {
    ssize_t put = send(client->fd, client->out + client->out_at, client->out_size - client->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return drop(client, false);
    if (put > 0) client->out_at += (size_t)put;
  }
  if (waits(client)) return;
  if (client->leaving) return drop(client, true);
  acknowledge(client);
}

void clients_watch(struct pollfd *watched) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    const struct client *client = &clients[i];
    short events = (short)((client->leaving ? 0 : POLLIN) | (waits(client) || client->taken > 0 ? POLLOUT : 0));
    watched[i] = (struct pollfd){.fd = client->fd, .events = events};
  }
}

void clients_serve(const struct pollfd *watched) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    struct client *client = &clients[i];
    if (client->fd < 0 || client->fd != watched[i].fd || watched[i].revents == 0) continue;
    if ((watched[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !client->leaving) take(client);
    if (client->fd >= 0) flush(client);
  }
}

void clients_expand(void) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    if (clients[i].fd < 0) continue;
    set_buffer(clients[i].fd, LAST_BUFFER);
    flush(&clients[i]);
  }
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

void clients_tell(const char *status) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    if (clients[i].fd < 0) continue;
    if (!clients[i].leaving) send_frame(&clients[i], FRAME_STATUS, status, strlen(status));
    clients[i].leaving = true;
    // What it still sends is nobody's; it shall not keep the last words from being read.
    if (!waits(&clients[i])) drop(&clients[i], true);
  }
}

void clients_finish(void) {
  long long deadline = now() + LAST_SECONDS * 1000LL;
  while (clients_any()) {
    struct pollfd watched[MAX_CLIENTS];
    long long left = deadline - now();
    clients_watch(watched);
    if (left <= 0 || (poll(watched, MAX_CLIENTS, (int)left) < 0 && errno != EINTR)) return;
    clients_serve(watched);
  }
}
