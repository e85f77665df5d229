// Sentences that only the command line knows: it is run with what the helper refused, and says it.
#ifndef ISOLAB_WORDS_H
#define ISOLAB_WORDS_H

#include "json.h"

struct words {
  const char *node;     // path of the interpreter; NULL: nobody to ask
  const char *script;   // path of isolab.cjs
  const char *command;  // words of the command that brought us here, for the names of its arguments and its status; "": none
};

// Has `data` of an error said on standard error. Returns what to exit with, or -1 where nothing was said.
int words_say(const struct words *words, struct value data);

#endif
