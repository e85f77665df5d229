// The part of a plan that only containers have.
#ifndef ISOLAB_PLAN_CONTAINER_H
#define ISOLAB_PLAN_CONTAINER_H

#include "plan.h"

void container_record(struct plan *plan, enum record type, const unsigned char *at, size_t size);
// The rules between records.
void container_check(const struct plan *plan);

#endif
