// Control groups: the program is in its own before anything else, and sees no others.
#ifndef ISOLAB_CGROUPS_H
#define ISOLAB_CGROUPS_H

#include <stdbool.h>

#include "namespaces.h"

// Directory of the group that the first child is born in, or -1. Dies where the plan has several.
int cgroups_born_in(const struct plan *plan);
// Whether clone3(2) failed for that group's sake.
bool cgroups_refused(int error);
// The calling process enters each other group of the plan.
void cgroups_enter(const struct plan *plan);
// A new cgroup namespace whose roots are the groups entered: not by clone3(2), which is before that.
void cgroups_unshare(const struct plan *plan);
// Mounts every hierarchy of ours, read-only, at a directory. False with errno where not even the directory for them
// could be made; a hierarchy that cannot be shown is a note.
bool cgroups_show(const struct home *home, int target);

#endif
