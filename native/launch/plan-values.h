// Reading the values of a plan's records; each function dies with a `plan-…` step where the bytes are not that.
#ifndef ISOLAB_PLAN_VALUES_H
#define ISOLAB_PLAN_VALUES_H

#include <stddef.h>
#include <stdint.h>

enum { MAX_PATH = 4095 };  // PATH_MAX, with its NUL

struct strings {
  char **list;  // NULL-terminated, NULL when there is none
  size_t count;
};

// Zeroed, with room for one more.
void *room(size_t count, size_t size);
uint32_t word(const unsigned char *at);
// `least` to `most` words.
const uint32_t *words(const unsigned char *at, size_t size, size_t least, size_t most);
char *text(const unsigned char *at, size_t size, size_t least, size_t most);
void add(struct strings *strings, char *string);
int descriptor(uint32_t number);
// Two absolute paths, each with its NUL.
void two_paths(const unsigned char *at, size_t size, const char **first, const char **second);

#endif
