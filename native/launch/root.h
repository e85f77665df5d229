// What is done on a container's new root before it is entered: mounts, devices, files, masks.
#ifndef ISOLAB_ROOT_H
#define ISOLAB_ROOT_H

#include <stdint.h>

#include "namespaces.h"

// Opens a path below `top` as if that were the root (O_PATH): what lies there may have been arranged by anybody. `resolve`:
// further RESOLVE_* of openat2(2).
int open_below(int top, const char *path, uint64_t resolve);
// The program's working directory, where it is missing.
void cwd_make(const struct plan *plan, int top);

// In order, but that the root becomes read-only last; `top` is the root's own descriptor, already attached. The old root must still be there: a kernel shows a new
// /proc in a user namespace only where one was visible, and /dev/null is taken from it.
void operations_carry_out(const struct plan *plan, const struct home *home, int top);

#endif
