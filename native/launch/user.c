// Users and groups of the program's own root directory: a plain reader of passwd(5) and group(5), for the C library's own
// would load modules from there.
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plan-values.h"
#include "report.h"

enum { MAX_FILE = 4 << 20, MAX_LISTED = 65536, FIELDS = 7 };

// The whole file, NUL-terminated; empty where there is none. A file of a stranger's image: only a plain one, of some size.
static char *slurp(const char *path) {
  struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_NO_MAGICLINKS};
  struct stat found;
  char *text = room(MAX_FILE, 1);
  size_t size = 0;
  int file = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  if (file < 0) return text;
  if (fstat(file, &found) == 0 && S_ISREG(found.st_mode)) {
    for (ssize_t got = 1; got > 0 && size < MAX_FILE; size += got > 0 ? (size_t)got : 0)
      got = read(file, text + size, MAX_FILE - size);
  }
  close(file);
  return text;
}

// The next line's fields; false at the end.
static bool next_entry(char **text, char *fields[FIELDS]) {
  static char EMPTY[] = "";
  char *line = strsep(text, "\n");
  if (line == NULL) return false;
  for (int i = 0; i < FIELDS; i++) {
    fields[i] = strsep(&line, ":");
    if (fields[i] == NULL) fields[i] = EMPTY;
  }
  return true;
}

// An id: decimal digits alone; the last value means "none" to the kernel.
static bool number_of(const char *text, uint32_t *number) {
  char *end;
  if (text[0] < '0' || text[0] > '9') return false;
  unsigned long long value = strtoull(text, &end, 10);
  if (*end != 0 || value >= UINT32_MAX) return false;
  *number = (uint32_t)value;
  return true;
}

static bool is(const char *wanted, const char *name, const char *id) {
  uint32_t a, b;
  return strcmp(wanted, name) == 0 || (number_of(wanted, &a) && number_of(id, &b) && a == b);
}

static void add_home(struct plan *plan, const char *home) {
  size_t count = 0;
  for (; plan->environment[count] != NULL; count++) {
    if (strncmp(plan->environment[count], "HOME=", 5) == 0) return;
  }
  char **list = room(count + 1, sizeof *list), *variable = room(strlen(home) + 6, 1);
  memcpy(list, plan->environment, count * sizeof *list);
  sprintf(variable, "HOME=%s", home[0] == '/' ? home : "/");
  list[count] = variable;
  plan->environment = list;
}

static bool is_member(const char *name, char *members) {
  for (char *each = strsep(&members, ","); each != NULL; each = strsep(&members, ",")) {
    if (strcmp(each, name) == 0) return true;
  }
  return false;
}

static _Noreturn void missing(const char *name) {
  errno = 0;
  die_errno("user-lookup", name);
}

void user_look_up(struct plan *plan) {
  char *fields[FIELDS], *user = strdup(plan->user_name), *name = NULL;
  char *home = "/", *group = strchr(user, ':');
  bool found = false;
  if (group != NULL) *group++ = 0;
  if (user[0] == 0) user = "0";
  plan->gid = 0;
  for (char *text = slurp("/etc/passwd"); !found && next_entry(&text, fields);) {
    uint32_t uid, gid;
    found = is(user, fields[0], fields[2]) && number_of(fields[2], &uid) && number_of(fields[3], &gid);
    if (!found) continue;
    plan->uid = uid;
    plan->gid = gid;
    name = fields[0];
    home = fields[5];
  }
  // A number needs no entry; a name does.
  if (!found && !number_of(user, &plan->uid)) missing(user);

  uint32_t *groups = room(MAX_LISTED, sizeof *groups), gid;
  size_t count = 0;
  bool group_found = group == NULL || group[0] == 0;
  bool supplementary = group_found && name != NULL;
  for (char *text = slurp("/etc/group"); (supplementary || !group_found) && next_entry(&text, fields);) {
    if (!number_of(fields[2], &gid)) continue;
    if (!group_found && is(group, fields[0], fields[2])) {
      plan->gid = gid;
      group_found = true;
    } else if (supplementary && gid != plan->gid && count < MAX_LISTED && is_member(name, fields[3])) {
      groups[count++] = gid;
    }
  }
  if (!group_found && !number_of(group, &plan->gid)) missing(group);
  // Among the others too: what is forbidden to a group must not be allowed to who becomes another (CVE-2022-36109).
  if (count < MAX_LISTED) groups[count++] = plan->gid;
  plan->groups = (struct id_list){count, groups};
  plan->seen |= UINT64_C(1) << USER_IDS | UINT64_C(1) << GROUPS;
  add_home(plan, home);
}
