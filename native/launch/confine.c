// Capabilities by prctl(2) and capset(2), capabilities(7); the filter by seccomp(2).
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"

static bool in(uint64_t set, int capability) { return (set >> capability & 1) != 0; }

static void filter_load(const struct plan *plan) {
  struct sock_fprog program = {.len = plan->filter_size, .filter = (struct sock_filter *)plan->filter};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) die_errno("seccomp", NULL);
}

void confine_first(const struct plan *plan) {
  // Without no_new_privs only who has CAP_SYS_ADMIN may load one: now.
  if (has(plan, SECCOMP) && !has(plan, NO_NEW_PRIVILEGES)) filter_load(plan);
  if (!has(plan, CAPABILITIES)) return;
  for (int number = 0; number < 64; number++) {
    int held = prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (held < 0) break;
    if (held == 0 || in(plan->capabilities.bounding, number)) continue;
    if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0) die_errno("capability-bounding", NULL);
  }
  // The permitted set outlives a change to an ordinary user's ids, the effective one does not: so the working directory is
  // entered with the program's own rights.
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) die_errno("capabilities", NULL);
}

void confine_ids_taken(const struct plan *plan) {
  const struct capability_sets *sets = &plan->capabilities;
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (has(plan, CAPABILITIES)) {
    if (syscall(SYS_capget, &head, data) < 0) die_errno("capabilities", NULL);
    for (int half = 0; half < 2; half++) {
      // What we do not have ourselves cannot be given: as limits, it is as much as it may be.
      uint32_t held = data[half].permitted;
      data[half].permitted = (uint32_t)(sets->permitted >> 32 * half) & held;
      data[half].effective = (uint32_t)(sets->effective >> 32 * half) & held;
      data[half].inheritable = (uint32_t)(sets->inheritable >> 32 * half) & held;
    }
    if (syscall(SYS_capset, &head, data) < 0) die_errno("capabilities", NULL);
    for (int number = 0; number < 64; number++) {
      if (!in(sets->ambient, number) || (data[number / 32].permitted >> number % 32 & 1) == 0) continue;
      if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0) die_errno("capability-ambient", NULL);
    }
  }
  if (has(plan, NO_NEW_PRIVILEGES) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) die_errno("no-new-privileges", NULL);
}

void confine_last(const struct plan *plan) {
  if (has(plan, SECCOMP) && has(plan, NO_NEW_PRIVILEGES)) filter_load(plan);
}

void confine_as_executed(void) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (geteuid() == 0) return;
  if (syscall(SYS_capget, &head, data) < 0) die_errno("capabilities", NULL);
  for (int half = 0; half < 2; half++) {
    data[half].permitted &= data[half].inheritable;
    data[half].effective = data[half].permitted;
  }
  if (syscall(SYS_capset, &head, data) < 0) die_errno("capabilities", NULL);
}
