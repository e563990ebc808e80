#include "record.h"

#include <stdlib.h>

#include "base/mem.h"
#include "figure.h"

struct event record(uint64_t seq)
{
    static const struct event opened = {
        .type = EVENT_RUN_OPENED,
        .actor = "mia",
        .run = "thousand-1",
        .subject = "thousand",
        .text = "A thousand steps",
        .book = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        .boot = "6f6f0a2c-5a0e-4b0e-9f68-9d7dfb3d4a01",
        .host = "db-ops-1",
        .version = "0.1.0",
        .environment = "live"
    };
    static const struct event noted = {
        .type = EVENT_STEP_NOTED,
        .actor = "tminus",
        .subject = "step-042",
        .text = "lock_timeout = 1s, statement_timeout = 30s, transaction_isolation = "
                "read committed, synchronous_commit = on, application_name = "
                "tminus:thousand-1:step-042"
    };
    struct event event = seq == 1 ? opened : noted;
    event.seq = seq;
    event.at.wall_us = INT64_C(1795215600) * SECOND_US + (int64_t)seq * 700 * MS_US;
    event.at.boot_us = (int64_t)seq * 700 * MS_US;
    return event;
}

void records_append(struct journal *journal, uint64_t first, uint64_t last)
{
    struct event *events = mem_array(last - first + 1, sizeof(*events));
    struct err err = ERR_INIT;
    for (uint64_t seq = first; seq <= last; seq++)
        events[seq - first] = record(seq);
    must(journal_append(journal, events, last - first + 1, &err), &err);
    free(events);
}
