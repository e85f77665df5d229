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

// What is done on a new root (helper/sys/launch-operations.ts); numbers as on the wire.
enum operation_kind { ATTACH, MOUNT, CGROUP_TREE, DEVICE, SYMLINK, DIRECTORY, FILE_CONTENT, MASK_PATH, READONLY, ROOT_READONLY, OPERATIONS };
struct operation {
  enum operation_kind kind;
  uint32_t words[6];
  const char *target;   // absolute, no `..`; NULL of ROOT_READONLY
  const char *to;       // of SYMLINK
  char **options;       // of MOUNT: key, value, key, value, NULL; an empty value is a flag
  const char *content;  // of FILE_CONTENT
  size_t size;
};
// Words of ATTACH: [0] is the descriptor, [1] what a missing target becomes, [2] flags of mounts and this one.
enum { AS_FILE = 1, TARGET_EXISTS = 16 };
extern const char *const mount_types[];  // words[0] of MOUNT; [1] its flags

struct capability_sets {
  uint64_t bounding, permitted, effective, inheritable, ambient;
};

enum input { NO_INPUT, INPUT_ONCE, INPUT_KEPT };
struct monitor_plan {
  int program, control, log, client;  // descriptors; the last two -1 without
  enum input input;
  uint32_t client_flags, hang_up, log_size, log_count;
};

struct plan {
  uint64_t seen;    // bit per record type
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
  struct operation *operations;
  size_t operation_count;
  size_t cgroup_count;
  const uint32_t *cgroups;  // descriptors
  struct capability_sets capabilities;
  const struct sock_filter *filter;
  unsigned short filter_size;  // instructions
  int oom_score_adj;
  const char *user_name;
  uint16_t rows, columns;
  struct monitor_plan monitor;
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
  ROOT_MOUNT,
  OPERATION,
  CGROUPS,
  CAPABILITIES,
  NO_NEW_PRIVILEGES,
  SECCOMP,
  OOM_SCORE_ADJ,
  USER_NAME,
  CREATE_CWD,
  PTY,
  MONITOR,
  INIT,
  DIES_WITH_LAUNCHER,
  RECORDS
};

static inline bool has(const struct plan *plan, enum record type) { return (plan->seen >> type & 1U) != 0; }
static inline bool creates(const struct plan *plan, enum kind kind) { return (plan->create >> kind & 1U) != 0; }
static inline bool joins(const struct plan *plan, enum kind kind) { return plan->join[kind] >= 0; }

// Reads one plan from the channel and checks it; dies with a `plan-…` step where it is not whole and sound.
void plan_read(struct plan *plan);

#endif
