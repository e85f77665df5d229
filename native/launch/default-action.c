// Asks /proc/PID/status.
#include "default-action.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool has_default_action(pid_t program, int number) {
  char path[48], line[256];
  unsigned long long ignored = 0, caught = 0;
  snprintf(path, sizeof path, "/proc/%d/status", program);
  FILE *file = fopen(path, "re");
  if (file == NULL) return false;
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "SigIgn:", 7) == 0) ignored = strtoull(line + 7, NULL, 16);
    if (strncmp(line, "SigCgt:", 7) == 0) caught = strtoull(line + 7, NULL, 16);
  }
  fclose(file);
  return ((ignored | caught) >> (number - 1) & 1) == 0;
}
