/*
 * The journal and the trail as the runner uses them, without the runner: opened in its order, records made
 * durable one by one, published in batches, what could not be published again later. In the current
 * directory.
 */
#ifndef CRASH_DISK_H
#define CRASH_DISK_H

#include <stdint.h>

#include "base/err.h"

enum disk_end {
    DISK_DONE,        /* all is durable and published */
    DISK_HALTED,      /* a record could not be made durable: nothing was done after it */
    DISK_REFUSED,     /* it could not be opened */
    DISK_UNPUBLISHED, /* durable, and the trail lacks something */
    DISK_RETRIED,     /* a journal that was broken took a record: never to be seen */
};

/* Opens what is there (or makes it), publishes what the trail lacks, and goes on to record `last`. Each
 * record that was acknowledged is told on `fd` by its number. */
enum disk_end disk_work(uint64_t last, int fd);

/* What must hold afterwards. ERR_CORRUPT: the chain is not whole, or the journal is not what was appended;
 * ERR_NOT_FOUND: record `acknowledged` is lost; ERR_INVALID: the trail is not the journal, line for line. */
int disk_judge(uint64_t acknowledged, struct err *err);

#endif
