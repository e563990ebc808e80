/*
 * How long a batch of events takes to be published, early and late in a run. Leaves the repository
 * "audit.git" in DIRECTORY, and prints its branch's last seq as a figure.
 *
 *   trail DIRECTORY
 */
#include <unistd.h>

#include "audit/audit.h"
#include "base/mem.h"
#include "figure.h"
#include "record.h"

#define EARLY   1000
#define LATE    50000
#define BATCH   4 /* what a step is in the journal, from its start to its end */
#define SAMPLES 50

struct trail {
    struct journal *journal;
    struct audit *audit;
};

/* Publishes the next `count` records; returns how long that took. */
static double publish(struct trail *trail, size_t count)
{
    struct event events[AUDIT_SEGMENT];
    struct audit_batch batch = {
        .count = count, .events = events, .person = "mia", .book_title = "A thousand steps"
    };
    struct err err = ERR_INIT;
    uint64_t seq = journal_seq(trail->journal);
    for (size_t i = 0; i < count; i++)
        events[i] = record(seq + 1 + i);
    must(journal_append(trail->journal, events, count, &err), &err);
    batch.lines = journal_lines(trail->journal, &batch.lines_len);
    double from_us = now_us();
    must(audit_publish(trail->audit, &batch, &err), &err);
    return (now_us() - from_us) / 1e3;
}

static void publish_until(struct trail *trail, uint64_t last)
{
    while (journal_seq(trail->journal) < last) {
        uint64_t left = last - journal_seq(trail->journal);
        (void)publish(trail, left < AUDIT_SEGMENT ? (size_t)left : AUDIT_SEGMENT);
    }
}

static void measure(struct trail *trail, const char *name)
{
    struct measured took = { 0, 0, NULL };
    while (took.count < SAMPLES)
        measured_add(&took, publish(trail, BATCH));
    figure_measured(name, "publish_ms", &took);
    measured_finish(&took);
}

int main(int argc, char **argv)
{
    struct trail trail;
    struct err err = ERR_INIT;
    if (argc != 2 || chdir(argv[1]) < 0)
        cannot("usage: trail DIRECTORY");
    must(journal_create("trail.journal", &trail.journal, &err), &err);
    must(audit_open("audit.git", "thousand-1", &trail.audit, &err), &err);
    publish_until(&trail, EARLY);
    measure(&trail, "trail.early");
    publish_until(&trail, LATE);
    measure(&trail, "trail.late");
    figure("trail", "events", (double)journal_seq(trail.journal));
    audit_close(trail.audit);
    journal_close(trail.journal);
    return 0;
}
