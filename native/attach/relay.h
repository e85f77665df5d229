// A program that keeps its own terminal or pipes, a container's: its input and output pass through us as frames.
#ifndef ISOLAB_RELAY_H
#define ISOLAB_RELAY_H

#include <stdbool.h>

#include "terminal.h"

struct relay {
  bool wanted;
  bool tty;    // the program has a terminal: ours passes every key on
  bool input;  // it takes what we have
};

// Returns what to exit with. `link` leads to the monitor, `signals` is a signalfd.
int relay_run(const struct relay *relay, struct terminal *terminal, int link, int signals);

#endif
