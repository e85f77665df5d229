// Busy or idle, as an editor sees it: it asks before it closes a terminal whose program has children.
#ifndef ISOLAB_BUSY_H
#define ISOLAB_BUSY_H

#include <stdbool.h>

// While busy we have one child, which does nothing. Where none can be had, we seem idle.
void busy_set(bool busy);

#endif
