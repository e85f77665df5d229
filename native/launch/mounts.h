// What the program sees as /: propagation, root directory, fresh /proc and /sys, files bound over others.
#ifndef ISOLAB_MOUNTS_H
#define ISOLAB_MOUNTS_H

#include "plan.h"

// A detached copy of the plan's root directory with all mounted below it, or -1 where there is none to make.
// Called in the mount namespace that the directory was opened in, for only there may it be copied.
int root_clone(const struct plan *plan);
// Called in the program's namespaces.
void mounts_set_up(const struct plan *plan, int root);

#endif
