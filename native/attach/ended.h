// What a terminal that was restored tells of the shell that it once had.
#ifndef ISOLAB_ENDED_H
#define ISOLAB_ENDED_H

#include <stdbool.h>

#include "json.h"

// Says what the arguments of the rule `session-ended` or `session-elsewhere` tell, and fills `session` (40 bytes) with the
// id by which it can be begun anew, "" where it cannot. False, and nothing said, where the rule is another one.
bool ended_told(struct value args, const char *rule, char *session);

#endif
