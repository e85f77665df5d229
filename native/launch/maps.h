// The maps of a new user namespace: written by ourselves, or by the programs that know an ordinary user's further ids.
#ifndef ISOLAB_MAPS_H
#define ISOLAB_MAPS_H

#include "namespaces.h"

// setgroups, gid_map and uid_map of `pid`. Called by who has the right to, a process in the parent user namespace
// (user_namespaces(7)): the launcher, or below a base the process that entered it.
void write_maps(const struct plan *plan, const struct home *home, pid_t pid);

// A file of /proc in one write: the kernel takes a map whole or not at all.
void write_file(int directory, const char *path, const char *text, size_t size, const char *step);

#endif
