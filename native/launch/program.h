// The last steps of the child: it lets go of everything that is ours and becomes the program.
#ifndef ISOLAB_PROGRAM_H
#define ISOLAB_PROGRAM_H

#include "plan.h"

// `parent` is the socket to the launcher; it closes on exec, which tells that the program runs.
_Noreturn void program_run(struct plan *plan, int parent);

#endif
