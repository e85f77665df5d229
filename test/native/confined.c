// Makes system calls under a filter and says what each was answered: `confined FILTER CALL…`, FILTER a file of struct sock_filter,
// CALL the number with its arguments, commas between; `i386:` before it takes the call by the 32-bit gate.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FILTER = 4096, MAX_ARGUMENTS = 6 };

static long narrow_call(long number, const long *argument) {
#ifdef __x86_64__
  long answer;
  __asm__ volatile("int $0x80"
                   : "=a"(answer)
                   : "a"(number), "b"(argument[0]), "c"(argument[1]), "d"(argument[2]), "S"(argument[3]), "D"(argument[4])
                   : "memory", "r8", "r9", "r10", "r11");
  return answer;
#else
  (void)number, (void)argument;
  return -ENOSYS;
#endif
}

static long make(char *text) {
  bool narrow = strncmp(text, "i386:", 5) == 0;
  long value[1 + MAX_ARGUMENTS] = {0};
  char *next = narrow ? text + 5 : text;
  for (int i = 0; i <= MAX_ARGUMENTS && *next; i++) value[i] = (long)strtoul(next, &next, 0), next += *next == ',';
  if (narrow) return narrow_call(value[0], value + 1);
  long answer = syscall(value[0], value[1], value[2], value[3], value[4], value[5], value[6]);
  return answer < 0 ? -errno : answer;
}

int main(int count, char **arguments) {
  static struct sock_filter filter[MAX_FILTER];
  int fd = count < 3 ? -1 : open(arguments[1], O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, filter, sizeof filter);
  struct sock_fprog program = {.len = (unsigned short)((size_t)size / sizeof *filter), .filter = filter};
  if (size <= 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) {
    perror("confined");
    return 1;
  }
  for (int i = 2; i < count; i++) {
    long answer = make(arguments[i]);
    printf("%s\n", answer < 0 ? strerrorname_np((int)-answer) : "ok");
  }
  return 0;
}
