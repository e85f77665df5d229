// Reading a plan: framing, record by record, then the rules between records. Nothing here acts; what only containers have
// is in plan-container.c.
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan-container.h"
#include "plan-values.h"
#include "report.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

enum {
  MAGIC = 0x314c5349,       // "ISL1"
  MAX_BODY = 8 << 20,       // above what execve(2) takes on any usual stack limit
  MAX_STRING = 131071,      // MAX_ARG_STRLEN, with its NUL
  MAX_NAME = 64,            // of sethostname(2)
  MAX_RANGES = 340,         // lines of a map, user_namespaces(7)
  MAX_GROUPS = 65536,       // NGROUPS_MAX
  MAX_BINDS = 256,
  MAX_LIMITS = 64,
  MAX_OFFSET = 315360000,   // ten years of seconds
};

const struct kind_info kinds[KINDS] = {
    [MNT] = {"mnt", CLONE_NEWNS, "join-mnt"},       [UTS] = {"uts", CLONE_NEWUTS, "join-uts"},
    [IPC] = {"ipc", CLONE_NEWIPC, "join-ipc"},      [PID] = {"pid", CLONE_NEWPID, "join-pid"},
    [NET] = {"net", CLONE_NEWNET, "join-net"},      [USER] = {"user", CLONE_NEWUSER, "join-user"},
    [CGROUP] = {"cgroup", CLONE_NEWCGROUP, "join-cgroup"}, [TIME] = {"time", CLONE_NEWTIME, "join-time"},
};

static void read_all(void *buffer, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t got = read(CHANNEL, (char *)buffer + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) die_errno("plan-read", NULL);
    if (got == 0) die("plan-truncated");
    done += (size_t)got;
  }
}

static struct id_map id_map(const unsigned char *at, size_t size) {
  if (size % 12 != 0) die("plan-size");
  struct id_map map = {size / 12, words(at, size, 3, 3 * MAX_RANGES)};
  for (size_t i = 0; i < map.count; i++) {
    if (map.words[3 * i + 2] == 0) die("plan-value");
  }
  return map;
}

static int64_t offset(const unsigned char *at, size_t size) {
  if (size != 8) die("plan-size");
  int64_t seconds = (int64_t)((uint64_t)word(at + 4) << 32 | word(at));
  if (seconds < -MAX_OFFSET || seconds > MAX_OFFSET) die("plan-value");
  return seconds;
}

static void bind_record(struct plan *plan, const unsigned char *at, size_t size) {
  if (plan->bind_count >= MAX_BINDS) die("plan-size");
  if (plan->binds == NULL) plan->binds = room(MAX_BINDS, sizeof *plan->binds);
  struct bind *bind = &plan->binds[plan->bind_count++];
  two_paths(at, size, &bind->source, &bind->target);
}

static const struct limit *limits(const unsigned char *at, size_t size, size_t *count) {
  const uint32_t *list = words(at, size, 4, 4 * MAX_LIMITS);
  if (size % 16 != 0) die("plan-size");
  *count = size / 16;
  struct limit *all = room(*count, sizeof *all);
  for (size_t i = 0; i < *count; i++, list += 4) {
    all[i] = (struct limit){(uint64_t)list[1] << 32 | list[0], (uint64_t)list[3] << 32 | list[2]};
    if (all[i].soft > all[i].hard) die("plan-value");
  }
  return all;
}

// A file, arguments, an empty string, environment: each with its NUL.
static void addition(struct addition *addition, const unsigned char *at, size_t size) {
  struct strings arguments = {0}, environment = {0}, *to = &arguments;
  if (size == 0 || at[size - 1] != 0) die("plan-size");
  for (const unsigned char *end = at + size; at < end;) {
    size_t length = strlen((const char *)at);
    if (addition->file == NULL) {
      addition->file = text(at, length, 1, MAX_PATH);
    } else if (length == 0 && to == &arguments) {
      to = &environment;
    } else {
      add(to, text(at, length, 1, MAX_STRING));
    }
    at += length + 1;
  }
  if (addition->file[0] != '/') die("plan-value");
  addition->arguments = arguments.list != NULL ? arguments.list : room(0, sizeof(char *));
  addition->environment = environment.list != NULL ? environment.list : room(0, sizeof(char *));
}

