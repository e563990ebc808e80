/* What git said about a push, understood. Pure: text in, outcome out. */
#ifndef RUNNER_PRIVATE_REMOTE_TOLD_H
#define RUNNER_PRIVATE_REMOTE_TOLD_H

#include <stdbool.h>

#include "base/buf.h"
#include "runner/remote.h"

/* `text` is all that `git push --porcelain` wrote, `ok` whether it ended well; `branch` is the ref that was
 * pushed to. `why` gets one line that can be shown, without control characters and without what stands
 * between "://" and "@"; nothing when the remote holds it. Success needs both: the end, and the line. */
enum remote_outcome remote_told_push(const char *text, bool ok, const char *branch, struct buf *why);

/* The line of a failure that says most, as above. */
void remote_told_why(const char *text, struct buf *why);

#endif
