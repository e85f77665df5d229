// Sockets of packets (SOCK_SEQPACKET): each is one order. Who connects is asked of the kernel.
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listening;
static int connections[MAX_CONNECTIONS];
static obey_order *obey;

void control_start(int socket, obey_order *given) {
  listening = socket;
  obey = given;
  for (int i = 0; i < MAX_CONNECTIONS; i++) connections[i] = -1;
  listen(listening, 16);
  fcntl(listening, F_SETFL, O_NONBLOCK);
}

static void accept_one(void) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  int free_place = 0;
  while (free_place < MAX_CONNECTIONS && connections[free_place] >= 0) free_place++;
  int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (connection < 0) return;
  bool ours = getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
  if (!ours || free_place == MAX_CONNECTIONS) {
    close(connection);
    return;
  }
  connections[free_place] = connection;
}

// All descriptors that came; more than one is nobody's.
static int descriptor_of(struct msghdr *message) {
  int first = -1;
  for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL; head = CMSG_NXTHDR(message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
      if (first < 0) first = fd;
      else close(fd);
    }
  }
  return first;
}

// False when the connection is over.
static bool take(int connection) {
  uint32_t words[3], answer[2] = {EBADMSG, 0};
  union {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(8 * sizeof(int))];
  } control;
  struct iovec part = {words, sizeof words};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return false;
  int fd = descriptor_of(&message);
  bool whole = got == (ssize_t)sizeof words && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  if (whole) {
    answer[0] = (uint32_t)obey((enum order)words[0], words[1], words[2], fd, &answer[1]);
  } else if (fd >= 0) {
    close(fd);
  }
  return send(connection, answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof answer;
}

void control_watch(struct pollfd *watched) {
  watched[0] = (struct pollfd){.fd = listening, .events = POLLIN};
  for (int i = 0; i < MAX_CONNECTIONS; i++) watched[1 + i] = (struct pollfd){.fd = connections[i], .events = POLLIN};
}

void control_serve(const struct pollfd *watched) {
  for (int i = 0; i < MAX_CONNECTIONS; i++) {
    if (connections[i] < 0 || watched[1 + i].revents == 0 || take(connections[i])) continue;
    close(connections[i]);
    connections[i] = -1;
  }
  if (watched[0].revents != 0) accept_one();
}