static void take(struct plan *plan, uint32_t type, const unsigned char *at, size_t size, struct strings *arguments,
                 struct strings *environment) {
  const uint32_t *list;
  if (type == 0 || type >= RECORDS) die("plan-record");
  bool repeats = type == JOIN || type == BIND || type == ARGUMENT || type == ENVIRONMENT || type == OPERATION;
  if (has(plan, type) && !repeats) die("plan-duplicate");
  plan->seen |= UINT64_C(1) << type;
  switch ((enum record)type) {
    case CREATE:
      plan->create = words(at, size, 1, 1)[0];
      if (plan->create == 0 || plan->create >> KINDS != 0) die("plan-value");
      break;
    case JOIN:
      list = words(at, size, 2, 2);
      if (list[0] >= KINDS) die("plan-value");
      if (plan->join[list[0]] >= 0) die("plan-duplicate");
      plan->join[list[0]] = descriptor(list[1]);
      break;
    case OWNER:
      list = words(at, size, 2, 2 + MAX_GROUPS);
      plan->owner_uid = list[0];
      plan->owner_gid = list[1];
      plan->owner_groups = (struct id_list){size / 4 - 2, list + 2};
      break;
    case UID_MAP: plan->uid_map = id_map(at, size); break;
    case GID_MAP: plan->gid_map = id_map(at, size); break;
    case DENY_SETGROUPS:
    case FRESH_PROC:
    case FRESH_SYS:
    case HOLD:
    case CWD_REQUIRED:
      if (size != 0) die("plan-size");
      break;
    case PROPAGATION:
      plan->propagation = words(at, size, 1, 1)[0];
      if (plan->propagation > UNCHANGED) die("plan-value");
      break;
    case BIND: bind_record(plan, at, size); break;
    case HOSTNAME: plan->hostname = text(at, size, 1, MAX_NAME); break;
    case DOMAINNAME: plan->domainname = text(at, size, 1, MAX_NAME); break;
    case MONOTONIC: plan->monotonic = offset(at, size); break;
    case BOOTTIME: plan->boottime = offset(at, size); break;
    case ROOT: plan->root = descriptor(words(at, size, 1, 1)[0]); break;
    case USER_IDS:
      list = words(at, size, 2, 2);
      plan->uid = list[0];
      plan->gid = list[1];
      break;
    case GROUPS: plan->groups = (struct id_list){size / 4, words(at, size, 0, MAX_GROUPS)}; break;
    case MASK:
      plan->mask = words(at, size, 1, 1)[0];
      if (plan->mask > 0777) die("plan-value");
      break;
    case CWD:
      plan->cwd = text(at, size, 1, MAX_PATH);
      if (plan->cwd[0] != '/') die("plan-value");
      break;
    case ARGUMENT: add(arguments, text(at, size, arguments->count == 0 ? 1 : 0, MAX_STRING)); break;
    case ENVIRONMENT: add(environment, text(at, size, 1, MAX_STRING)); break;
    case LINK: plan->link = descriptor(words(at, size, 1, 1)[0]); break;
    case STATUS_FILE: plan->status_file = descriptor(words(at, size, 1, 1)[0]); break;
    case BASE: plan->base = descriptor(words(at, size, 1, 1)[0]); break;
    case MAP_PROGRAMS: two_paths(at, size, &plan->uid_program, &plan->gid_program); break;
    case LIMITS: plan->limits = limits(at, size, &plan->limit_count); break;
    case ADDITION: addition(&plan->addition, at, size); break;
    default: container_record(plan, (enum record)type, at, size);
  }
}

// (uid_t)-1 means "leave as it is" to setresuid(2): never an id.
static bool no_id(const struct plan *plan) {
  return (has(plan, OWNER) && (plan->owner_uid == UINT32_MAX || plan->owner_gid == UINT32_MAX)) ||
         (has(plan, USER_IDS) && (plan->uid == UINT32_MAX || plan->gid == UINT32_MAX));
}

