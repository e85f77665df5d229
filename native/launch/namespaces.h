// Creating and joining namespaces: in which order, by which system call, and the proof that it came out as planned.
#ifndef ISOLAB_NAMESPACES_H
#define ISOLAB_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "plan.h"

// What the launcher was started in, looked at before anything changes.
struct home {
  int proc;  // directory /proc of the launcher's mount namespace; serves even where the new one has none
  struct stat kinds[KINDS];
};

void home_open(struct home *home);

// A user namespace to enter before anything else, whose creator or root we are: it gives every right below it. It stands
// for home's in `home` from then on; dropped where it is home's.
void base_prune(struct plan *plan, struct home *home);
void base_enter(const struct plan *plan);
// Drops from the plan the joins that lead where we already are: setns(2) refuses some of these (user) and they are no work.
void joins_prune(struct plan *plan, const struct home *home);
bool joins_any(const struct plan *plan);

// CLONE_NEW* of the kinds that clone3(2) makes: all but time, and cgroup where groups are entered first.
uint64_t create_flags(const struct plan *plan);
// fork(2) with namespaces; `sibling`: the child's parent is ours (CLONE_PARENT); `group`: directory of the control group of
// version 2 that the child is born in, or -1. 0 in the child.
pid_t clone_process(uint64_t flags, bool sibling, int group);

void join_all(const struct plan *plan);

// Effective ids of the owner with our capabilities kept, so that a namespace created now is the owner's.
void owner_take(const struct plan *plan);
// The launcher goes back to its own ids.
void owner_leave(uid_t uid, gid_t gid);
// Real and saved ids too, for good: before a user namespace is joined, where ours may have no name.
void owner_become(const struct plan *plan);

// Root of a new user namespace, who makes a container's files: the kernel refuses to make any for an id that is not mapped.
void root_user_take(const struct plan *plan);

// A new time namespace takes offsets only while it is empty. unshare(2) gives it to future children, the parent writes
// the offsets (after a change of ids the child may not: its /proc files are root's), setns(2) moves the child itself in,
// which spares a process that would have to stand between the launcher and the program.
void create_time(void);
void write_offsets(const struct plan *plan, const struct home *home, pid_t pid);
void enter_time(const struct home *home);

// Each kind is what the plan says: the joined one, a new one, or home's.
void verify(const struct plan *plan, const struct home *home);

#endif
