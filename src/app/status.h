/* Where a run stands, for `tminus status`. */
#ifndef APP_STATUS_H
#define APP_STATUS_H

#include "engine/run.h"

void status_print_text(const struct run *run, struct instant now, bool live);
/* One JSON object on one line; the keys are stable. */
void status_print_json(const struct run *run, struct instant now, bool live);

#endif