// Every rule between records. What a kind that is not ours would suffer is refused here, so the acting code need not ask.
static void check(const struct plan *plan) {
  bool new_user = creates(plan, USER), new_mnt = creates(plan, MNT);
  for (int kind = 0; kind < KINDS; kind++) {
    if (creates(plan, kind) && joins(plan, kind)) die("plan-create-and-join");
  }
  if (!has(plan, ARGUMENT)) die("plan-no-program");
  if (no_id(plan)) die("plan-value");
  if ((has(plan, UID_MAP) || has(plan, GID_MAP) || has(plan, DENY_SETGROUPS)) && !new_user) die("plan-map-needs-user");
  if (new_user && !(has(plan, UID_MAP) && has(plan, GID_MAP))) die("plan-user-needs-maps");
  if (has(plan, MAP_PROGRAMS) && !new_user) die("plan-map-needs-user");
  // These programs know the ids of the host, and who asks is somebody there; inside a base there is neither.
  if (has(plan, MAP_PROGRAMS) && has(plan, BASE)) die("plan-programs-with-base");
  // Becoming somebody else is for who has rights at home; with them no base is needed.
  if (has(plan, OWNER) && has(plan, BASE)) die("plan-owner-with-base");
  if (has(plan, OWNER) && !new_user && !joins(plan, USER)) die("plan-owner-needs-user");
  // Ids taken to create the namespace would else stay as saved ids outside every map.
  if (has(plan, OWNER) && new_user && !has(plan, USER_IDS) && !has(plan, USER_NAME)) die("plan-owner-needs-ids");
  if (has(plan, GROUPS) && !has(plan, USER_IDS)) die("plan-groups-need-ids");
  if (has(plan, GROUPS) && has(plan, DENY_SETGROUPS)) die("plan-groups-denied");
  if ((has(plan, PROPAGATION) || has(plan, FRESH_PROC) || has(plan, FRESH_SYS) || has(plan, BIND)) && !new_mnt)
    die("plan-mount-needs-mnt");
  // A mount on a directory that is no mount point of its own would appear in other namespaces too.
  // A root directory that is to be shared is shared last.
  bool spreads = plan->propagation == UNCHANGED || (plan->propagation == SHARED && !has(plan, ROOT));
  if (spreads && (has(plan, BIND) || (has(plan, ROOT) && (has(plan, FRESH_PROC) || has(plan, FRESH_SYS)))))
    die("plan-mount-would-spread");
  if ((has(plan, HOSTNAME) || has(plan, DOMAINNAME)) && !creates(plan, UTS)) die("plan-name-needs-uts");
  if ((has(plan, MONOTONIC) || has(plan, BOOTTIME)) && !creates(plan, TIME)) die("plan-offset-needs-time");
  container_check(plan);
}

void plan_read(struct plan *plan) {
  unsigned char head[8];
  struct strings arguments = {0}, environment = {0};
  *plan = (struct plan){.base = -1, .root = -1, .link = -1, .status_file = -1, .mask = 022, .cwd = "/", .monitor = {-1, -1, -1, -1, NO_INPUT, 0, 0, 0, 0}};
  for (int kind = 0; kind < KINDS; kind++) plan->join[kind] = -1;

  read_all(head, sizeof head);
  if (word(head) != MAGIC) die("plan-magic");
  size_t left = word(head + 4);
  if (left > MAX_BODY) die("plan-length");
  unsigned char *body = room(left, 1);
  read_all(body, left);
  for (const unsigned char *at = body; left > 0;) {
    if (left < 8) die("plan-truncated");
    size_t size = word(at + 4);
    if (size > left - 8) die("plan-truncated");
    take(plan, word(at), at + 8, size, &arguments, &environment);
    at += 8 + size;
    left -= 8 + size;
  }
  free(body);
  plan->arguments = arguments.list;
  plan->environment = environment.list != NULL ? environment.list : room(0, sizeof *environment.list);
  check(plan);
}
