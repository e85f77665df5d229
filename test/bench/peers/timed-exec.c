// Runs programs for the benchmark and says how long each took, from before the fork to after its end, so that a peer is
// not charged for being started by Node. A line is one run: the program and its arguments, separated by tabs; what
// stands after a form feed is its standard input. The answer is its status and the nanoseconds.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGS 256

extern char **environ;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// Lines of the input are separated by vertical tabs on the way here.
static int input_of(char *text) {
  int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0) err(1, "memfd_create");
  for (char *at = text; *at; at++)
    if (*at == '\v') *at = '\n';
  size_t length = strlen(text);
  if (write(fd, text, length) != (ssize_t)length) err(1, "write");
  if (lseek(fd, 0, SEEK_SET) != 0) err(1, "lseek");
  return fd;
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) {
    line[strcspn(line, "\n")] = '\0';
    char *input = strchr(line, '\f');
    if (input) *input++ = '\0';
    char *argv[MAX_ARGS + 1];
    int count = 0;
    for (char *word = strtok(line, "\t"); word && count < MAX_ARGS; word = strtok(NULL, "\t")) argv[count++] = word;
    argv[count] = NULL;
    int fd = input ? input_of(input) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    long long start = now();
    pid_t pid;
    int status = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    if (status == 0) waitpid(pid, &status, 0);
    long long end = now();
    posix_spawn_file_actions_destroy(&actions);
    close(fd);
    printf("%d %lld\n", status, end - start);
    fflush(stdout);
  }
  free(line);
  return 0;
}
