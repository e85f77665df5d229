// Values of a plan's records, each checked where it is read.
#include "plan-values.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "report.h"

enum { MAX_STRINGS = 65536 };  // arguments, and environment

void *room(size_t count, size_t size) {
  void *memory = calloc(count + 1, size);
  if (memory == NULL) die_errno("plan-memory", NULL);
  return memory;
}

uint32_t word(const unsigned char *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

const uint32_t *words(const unsigned char *at, size_t size, size_t least, size_t most) {
  if (size % 4 != 0 || size / 4 < least || size / 4 > most) die("plan-size");
  uint32_t *list = room(size / 4, sizeof *list);
  for (size_t i = 0; i < size / 4; i++) list[i] = word(at + 4 * i);
  return list;
}

char *text(const unsigned char *at, size_t size, size_t least, size_t most) {
  if (size < least || size > most) die("plan-size");
  if (memchr(at, 0, size) != NULL) die("plan-value");
  char *copy = room(size, 1);
  memcpy(copy, at, size);
  return copy;
}

void add(struct strings *strings, char *string) {
  if (strings->count >= MAX_STRINGS) die("plan-size");
  // Grown by doubling: a power of two is full.
  if ((strings->count & (strings->count - 1)) == 0) {
    char **list = room(strings->count * 2 + 1, sizeof *list);
    if (strings->count > 0) memcpy(list, strings->list, strings->count * sizeof *list);
    free(strings->list);
    strings->list = list;
  }
  strings->list[strings->count++] = string;
}

int descriptor(uint32_t number) {
  if (number <= CHANNEL || number > 1048575 || fcntl((int)number, F_GETFD) < 0) die("plan-descriptor");
  return (int)number;
}

void two_paths(const unsigned char *at, size_t size, const char **first, const char **second) {
  const unsigned char *end = memchr(at, 0, size);
  if (end == NULL || size < 2 || at[size - 1] != 0) die("plan-size");
  size_t length = (size_t)(end - at);
  if (length + 1 >= size) die("plan-size");
  *first = text(at, length, 1, MAX_PATH);
  *second = text(end + 1, size - length - 2, 1, MAX_PATH);
  if (**first != '/' || **second != '/') die("plan-value");
}
