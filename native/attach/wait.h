// The life of a session, seen from its terminal: bytes both ways where relayed, signals in, the exit status out.
#ifndef ISOLAB_WAIT_H
#define ISOLAB_WAIT_H

#include "terminal.h"

// Returns what to exit with. `link` leads to the launcher, `signals` is a signalfd.
int wait_for_end(struct terminal *terminal, int link, int signals);

#endif
