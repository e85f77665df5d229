// Maps by /proc/PID/uid_map and gid_map, or by newuidmap(1) and newgidmap(1).
#include "maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

void write_file(int directory, const char *path, const char *text, size_t size, const char *step) {
  int fd = openat(directory, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, size) != (ssize_t)size) die_errno(step, NULL);
  close(fd);
}

static void write_map(const struct home *home, pid_t pid, const char *file, const struct id_map *map, const char *step) {
  char path[64], *text = malloc(map->count * 36 + 1);
  size_t size = 0;
  if (text == NULL) die_errno(step, NULL);
  for (size_t i = 0; i < map->count; i++) {
    const uint32_t *range = map->words + 3 * i;
    size += (size_t)sprintf(text + size, "%u %u %u\n", range[0], range[1], range[2]);
  }
  snprintf(path, sizeof path, "%d/%s", pid, file);
  write_file(home->proc, path, text, size, step);
  free(text);
}

// PROGRAM PID INSIDE OUTSIDE COUNT…, as its NULL-terminated argv; lives as long as the process.
static char **arguments(const char *program, pid_t pid, const struct id_map *map) {
  size_t numbers = map->count * 3;
  char **list = calloc(numbers + 3, sizeof *list), *text = malloc((numbers + 1) * 12);
  if (list == NULL || text == NULL) die_errno("newuidmap", NULL);
  list[0] = strdup(program);
  for (size_t i = 0; i <= numbers; i++, text += 12) {
    snprintf(text, 12, "%u", i == 0 ? (unsigned)pid : map->words[i - 1]);
    list[i + 1] = text;
  }
  return list;
}

static _Noreturn void become(char **argv, int said) {
  // Here runs a copy of the launcher on its way to a program of the system's: it gets its arguments and nothing else.
  static char *const PLAIN[] = {"LC_ALL=C", NULL};
  dup2(said, 1);
  dup2(said, 2);
  if (close_range(3, ~0U, 0) == 0) execve(argv[0], argv, PLAIN);
  dprintf(2, "%s: %s", argv[0], strerror(errno));
  _exit(127);
}

static void run_program(const char *program, pid_t pid, const struct id_map *map, const char *step) {
  char said[sizeof ((struct message *)0)->path], rest[256];
  size_t size = 0;
  int words[2], status = 0;
  char **argv = arguments(program, pid, map);
  if (pipe2(words, O_CLOEXEC) < 0) die_errno(step, NULL);
  pid_t child = fork();
  if (child < 0) die_errno(step, NULL);
  if (child == 0) become(argv, words[1]);
  close(words[1]);
  for (;;) {
    // What is longer than a message takes is read all the same, so that the program can end.
    bool full = size + 1 >= sizeof said;
    ssize_t got = full ? read(words[0], rest, sizeof rest) : read(words[0], said + size, sizeof said - 1 - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (!full) size += (size_t)got;
  }
  close(words[0]);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  while (size > 0 && said[size - 1] == '\n') size--;
  said[size] = 0;
  if (size == 0) snprintf(said, sizeof said, "%s: exit status %d", program, WEXITSTATUS(status));
  die_said(step, said);
}

void write_maps(const struct plan *plan, const struct home *home, pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "%d/setgroups", pid);
  if (has(plan, DENY_SETGROUPS)) write_file(home->proc, path, "deny", 4, "setgroups-deny");
  if (has(plan, MAP_PROGRAMS)) {
    run_program(plan->gid_program, pid, &plan->gid_map, "newgidmap");
    run_program(plan->uid_program, pid, &plan->uid_map, "newuidmap");
    return;
  }
  write_map(home, pid, "gid_map", &plan->gid_map, "gid-map");
  write_map(home, pid, "uid_map", &plan->uid_map, "uid-map");
}
