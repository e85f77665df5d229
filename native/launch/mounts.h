// What the program sees as /: propagation, root directory, fresh /proc and /sys, files bound over others.
#ifndef ISOLAB_MOUNTS_H
#define ISOLAB_MOUNTS_H

#include <stdbool.h>

#include "namespaces.h"

// To be called before the program's mnt namespace is made: from then on the plan's root directory is the working
// directory, which the kernel carries over into a new mnt namespace. A descriptor would stay in the old one.
void root_enter(const struct plan *plan);
// Called in the program's namespaces.
void mounts_set_up(const struct plan *plan, const struct home *home);

// A detached mount of a new instance, -1 with errno. `options`: key, value, key, value, NULL; an empty value is a flag;
// `attributes`: MOUNT_ATTR_*.
int mount_new(const char *type, char **options, unsigned int attributes);
// Puts a detached mount on what a descriptor leads to.
bool attach(int tree, int target);

#endif
