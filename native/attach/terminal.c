// Hand-over where we lead the terminal's session, relay elsewhere: below another shell the terminal is that shell's, and
// whoever had it as controlling terminal could type into it (TIOCSTI, ioctl_tty(2)).
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "say.h"

// Every terminal among 0-2 is the controlling terminal of a session that we lead.
static bool may_hand_over(void) {
  if (getsid(0) != getpid()) return false;
  for (int fd = 0; fd <= 2; fd++) {
    if (isatty(fd) && tcgetsid(fd) != getpid()) return false;
  }
  return true;
}

bool terminal_is_ours(void) { return isatty(0) && isatty(2) && may_hand_over(); }

int terminal_ending_signal(int signals) {
  struct signalfd_siginfo signal;
  if (read(signals, &signal, sizeof signal) != sizeof signal) return 0;
  int number = (int)signal.ssi_signo;
  return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM ? number : 0;
}

// What a terminal sends by itself, asked or not, is an escape sequence in one piece (console_codes(4)); keys may follow it.
// Returns the first of them, 0 where there is none.
static char first_key(const char *keys, size_t count) {
  size_t at = 0;
  while (at + 1 < count && keys[at] == '\x1b') {
    bool control = keys[at + 1] == '[';
    at += 2;
    // Parameters, up to the final byte.
    while (control && at < count && (keys[at] < 0x40 || keys[at] > 0x7e)) at++;
    if (control) at++;
  }
  return at < count ? keys[at] : 0;
}

enum key terminal_key(int signals, enum sentence asking) {
  struct termios saved, raw;
  struct pollfd watched[] = {{.fd = 0, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
  enum key key = NO_KEY;
  if (tcgetattr(0, &saved) < 0) return NO_KEY;
  raw = saved;
  cfmakeraw(&raw);
  raw.c_oflag = saved.c_oflag;
  // What was typed before does not count. What is typed once it was asked for does.
  if (tcsetattr(0, TCSAFLUSH, &raw) < 0) return NO_KEY;
  say(asking, NULL, NULL);
  while (key == NO_KEY) {
    char keys[64];
    if (poll(watched, 2, -1) < 0 && errno != EINTR) break;
    if (watched[1].revents != 0 && terminal_ending_signal(signals) != 0) break;
    if (watched[0].revents == 0) continue;
    ssize_t got = read(0, keys, sizeof keys);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) break;
    char pressed = got > 0 ? first_key(keys, (size_t)got) : 0;
    if (pressed != 0) key = pressed == '\r' || pressed == '\n' ? ENTER : ANOTHER;
  }
  tcsetattr(0, TCSADRAIN, &saved);
  return key;
}

static bool hand_over(int terminal) {
  // Giving it up hangs up the foreground group, which is us.
  signal(SIGHUP, SIG_IGN);
  bool given = ioctl(terminal, TIOCNOTTY) == 0;
  if (!given) say(TERMINAL_KEPT, strerror(errno), NULL);
  signal(SIGHUP, SIG_DFL);
  return given;
}

static bool readable(int fd) { return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY; }
static bool writable(int fd) { return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY; }

static bool open_pty(struct terminal *terminal, int outer) {
  struct winsize size;
  terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (terminal->master < 0 || grantpt(terminal->master) < 0 || unlockpt(terminal->master) < 0) return false;
  // By descriptor: the path may mean another devpts here.
  terminal->slave = ioctl(terminal->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal->slave < 0) return false;
  if (tcgetattr(outer, &terminal->saved) == 0) tcsetattr(terminal->slave, TCSANOW, &terminal->saved);
  if (ioctl(outer, TIOCGWINSZ, &size) == 0) ioctl(terminal->master, TIOCSWINSZ, &size);
  return true;
}

bool terminal_prepare(struct terminal *terminal, int stdio[3]) {
  *terminal = (struct terminal){.input = -1, .output = -1, .master = -1, .slave = -1, .handed = -1};
  int outer = -1;
  for (int fd = 2; fd >= 0; fd--) {
    stdio[fd] = fd;
    if (isatty(fd)) outer = fd;
  }
  if (outer < 0) return true;
  if (may_hand_over()) {
    terminal->handed = outer;
    return hand_over(outer);
  }
  for (int fd = 2; fd >= 0; fd--) {
    if (!isatty(fd)) continue;
    if (readable(fd)) terminal->input = fd;
    if (writable(fd)) terminal->output = fd;
  }
  if (!open_pty(terminal, outer)) {
    say(NO_PTY, strerror(errno), NULL);
    return false;
  }
  for (int fd = 0; fd <= 2; fd++) {
    if (isatty(fd)) stdio[fd] = terminal->slave;
  }
  return true;
}

void terminal_keep(struct terminal *terminal) {
  if (terminal->slave >= 0) close(terminal->slave);
  if (terminal->master >= 0) close(terminal->master);
  // Without it we would hear neither of a new size nor of its end.
  if (terminal->handed >= 0) ioctl(terminal->handed, TIOCSCTTY, 0);
  terminal->master = terminal->slave = terminal->handed = -1;
  terminal->input = isatty(0) && readable(0) ? 0 : -1;
  terminal->output = isatty(1) && writable(1) ? 1 : isatty(2) && writable(2) ? 2 : -1;
  if (terminal->input >= 0) tcgetattr(terminal->input, &terminal->saved);
}

void terminal_raw(struct terminal *terminal) {
  struct termios raw = terminal->saved;
  if (terminal->input < 0) return;
  cfmakeraw(&raw);
  terminal->raw = tcsetattr(terminal->input, TCSADRAIN, &raw) == 0;
}

void terminal_restore(struct terminal *terminal) {
  if (!terminal->raw) return;
  // Not to be stopped on the way out where we are no longer in the foreground.
  signal(SIGTTOU, SIG_IGN);
  tcsetattr(terminal->input, TCSADRAIN, &terminal->saved);
  signal(SIGTTOU, SIG_DFL);
  terminal->raw = false;
}

void terminal_resize(const struct terminal *terminal) {
  struct winsize size;
  int outer = terminal->output >= 0 ? terminal->output : terminal->input;
  if (terminal->master >= 0 && ioctl(outer, TIOCGWINSZ, &size) == 0) ioctl(terminal->master, TIOCSWINSZ, &size);
}
