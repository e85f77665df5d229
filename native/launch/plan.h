// The plan: what to create, join, mount and run, as plain data. Read and checked whole before anything is done.
#ifndef ISOLAB_PLAN_H
#define ISOLAB_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Descriptors 0-2 are the program's; this one is a stream socket to whoever started us: the plan and then, for `hold`,
// a go byte come in, status lines go out. All others are numbered in the plan.
enum { CHANNEL = 3 };

// In the order of the wire; names as in /proc/PID/ns.
enum kind { MNT, UTS, IPC, PID, NET, USER, CGROUP, TIME, KINDS };
struct kind_info {
  const char *name;
  uint32_t flag;  // CLONE_NEW*
  const char *join_step;
};
extern const struct kind_info kinds[KINDS];

enum propagation { PRIVATE, SLAVE, SHARED, UNCHANGED };

struct id_map {
  size_t count;  // of ranges; three words each: inside, outside, length
  const uint32_t *words;
};

struct id_list {
  size_t count;
  const uint32_t *ids;
};

struct bind {
  const char *source;
  const char *target;
};

// Of setrlimit(2), in the order of its resources.
struct limit {
  uint64_t soft, hard;
};

// What the program gets besides, if the file can be read where and as whom it runs.
struct addition {
  const char *file;
  char **arguments;  // both NULL-terminated
  char **environment;
};

struct plan {
  uint32_t seen;    // bit per record type
  uint32_t create;  // bit per kind
  int base;         // descriptor of the user namespace entered before all others, -1 without
  int join[KINDS];  // descriptor, -1 for kinds that are not joined
  uid_t owner_uid;
  gid_t owner_gid;
  struct id_list owner_groups;
  struct id_map uid_map, gid_map;
  const char *uid_program, *gid_program;  // newuidmap(1), newgidmap(1)
  uint32_t propagation;
  struct bind *binds;
  size_t bind_count;
  const char *hostname, *domainname;
  int64_t monotonic, boottime;  // seconds
  int root;
  uid_t uid;
  gid_t gid;
  struct id_list groups;
  uint32_t mask;
  const char *cwd;
  char **arguments;  // both NULL-terminated
  char **environment;
  int link, status_file;
  size_t limit_count;
  const struct limit *limits;
  struct addition addition;
};

enum record {
  CREATE = 1,
  JOIN,
  OWNER,
  UID_MAP,
  GID_MAP,
  DENY_SETGROUPS,
  PROPAGATION,
  FRESH_PROC,
  FRESH_SYS,
  BIND,
  HOSTNAME,
  DOMAINNAME,
  MONOTONIC,
  BOOTTIME,
  ROOT,
  USER_IDS,
  GROUPS,
  MASK,
  CWD,
  ARGUMENT,
  ENVIRONMENT,
  LINK,
  STATUS_FILE,
  HOLD,
  BASE,
  MAP_PROGRAMS,
  LIMITS,
  CWD_REQUIRED,
  ADDITION,
  RECORDS
};

static inline bool has(const struct plan *plan, enum record type) { return (plan->seen >> type & 1U) != 0; }
static inline bool creates(const struct plan *plan, enum kind kind) { return (plan->create >> kind & 1U) != 0; }
static inline bool joins(const struct plan *plan, enum kind kind) { return plan->join[kind] >= 0; }

// Reads one plan from the channel and checks it; dies with a `plan-…` step where it is not whole and sound.
void plan_read(struct plan *plan);

#endif
