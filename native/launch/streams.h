// What a container's program has at 0-2: a terminal of its own devpts, or pipes, and nothing of the host's.
#ifndef ISOLAB_STREAMS_H
#define ISOLAB_STREAMS_H

#include "plan.h"

// All are called in the program's root directory, before ids are taken. Opens a terminal, hands its master to the launcher, and makes its
// slave, which becomes the user's, 0-2 and /dev/console.
void pty_open(const struct plan *plan);
// Nothing to read: the program's own /dev/null. The host's is a file that root inside could change the mode of.
void input_none(void);
// Pipes at 0-2 become the user's, so that it may open /dev/stdout.
void stdio_own(const struct plan *plan);

#endif
