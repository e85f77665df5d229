// What a program gets besides its plan proper: the resource limits of whoever asked for it, and what helps a shell report.
#ifndef ISOLAB_ADDITIONS_H
#define ISOLAB_ADDITIONS_H

#include "plan.h"

// Before privileges are dropped. A limit above what this process may have becomes the highest that it may.
void limits_apply(const struct plan *plan);
// With the program's own ids, in its own root directory: only it can say whether the file can be read there.
void addition_apply(struct plan *plan);

#endif
