/* What `tminus check` says, in words, as JSON and as SARIF. Private to the room. */
#ifndef APP_FINDINGS_H
#define APP_FINDINGS_H

#include "check/check.h"

struct checked {
    const char *path;
    const struct check_report *report;
};

/* Room for what a report of CHECK_FINDINGS_MAX findings can take. */
#define FINDINGS_TEXT_MAX ((size_t)256 * 1024 * 1024)

/* As compilers say it: a line for each finding, the safe form below it the first time, what the book ignores
 * with the reasons, and a summary. */
void findings_text(struct buf *buf, const struct checked *books, size_t count);
/* An object on a line for each book. */
void findings_json(struct buf *buf, const struct checked *books, size_t count);
/* One run in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS, 27 March 2020). */
void findings_sarif(struct buf *buf, const struct checked *books, size_t count);

#endif
