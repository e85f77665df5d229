// What the program may do: capabilities, no_new_privs, the filter of system calls. In this order around the change of ids.
#ifndef ISOLAB_CONFINE_H
#define ISOLAB_CONFINE_H

#include "plan.h"

// Before ids are changed, with every right. Also the filter where it could not be loaded later.
void confine_first(const struct plan *plan);
// After: capabilities and no_new_privs.
void confine_ids_taken(const struct plan *plan);
// The last thing before the program: a filter, with no_new_privs set.
void confine_last(const struct plan *plan);
// For a process that stays without executing anything: an ordinary user keeps what exec(2) would have let it keep.
void confine_as_executed(void);

#endif
