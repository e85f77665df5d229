// Records of containers and the rules between them.
#include "plan-container.h"

#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "plan-values.h"
#include "report.h"

enum {
  MAX_OPERATIONS = 1024,
  MAX_CONTENT = 65536,
  MAX_OPTIONS = 64,
  MAX_OPTION = 255,  // of fsconfig(2)
  MAX_CGROUPS = 64,
  MAX_FILTER = 4096,  // BPF_MAXINSNS
  MAX_USER_NAME = 256,
  MAX_LOG_FILES = 100,
  NONE = -1,
};

const char *const mount_types[] = {"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup2"};

// Words of an operation that mean something; the others are zero.
static const size_t WORDS[OPERATIONS] = {[ATTACH] = 3, [MOUNT] = 2, [DEVICE] = 6, [DIRECTORY] = 1, [FILE_CONTENT] = 1};

// Takes one string with its NUL from the front.
static char *next_text(const unsigned char **at, size_t *size, size_t least, size_t most) {
  const unsigned char *end = memchr(*at, 0, *size);
  if (end == NULL) die("plan-size");
  size_t length = (size_t)(end - *at);
  char *string = text(*at, length, least, most);
  *at += length + 1;
  *size -= length + 1;
  return string;
}

// Absolute, not / itself, no step up or on the spot: each part of it is a name.
static bool is_target(const char *path) {
  if (path[0] != '/') return false;
  while (*path == '/') {
    size_t length = strcspn(++path, "/");
    if (length == 0 || (length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.')) return false;
    path += length;
  }
  return true;
}

static void check_words(const struct operation *operation) {
  const uint32_t *words = operation->words;
  bool sound = true;
  for (size_t i = WORDS[operation->kind]; i < 6; i++) sound = sound && words[i] == 0;
  switch (operation->kind) {
    case ATTACH: sound = sound && words[1] <= AS_FILE && words[2] <= (15 | TARGET_EXISTS); break;
    case MOUNT: sound = sound && words[0] < sizeof mount_types / sizeof *mount_types && words[1] <= 15; break;
    case DEVICE: sound = sound && words[0] <= 1 && words[1] < 4096 && words[2] < 1 << 20 && words[3] <= 07777; break;
    case DIRECTORY:
    case FILE_CONTENT: sound = sound && words[0] <= 07777; break;
    default: break;
  }
  if (operation->kind == DEVICE && (words[4] == UINT32_MAX || words[5] == UINT32_MAX)) sound = false;
  if (!sound) die("plan-value");
}

static void operation_record(struct plan *plan, const unsigned char *at, size_t size) {
  if (plan->operation_count >= MAX_OPERATIONS || size < 7 * 4) die("plan-size");
  if (plan->operations == NULL) plan->operations = room(MAX_OPERATIONS, sizeof *plan->operations);
  struct operation *operation = &plan->operations[plan->operation_count++];
  if (word(at) >= OPERATIONS) die("plan-value");
  operation->kind = (enum operation_kind)word(at);
  for (size_t i = 0; i < 6; i++) operation->words[i] = word(at + 4 + 4 * i);
  check_words(operation);
  at += 7 * 4;
  size -= 7 * 4;
  if (operation->kind == ATTACH) descriptor(operation->words[0]);
  if (operation->kind != ROOT_READONLY) {
    operation->target = next_text(&at, &size, 2, MAX_PATH);
    if (!is_target(operation->target)) die("plan-value");
  }
  if (operation->kind == SYMLINK) operation->to = next_text(&at, &size, 1, MAX_PATH);
  if (operation->kind == MOUNT) {
    struct strings options = {0};
    while (size > 0) {
      if (options.count >= (size_t)2 * MAX_OPTIONS) die("plan-size");
      add(&options, next_text(&at, &size, options.count % 2 == 0 ? 1 : 0, MAX_OPTION));
    }
    if (options.count % 2 != 0) die("plan-size");
    operation->options = options.list != NULL ? options.list : room(0, sizeof(char *));
  }
  if (operation->kind == FILE_CONTENT) {
    if (size > MAX_CONTENT) die("plan-size");
    char *content = room(size, 1);
    memcpy(content, at, size);
    operation->content = content;
    operation->size = size;
    size = 0;
  }
  if (size != 0) die("plan-size");
}

static uint64_t pair(const uint32_t *words) { return (uint64_t)words[1] << 32 | words[0]; }

static void capabilities_record(struct capability_sets *sets, const unsigned char *at, size_t size) {
  const uint32_t *list = words(at, size, 10, 10);
  *sets = (struct capability_sets){pair(list), pair(list + 2), pair(list + 4), pair(list + 6), pair(list + 8)};
  // As the kernel has it (capabilities(7)).
  if ((sets->effective & ~sets->permitted) != 0 || (sets->ambient & ~(sets->permitted & sets->inheritable)) != 0 ||
      (sets->inheritable & ~sets->bounding) != 0)
    die("plan-value");
}

static void filter_record(struct plan *plan, const unsigned char *at, size_t size) {
  size_t count = size / sizeof(struct sock_filter);
  if (size % sizeof(struct sock_filter) != 0 || count < 1 || count > MAX_FILTER) die("plan-size");
  struct sock_filter *filter = room(count, sizeof *filter);
  memcpy(filter, at, size);
  plan->filter = filter;
  plan->filter_size = (unsigned short)count;
}

static void monitor_record(struct monitor_plan *monitor, const unsigned char *at, size_t size) {
  const uint32_t *list = words(at, size, 9, 9);
  monitor->program = descriptor(list[0]);
  monitor->control = descriptor(list[1]);
  monitor->log = list[2] == UINT32_MAX ? NONE : descriptor(list[2]);
  monitor->client = list[3] == UINT32_MAX ? NONE : descriptor(list[3]);
  if (list[4] > INPUT_KEPT || list[5] > 15 || list[6] > 1) die("plan-value");
  if (monitor->client < 0 && list[5] != 0) die("plan-value");
  // A log file takes at least one record of the longest kind.
  if (monitor->log >= 0 && (list[7] < 32768 || list[7] > INT32_MAX || list[8] < 1 || list[8] > MAX_LOG_FILES))
    die("plan-value");
  monitor->input = (enum input)list[4];
  monitor->client_flags = list[5];
  monitor->hang_up = list[6];
  monitor->log_size = list[7];
  monitor->log_count = list[8];
}

void container_record(struct plan *plan, enum record type, const unsigned char *at, size_t size) {
  const uint32_t *list;
  switch (type) {
    case OPERATION: operation_record(plan, at, size); break;
    case CGROUPS:
      plan->cgroups = words(at, size, 1, MAX_CGROUPS);
      plan->cgroup_count = size / 4;
      for (size_t i = 0; i < plan->cgroup_count; i++) descriptor(plan->cgroups[i]);
      break;
    case CAPABILITIES: capabilities_record(&plan->capabilities, at, size); break;
    case SECCOMP: filter_record(plan, at, size); break;
    case OOM_SCORE_ADJ:
      plan->oom_score_adj = (int)words(at, size, 1, 1)[0];
      if (plan->oom_score_adj < -1000 || plan->oom_score_adj > 1000) die("plan-value");
      break;
    case USER_NAME: plan->user_name = text(at, size, 1, MAX_USER_NAME); break;
    case PTY:
      list = words(at, size, 2, 2);
      if (list[0] > UINT16_MAX || list[1] > UINT16_MAX) die("plan-value");
      plan->rows = (uint16_t)list[0];
      plan->columns = (uint16_t)list[1];
      break;
    case MONITOR: monitor_record(&plan->monitor, at, size); break;
    default:
      // Flags.
      if (size != 0) die("plan-size");
  }
}

// Mounts that are laid over what is there, and change nothing of it.
static bool only_covers(const struct plan *plan) {
  for (size_t i = 0; i < plan->operation_count; i++) {
    const struct operation *operation = &plan->operations[i];
    if (operation->kind != ATTACH || (operation->words[2] & TARGET_EXISTS) == 0) return false;
  }
  return true;
}

void container_check(const struct plan *plan) {
  bool own_root = has(plan, ROOT) && creates(plan, MNT);
  if (has(plan, ROOT_MOUNT) && !own_root) die("plan-root-needs-mnt");
  // The root that everybody has is not to be changed.
  if (has(plan, OPERATION) && !own_root && !(creates(plan, MNT) && only_covers(plan))) die("plan-operation-needs-root");
  // What is mounted on a root must not appear elsewhere; a container's root is never shared with anybody.
  bool spreads = plan->propagation == UNCHANGED || plan->propagation == SHARED;
  if ((has(plan, OPERATION) || has(plan, ROOT_MOUNT)) && spreads) die("plan-mount-would-spread");
  if (has(plan, USER_NAME) && has(plan, USER_IDS)) die("plan-two-users");
  if (has(plan, USER_NAME) && has(plan, DENY_SETGROUPS)) die("plan-groups-denied");
  if (has(plan, PTY) && !has(plan, MONITOR)) die("plan-pty-needs-monitor");
  // Both would tell of the end, and pass signals on.
  if (has(plan, MONITOR) && has(plan, LINK)) die("plan-monitor-with-link");
  if (has(plan, INIT) && !creates(plan, PID)) die("plan-init-needs-pid");
  if (has(plan, DIES_WITH_LAUNCHER) && has(plan, MONITOR)) die("plan-monitor-outlives");
}
