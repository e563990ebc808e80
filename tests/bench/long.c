/*
 * Makes a run of this machine long: notes, holds and releases, seven tenths of a second apart, until its
 * journal has COUNT records, and a sample of its monitor for each two of them.
 *
 *   long DIRECTORY MONITOR COUNT
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "figure.h"
#include "journal/journal.h"
#include "json/json.h"

#define APART_US (700 * MS_US)
#define AT_ONCE  64

static struct instant last;

static int on_record(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)data;
    (void)line;
    (void)len;
    (void)err;
    last = event->at;
    return 0;
}

static struct event next(uint64_t seq)
{
    static const struct event kinds[] = {
        { .type = EVENT_RUN_NOTE,
          .actor = "mia",
          .text =
              "the second replica is still catching up after the index build; the people of the warehouse "
              "were told at half past, and nobody saw an error of the checkout since the last deploy" },
        { .type = EVENT_RUN_HELD, .actor = "jo", .text = "waiting for the colleagues of the warehouse" },
        { .type = EVENT_RUN_RELEASED, .actor = "mia", .text = "they are back and saw nothing" },
        { .type = EVENT_RUN_NOTE, .actor = "jo", .text = "read the numbers of the second replica again" },
    };
    struct event event = kinds[seq % 4];
    last.wall_us += APART_US;
    last.boot_us += APART_US;
    event.seq = seq;
    event.at = last;
    return event;
}

static void put_sample(FILE *samples, const char *monitor)
{
    struct sample_row row = {
        .cells = { "replica", "physical", "streaming", "0", "12288", "0.2 s", "" },
    };
    struct sample sample = { .monitor = monitor,
                             .at = last,
                             .known = true,
                             .why = "",
                             .metric_count = 2,
                             .metrics = { { "seconds", 0.2, true }, { "bytes", 12288, true } },
                             .row_count = 1,
                             .rows = &row };
    struct event event = { .type = EVENT_SAMPLE, .at = last, .actor = EVENT_ACTOR_SELF, .sample = &sample };
    struct json_writer w;
    struct buf line;
    for (size_t i = 7; i < SAMPLE_CELLS_MAX; i++)
        row.cells[i] = "";
    buf_init(&line, 64 * 1024);
    json_write_init(&w, &line);
    json_open(&w, NULL);
    event_write(&w, &event);
    json_close(&w);
    if (fprintf(samples, "%s\n", buf_str(&line)) < 0)
        cannot("the samples cannot be written");
    buf_finish(&line);
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct event events[AT_ONCE];
    struct journal *journal;
    struct err err = ERR_INIT;
    size_t torn, count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (count == 0)
        cannot("usage: long DIRECTORY MONITOR COUNT");
    must(journal_open(arena_format(arena, "%s/journal", argv[1]), on_record, NULL, &journal, &torn, &err),
         &err);
    FILE *samples = fopen(arena_format(arena, "%s/samples", argv[1]), "a");
    if (!samples)
        cannot("the samples cannot be opened");
    while (journal_seq(journal) < count) {
        uint64_t seq = journal_seq(journal);
        size_t n = count - seq < AT_ONCE ? (size_t)(count - seq) : AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            events[i] = next(seq + 1 + i);
            if (i % 2 == 0)
                put_sample(samples, argv[2]);
        }
        must(journal_append(journal, events, n, &err), &err);
    }
    journal_close(journal);
    if (fclose(samples) != 0)
        cannot("the samples cannot be written");
    arena_destroy(arena);
    return 0;
}
