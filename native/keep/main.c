// isolab-keep: holds the namespaces of a user realm, whose root it is, and does in them what only their root can: the
// helper itself stays outside. Started by isolab-launch in new user, mnt and net namespaces; descriptor 0 is a bound
// SOCK_SEQPACKET socket, on 1 it says once that it is ready. It outlives the helper: the next one finds it by its socket.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients.h"
#include "place.h"
#include "wire.h"

enum { LISTENING = 0, SAYS = 1, BACKLOG = 16 };

static bool is_packet_socket(int fd) {
  int domain = 0, type = 0;
  socklen_t size = sizeof(int);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
         getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

// Whoever waited may be gone: the next helper connects, and sees by that.
static void say(const char *step, int error) {
  struct word word = {.magic = MAGIC, .error = error};
  if (step != NULL) strncpy(word.step, step, sizeof word.step - 1);
  if (write(SAYS, &word, sizeof word) < 0) return;
}

static void give_up(const char *step) {
  say(step, errno);
  _exit(1);
}

int main(void) {
  if (!is_packet_socket(LISTENING)) {
    fputs("isolab-keep is started by the Isolab helper; descriptor 0 is its socket\n", stderr);
    return 64;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  umask(022);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) give_up("keeper-null");
  const char *step = place_set_up();
  if (step != NULL) give_up(step);
  // From here on SO_PEERCRED of a client's end says our pid.
  if (listen(LISTENING, BACKLOG) < 0) give_up("keeper-listen");
  say(NULL, 0);
  for (int fd = 1; fd <= 2; fd++) {
    if (dup2(null, fd) < 0) _exit(1);
  }
  close(null);
  clients_serve(LISTENING);
  return 0;
}
