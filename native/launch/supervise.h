// The launcher as parent: it takes the child through its set-up, then waits for the program and passes signals on.
#ifndef ISOLAB_SUPERVISE_H
#define ISOLAB_SUPERVISE_H

#include "namespaces.h"

// Until the program runs; dies where a step fails, with the child gone. Returns the program's pid; `master` is that
// of its terminal, or -1.
pid_t supervise_start(const struct plan *plan, const struct home *home, pid_t child, int socket, bool second, int *master);
// Until the program ends; returns what to exit with.
int supervise_run(const struct plan *plan, pid_t program);

#endif
