// The program's parent for life: the launcher becomes isolab-monitor. And what they share: the program's pipes.
#ifndef ISOLAB_BECOME_H
#define ISOLAB_BECOME_H

#include <stdbool.h>

#include "plan.h"

// Ends of pipes, -1 without: `program` are the program's 0-2, `ours` lead to them.
struct pipes {
  int program[3], ours[3];
};

// Where a monitor is asked for and the program gets no terminal.
void pipes_open(const struct plan *plan, struct pipes *pipes);
// In the child.
void pipes_take(const struct pipes *pipes);
// `master`: of the program's terminal, else -1. Ends the program where the monitor cannot be run.
_Noreturn void monitor_become(const struct plan *plan, const struct pipes *pipes, int master, pid_t program);

#endif
