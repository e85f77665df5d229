// Gives a program a terminal: runs it as leader of a session on a new pseudo-terminal, passes standard input in and the
// screen out, and ends with its status (128 + N for signal N). Lines "ROWS COLUMNS" on descriptor 3 resize the terminal;
// end of file there closes it, as closing an editor's terminal does. The program's
// number is said on standard error, unless -q comes first. Usage: pty-run [-q] PROGRAM ARGUMENT…
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int check(int result, const char *what) {
  if (result >= 0) return result;
  perror(what);
  exit(255);
}

static _Noreturn void become(int master, char **arguments) {
  int slave = check(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY), "TIOCGPTPEER");
  check(setsid(), "setsid");
  check(ioctl(slave, TIOCSCTTY, 0), "TIOCSCTTY");
  for (int fd = 0; fd <= 2; fd++) check(dup2(slave, fd), "dup2");
  check(close_range(3, ~0U, 0), "close_range");
  execvp(arguments[0], arguments);
  perror(arguments[0]);
  _exit(127);
}

static bool pass(int from, int to) {
  char bytes[4096];
  ssize_t got = read(from, bytes, sizeof bytes);
  for (ssize_t done = 0; done < got;) {
    ssize_t put = write(to, bytes + done, (size_t)(got - done));
    if (put < 0) return false;
    done += put;
  }
  return got > 0;
}

// False at end of file.
static bool command(int master) {
  char line[64];
  struct winsize size = {.ws_row = 0};
  ssize_t got = read(3, line, sizeof line - 1);
  if (got <= 0) return false;
  line[got] = 0;
  if (sscanf(line, "%hu %hu", &size.ws_row, &size.ws_col) == 2) check(ioctl(master, TIOCSWINSZ, &size), "TIOCSWINSZ");
  return true;
}

int main(int count, char **arguments) {
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  int status = 0;
  bool controlled = fcntl(3, F_GETFD) >= 0;
  bool quiet = count > 1 && strcmp(arguments[1], "-q") == 0;
  if (quiet) count--, arguments++;
  if (count < 2) return 64;
  int master = check(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt");
  check(grantpt(master), "grantpt");
  check(unlockpt(master), "unlockpt");
  check(ioctl(master, TIOCSWINSZ, &size), "TIOCSWINSZ");
  pid_t child = check(fork(), "fork");
  if (child == 0) become(master, arguments + 1);
  // The number is what tests look at /proc by.
  if (!quiet) fprintf(stderr, "%d\n", child);
  struct pollfd watched[3] = {{.fd = master, .events = POLLIN}, {.fd = 0, .events = POLLIN}, {.fd = 3, .events = POLLIN}};
  if (!controlled) watched[2].fd = -1;
  while (waitpid(child, &status, watched[0].fd < 0 ? 0 : WNOHANG) == 0) {
    if (poll(watched, 3, 50) < 0 && errno != EINTR) return 255;
    if (watched[2].revents != 0 && !command(master)) {
      close(master);
      watched[0].fd = watched[1].fd = watched[2].fd = -1;
    }
    if (watched[1].fd >= 0 && watched[1].revents != 0 && !pass(0, master)) watched[1].fd = -1;
    if (watched[0].fd >= 0 && (watched[0].revents & POLLIN) != 0) pass(master, 1);
  }
  // The rest of the screen.
  while (watched[0].fd >= 0 && poll(watched, 1, 0) > 0 && (watched[0].revents & POLLIN) != 0 && pass(master, 1)) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
