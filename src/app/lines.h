/* A run in plain lines: for log, status --follow, the scripted demo, and people who cannot use a full screen.
 */
#ifndef APP_LINES_H
#define APP_LINES_H

#include "engine/run.h"

/* "02:14:03 mia        started add-column", made visible, on stdout. */
void print_event_line(const struct event *event);

#endif
