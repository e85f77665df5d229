// isolab-attach: brings the terminal it was started in to the helper, which runs a shell there, and ends as that shell does.
// Where the program has a terminal or pipes of its own, a container's, it keeps its terminal and passes everything on.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper.h"
#include "say.h"
#include "terminal.h"
#include "wait.h"

enum { USAGE_STATUS = 64 };

static int usage(void) {
  say(USAGE, NULL, NULL);
  return USAGE_STATUS;
}

// All signals that mean something to us come as data; only the terminal's stop signals keep their effect.
static int open_signals(void) {
  static const int TAKEN[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2};
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof TAKEN / sizeof *TAKEN; i++) sigaddset(&set, TAKEN[i]);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
  return signalfd(-1, &set, SFD_CLOEXEC);
}

static int fail(const char *call) {
  say(SYSTEM_CALL, call, strerror(errno));
  return 1;
}

// What a person can do about a refusal; false where nothing, or nothing is wanted. Only in a terminal that is ours alone:
// an editor closes it with us, and what was said would be gone before it was read. Who closes it so is told of no failure.
static bool goes_on(const struct request *request, int *status) {
  if (request->again == NEVER) return false;
  enum sentence asking = request->again == RETRY ? PRESS_TO_RETRY : request->again == REOPEN ? PRESS_TO_REOPEN : PRESS_TO_CLOSE;
  enum key key = terminal_key(request->signals, asking);
  if (key == ENTER && request->again != READ_IT) return true;
  if (key != NO_KEY) *status = 0;
  return false;
}

// One conversation. Returns 0 when the program runs and `link` leads to its launcher, else what to exit with.
static int try(struct request *request, struct terminal *terminal, int *link) {
  int pair[2], pid;
  request->again = NEVER;
  int connection = helper_connect(request, &pid);
  if (connection < 0) return 1;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return fail("socketpair");
  request->link = pair[1];
  // Where ptrace is restricted (Yama) a helper without host privileges may still fetch our descriptors.
  prctl(PR_SET_PTRACER, pid, 0, 0, 0);
  if (request->signals < 0) {
    // The terminal first: giving it up may hang us up, which must not yet count as a signal for the program.
    if (!terminal_prepare(terminal, request->stdio)) return 1;
    if ((request->signals = open_signals()) < 0) return fail("signalfd");
  }
  int status = helper_attach(request, connection);
  close(connection);
  // The launcher has a copy of this end; ours would keep the link alive.
  close(pair[1]);
  if (status != 0) close(pair[0]);
  *link = pair[0];
  return status;
}

static int attach(int count, char **arguments) {
  struct request request = {.root = -1, .signals = -1, .words.command = ""};
  const char *root = NULL;
  struct terminal terminal;
  int link = -1, status, at = 1;
  for (; at + 1 < count && arguments[at][0] == '-'; at += 2) {
    if (strcmp(arguments[at], "--socket") == 0) {
      request.socket = arguments[at + 1];
    } else if (strcmp(arguments[at], "--root") == 0) {
      root = arguments[at + 1];
    } else if (strcmp(arguments[at], "--node") == 0) {
      request.words.node = arguments[at + 1];
    } else if (strcmp(arguments[at], "--cli") == 0) {
      request.words.script = arguments[at + 1];
    } else if (strcmp(arguments[at], "--for") == 0) {
      request.words.command = arguments[at + 1];
    } else {
      return usage();
    }
  }
  if (at != count - 1 || request.socket == NULL || !request.words.node != !request.words.script) return usage();
  if (!is_ticket(arguments[at])) {
    say(TICKET_VOID, NULL, NULL);
    return 1;
  }
  strcpy(request.ticket, arguments[at]);
  // 0-2 must be open, or what we open ourselves would be taken for them.
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) return fail("/dev/null");
  }
  // With our own rights: the helper never opens a path for us.
  if (root != NULL && (request.root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
    say(NO_ROOT, root, strerror(errno));
    return 1;
  }
  bool ours = terminal_is_ours();
  while ((status = try(&request, &terminal, &link)) != 0) {
    if (!ours || !goes_on(&request, &status)) return status;
  }
  // The launcher has copies of these; ours would keep the inner terminal alive.
  if (request.root >= 0) close(request.root);
  if (request.relay.wanted) {
    terminal_keep(&terminal);
    return relay_run(&request.relay, &terminal, link, request.signals);
  }
  if (terminal.slave >= 0) close(terminal.slave);
  return wait_for_end(&terminal, link, request.signals);
}

int main(int count, char **arguments) {
  // Nothing is buffered, and nothing that runs at exit may wait on signals that are still pending.
  _exit(attach(count, arguments));
}
