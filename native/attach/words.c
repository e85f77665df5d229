#include "words.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// helper/cli/refusal.ts; the protocol between the two of one package.
static const char TELL[] = "--tell-refusal";
enum { NOT_SAID = 70 };

static void run(const struct words *words, int input) {
  sigset_t none;
  sigemptyset(&none);
  // We take signals as data; it ends by them.
  sigprocmask(SIG_SETMASK, &none, NULL);
  // On a desktop the editor's Node is Electron, which this makes one.
  setenv("ELECTRON_RUN_AS_NODE", "1", 1);
  if (dup2(input, STDIN_FILENO) < 0) _exit(NOT_SAID);
  char *const argv[] = {(char *)words->node, (char *)words->script, (char *)TELL, (char *)words->command, NULL};
  execv(words->node, argv);
  _exit(NOT_SAID);
}

int words_say(const struct words *words, struct value data) {
  int pair[2], status;
  // An update may have taken it away.
  if (words->node == NULL || data.at == NULL || access(words->script, R_OK) < 0) return -1;
  // A pipe would end us by SIGPIPE where nobody reads.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return -1;
  pid_t child = fork();
  if (child == 0) run(words, pair[1]);
  close(pair[1]);
  for (const char *at = data.at; child > 0 && at < data.end;) {
    ssize_t put = send(pair[0], at, (size_t)(data.end - at), MSG_NOSIGNAL);
    if (put <= 0) break;
    at += put;
  }
  close(pair[0]);
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) && WEXITSTATUS(status) != NOT_SAID && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : -1;
}
