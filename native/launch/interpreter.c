// Reading PT_INTERP and #!; the file may be anything, so every offset is checked by the read that uses it.
#include "interpreter.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { MAX_SEGMENTS = 64 };

static bool read_at(int fd, void *buffer, size_t size, off_t offset) {
  return offset >= 0 && pread(fd, buffer, size, offset) == (ssize_t)size;
}

static void text_at(int fd, off_t offset, char *path, size_t size) {
  char text[256];
  ssize_t got = offset < 0 ? -1 : pread(fd, text, sizeof text - 1, offset);
  if (got <= 0) return;
  text[got] = 0;
  size_t length = strlen(text);
  if (length > 0 && length < size) memcpy(path, text, length + 1);
}

static void script(int fd, char *path, size_t size) {
  char line[256];
  ssize_t got = pread(fd, line, sizeof line - 1, 2);
  if (got <= 0) return;
  line[got] = 0;
  char *start = line + strspn(line, " \t");
  start[strcspn(start, " \t\r\n")] = 0;
  size_t length = strlen(start);
  if (length > 0 && length < size) memcpy(path, start, length + 1);
}

static void elf64(int fd, char *path, size_t size) {
  Elf64_Ehdr head;
  Elf64_Phdr segment;
  if (!read_at(fd, &head, sizeof head, 0) || head.e_phentsize != sizeof segment) return;
  for (unsigned i = 0; i < head.e_phnum && i < MAX_SEGMENTS; i++) {
    if (!read_at(fd, &segment, sizeof segment, (off_t)(head.e_phoff + i * sizeof segment))) return;
    if (segment.p_type == PT_INTERP) return text_at(fd, (off_t)segment.p_offset, path, size);
  }
}

static void elf32(int fd, char *path, size_t size) {
  Elf32_Ehdr head;
  Elf32_Phdr segment;
  if (!read_at(fd, &head, sizeof head, 0) || head.e_phentsize != sizeof segment) return;
  for (unsigned i = 0; i < head.e_phnum && i < MAX_SEGMENTS; i++) {
    if (!read_at(fd, &segment, sizeof segment, (off_t)head.e_phoff + (off_t)(i * sizeof segment))) return;
    if (segment.p_type == PT_INTERP) return text_at(fd, (off_t)segment.p_offset, path, size);
  }
}

void interpreter_of(const char *file, char *path, size_t size) {
  unsigned char mark[EI_NIDENT];
  int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  if (read_at(fd, mark, 2, 0) && mark[0] == '#' && mark[1] == '!') {
    script(fd, path, size);
  } else if (read_at(fd, mark, sizeof mark, 0) && memcmp(mark, ELFMAG, SELFMAG) == 0) {
    if (mark[EI_CLASS] == ELFCLASS64) elf64(fd, path, size);
    if (mark[EI_CLASS] == ELFCLASS32) elf32(fd, path, size);
  }
  close(fd);
}
