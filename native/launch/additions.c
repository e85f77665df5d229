// Limits and the conditional addition: both shape the program, neither can keep it from running.
#include "additions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "report.h"

void limits_apply(const struct plan *plan) {
  for (size_t i = 0; i < plan->limit_count; i++) {
    struct rlimit wanted = {plan->limits[i].soft, plan->limits[i].hard}, present;
    __rlimit_resource_t resource = (__rlimit_resource_t)i;
    if (setrlimit(resource, &wanted) == 0 || errno != EPERM || getrlimit(resource, &present) < 0) continue;
    // To raise a hard limit takes CAP_SYS_RESOURCE in the first user namespace (setrlimit(2)).
    if (wanted.rlim_max > present.rlim_max) wanted.rlim_max = present.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
    if (setrlimit(resource, &wanted) < 0) continue;
  }
}

static size_t count(char **list) {
  size_t size = 0;
  while (list[size] != NULL) size++;
  return size;
}

// The first list, then the second, in a new one with its NULL.
static char **joined(char **first, char **second) {
  size_t before = count(first), after = count(second);
  char **list = calloc(before + after + 1, sizeof *list);
  if (list == NULL) die_errno("plan-memory", NULL);
  memcpy(list, first, before * sizeof *list);
  memcpy(list + before, second, after * sizeof *list);
  return list;
}

// "NAME=" of both is the same.
static bool same_name(const char *a, const char *b) {
  size_t length = strcspn(a, "=");
  return strncmp(a, b, length) == 0 && b[length] == '=';
}

void addition_apply(struct plan *plan) {
  const struct addition *addition = &plan->addition;
  if (addition->file == NULL || access(addition->file, R_OK) < 0) return;
  plan->arguments = joined(plan->arguments, addition->arguments);
  size_t kept = 0;
  for (char **variable = plan->environment; *variable != NULL; variable++) {
    bool replaced = false;
    for (char **other = addition->environment; *other != NULL; other++) replaced = replaced || same_name(*other, *variable);
    if (!replaced) plan->environment[kept++] = *variable;
  }
  plan->environment[kept] = NULL;
  plan->environment = joined(plan->environment, addition->environment);
}
