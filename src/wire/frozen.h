/* Private to the room: writing what rundir_create freezes. */
#ifndef WIRE_FROZEN_H
#define WIRE_FROZEN_H

#include "wire/rundir.h"

/* Writes all files of `frozen` into its directory, which exists. */
int frozen_write(struct arena *arena, const struct frozen *frozen, struct err *err) MUST_CHECK;

#endif
