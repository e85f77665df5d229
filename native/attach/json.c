// A scanner by recursive descent; it never copies, and stops at the first byte that does not belong.
#include "json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 32 };

static const char *blank(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
  return at;
}

// Each skip_* returns the place behind what it skipped, or NULL.
static const char *skip_string(const char *at, const char *end) {
  if (at >= end || *at != '"') return NULL;
  for (at++; at < end && *at != '"'; at++) {
    if ((unsigned char)*at < 0x20) return NULL;
    if (*at != '\\') continue;
    if (++at >= end) return NULL;
    if (*at == 'u') {
      for (int digit = 0; digit < 4; digit++) {
        if (++at >= end || !isxdigit((unsigned char)*at)) return NULL;
      }
    } else if (strchr("\"\\/bfnrt", *at) == NULL || *at == 0) {
      return NULL;
    }
  }
  return at < end ? at + 1 : NULL;
}

static const char *digits(const char *at, const char *end) {
  const char *start = at;
  while (at < end && isdigit((unsigned char)*at)) at++;
  return at > start ? at : NULL;
}

static const char *skip_number(const char *at, const char *end) {
  if (at < end && *at == '-') at++;
  if (at < end && *at == '0') {
    at++;
  } else if ((at = digits(at, end)) == NULL) {
    return NULL;
  }
  if (at < end && *at == '.' && (at = digits(at + 1, end)) == NULL) return NULL;
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    at = digits(at, end);
  }
  return at;
}

static const char *skip_word(const char *at, const char *end, const char *word) {
  size_t size = strlen(word);
  return (size_t)(end - at) >= size && memcmp(at, word, size) == 0 ? at + size : NULL;
}

static const char *skip_value(const char *at, const char *end, int depth);

static const char *skip_list(const char *at, const char *end, int depth, bool object) {
  char close = object ? '}' : ']';
  if (depth >= MAX_DEPTH) return NULL;
  at = blank(at + 1, end);
  if (at < end && *at == close) return at + 1;
  for (;;) {
    if (object) {
      at = skip_string(blank(at, end), end);
      if (at == NULL) return NULL;
      at = blank(at, end);
      if (at >= end || *at++ != ':') return NULL;
    }
    at = skip_value(at, end, depth + 1);
    if (at == NULL) return NULL;
    at = blank(at, end);
    if (at < end && *at == close) return at + 1;
    if (at >= end || *at++ != ',') return NULL;
  }
}

static const char *skip_value(const char *at, const char *end, int depth) {
  at = blank(at, end);
  if (at >= end) return NULL;
  switch (*at) {
    case '{': return skip_list(at, end, depth, true);
    case '[': return skip_list(at, end, depth, false);
    case '"': return skip_string(at, end);
    case 't': return skip_word(at, end, "true");
    case 'f': return skip_word(at, end, "false");
    case 'n': return skip_word(at, end, "null");
    default: return skip_number(at, end);
  }
}

struct value json_parse(const char *text, size_t size) {
  const char *start = blank(text, text + size), *end = skip_value(start, text + size, 0);
  if (end == NULL || blank(end, text + size) != text + size) return (struct value){NULL, NULL};
  return (struct value){start, end};
}

// Only called on what json_parse() has found whole, so nothing is checked again.
struct value json_member(struct value object, const char *name) {
  struct value none = {NULL, NULL};
  size_t size = strlen(name);
  if (object.at == NULL || *object.at != '{') return none;
  const char *at = blank(object.at + 1, object.end);
  while (*at == '"') {
    const char *key = at + 1, *behind = skip_string(at, object.end);
    const char *value = blank(blank(behind, object.end) + 1, object.end);
    const char *end = skip_value(value, object.end, 0);
    if (end == NULL) return none;
    if ((size_t)(behind - 1 - key) == size && memcmp(key, name, size) == 0) return (struct value){value, end};
    at = blank(end, object.end);
    if (*at != ',') return none;
    at = blank(at + 1, object.end);
  }
  return none;
}

static unsigned hex(const char *at) {
  char text[5] = {at[0], at[1], at[2], at[3], 0};
  return (unsigned)strtoul(text, NULL, 16);
}

static size_t utf8(unsigned code, char *to) {
  if (code < 0x80) return to[0] = (char)code, 1;
  if (code < 0x800) return to[0] = (char)(0xc0 | code >> 6), to[1] = (char)(0x80 | (code & 0x3f)), 2;
  // Half of a surrogate pair is shown as the replacement character.
  if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
  to[0] = (char)(0xe0 | code >> 12);
  to[1] = (char)(0x80 | (code >> 6 & 0x3f));
  to[2] = (char)(0x80 | (code & 0x3f));
  return 3;
}

bool json_text(struct value string, char *text, size_t size) {
  static const char FROM[] = "bfnrt", TO[] = "\b\f\n\r\t";
  if (string.at == NULL || *string.at != '"') return false;
  size_t length = 0;
  for (const char *at = string.at + 1; at < string.end - 1 && length + 4 < size; at++) {
    if (*at != '\\') {
      text[length++] = *at;
    } else if (*++at == 'u') {
      length += utf8(hex(at + 1), text + length);
      at += 4;
    } else {
      const char *found = strchr(FROM, *at);
      text[length++] = found != NULL ? TO[found - FROM] : *at;
    }
  }
  text[length] = 0;
  return true;
}

bool json_number(struct value number, int *result) {
  char text[12];
  size_t size = number.at == NULL ? 0 : (size_t)(number.end - number.at);
  if (size == 0 || size > 10) return false;
  memcpy(text, number.at, size);
  text[size] = 0;
  if (strspn(text + (text[0] == '-'), "0123456789") != size - (text[0] == '-') || size - (text[0] == '-') > 9) return false;
  *result = (int)strtol(text, NULL, 10);
  return true;
}

bool json_is(struct value value, const char *literal) {
  size_t length = strlen(literal);
  return value.at != NULL && (size_t)(value.end - value.at) == length && memcmp(value.at, literal, length) == 0;
}
