// What the kernel does not do for process 1 of a pid namespace: a signal it neither handles nor ignores has no effect on it
// (pid_namespaces(7)). A program that was not written as process 1 expects to die of it.
#ifndef ISOLAB_DEFAULT_ACTION_H
#define ISOLAB_DEFAULT_ACTION_H

#include <stdbool.h>
#include <sys/types.h>

// Whether a signal finds its default action in a process.
bool has_default_action(pid_t program, int number);

#endif
