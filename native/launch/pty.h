// A terminal of the program's own devpts.
#ifndef ISOLAB_PTY_H
#define ISOLAB_PTY_H

#include "plan.h"

// Called in the program's root directory, before ids are taken: opens it, hands its master to the launcher, and makes its
// slave, which becomes the user's, 0-2 and /dev/console.
void pty_open(const struct plan *plan);
// Pipes at 0-2 become the user's, so that it may open /dev/stdout.
void stdio_own(const struct plan *plan);

#endif
