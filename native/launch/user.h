// A user by the words of an image: `USER[:GROUP]`, names or numbers.
#ifndef ISOLAB_USER_H
#define ISOLAB_USER_H

#include "plan.h"

// Called in the program's root directory. Sets the plan's ids and groups, and HOME where its environment has none.
void user_look_up(struct plan *plan);

#endif
