// The little of JSON (RFC 8259) that answers need: check a text whole, then look up members and read strings.
#ifndef ISOLAB_JSON_H
#define ISOLAB_JSON_H

#include <stdbool.h>
#include <stddef.h>

// One value inside a text; `at` is NULL where there is none.
struct value {
  const char *at, *end;
};

// The one value that `text` consists of; none where it is not JSON, or nested deeper than 32.
struct value json_parse(const char *text, size_t size);
// A member of an object, by its name as written there without escapes; none of anything else.
struct value json_member(struct value object, const char *name);
// A string's characters as UTF-8, cut to fit; false where it is no string.
bool json_text(struct value string, char *text, size_t size);
// Whether it is this literal: true, false, null.
bool json_is(struct value value, const char *literal);
// false where it is no integer of up to 9 digits.
bool json_number(struct value number, int *result);

#endif
