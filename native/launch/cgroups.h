// Control groups: the program is in its own before anything else, and sees no others.
#ifndef ISOLAB_CGROUPS_H
#define ISOLAB_CGROUPS_H

#include <stdbool.h>

#include "namespaces.h"

// The calling process enters each group of the plan.
void cgroups_enter(const struct plan *plan);
// A new cgroup namespace whose roots are the groups entered: not by clone3(2), which is before that.
void cgroups_unshare(const struct plan *plan);
// Mounts every hierarchy of ours, read-only, at a directory. False with errno where not even the directory for them
// could be made; a hierarchy that cannot be shown is a note.
bool cgroups_show(const struct home *home, int target);

#endif
