#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)

static int enter(void **state, const char *template)
{
    char *directory = mem_text(template);
    *state = directory;
    return mkdtemp(directory) != NULL ? chdir(directory) : -1;
}

int fixture_enter(void **state)
{
    return enter(state, "/tmp/tminus-test-XXXXXX");
}

int fixture_enter_memory(void **state)
{
    return access("/dev/shm", W_OK) == 0 ? enter(state, "/dev/shm/tminus-test-XXXXXX") : fixture_enter(state);
}

int fixture_leave(void **state)
{
    int r = chdir("/");
    if (r == 0)
        r = dir_remove(*state, NULL);
    free(*state);
    return r;
}

/* What happens again and again; the run is opened first. */
static const struct event story[] = {
    { .type = EVENT_RUN_OPENED,
      .actor = "mia",
      .run = "orders-1120",
      .subject = "orders-bigint",
      .text = "Orders to bigint",
      .book = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
      .boot = "6f6f0a2c-5a0e-4b0e-9f68-9d7dfb3d4a01",
      .host = "db-ops-1",
      .version = "0.1.0",
      .environment = "production" },
    { .type = EVENT_CHECK_TICKED,
      .actor = "mia",
      .subject = "backup-is-fresh",
      .role = "operator",
      .text = "snapshot \"nightly\" of 21:40",
      .value = "" },
    { .type = EVENT_GATE_VOTED,
      .actor = "jos\xc3\xa9",
      .subject = "go-expand",
      .role = "approver",
      .choice = CHOICE_GO,
      .text = "",
      .value = "lag 0.4 s" },
    { .type = EVENT_GATE_DECIDED,
      .actor = "tminus",
      .subject = "go-expand",
      .choice = CHOICE_GO,
      .text = "",
      .value = "lag 0.4 s" },
    { .type = EVENT_STEP_STARTED, .actor = "mia", .subject = "add-column", .attempt = 1, .text = "" },
    { .type = EVENT_STEP_ENDED,
      .actor = "tminus",
      .subject = "add-column",
      .attempt = 1,
      .choice = CHOICE_DONE,
      .code = "",
      .text = "",
      .detail = "",
      .hint = "",
      .value = "ALTER TABLE",
      .leftover = "",
      .elapsed_us = 1200000,
      .output = "" },
    { .type = EVENT_RUN_NOTE, .actor = "mia", .text = "the queue \x1b[31mdrains\x1b[0m slowly" },
};

struct event fixture_event(uint64_t seq)
{
    struct event event = story[seq == 1 ? 0 : 1 + (seq - 2) % (ARRAY_LEN(story) - 1)];
    event.seq = seq;
    event.at.wall_us = INT64_C(1795215600) * SECOND_US + (int64_t)seq * 700 * MS_US;
    event.at.boot_us = (int64_t)seq * 700 * MS_US;
    return event;
}

void fixture_append(struct journal *journal, uint64_t first, uint64_t last)
{
    struct event *events = mem_array(last - first + 1, sizeof(*events));
    for (uint64_t seq = first; seq <= last; seq++)
        events[seq - first] = fixture_event(seq);
    struct err err = ERR_INIT;
    if (journal_append(journal, events, last - first + 1, &err) < 0)
        fail_msg("%s", err.message);
    free(events);
}

void fixture_journal(const char *path, uint64_t count)
{
    struct journal *journal;
    assert_int_equal(journal_create(path, &journal, NULL), 0);
    for (uint64_t first = 1; first <= count; first += 500)
        fixture_append(journal, first, first + 499 < count ? first + 499 : count);
    journal_close(journal);
}

struct buf fixture_bytes(const char *path)
{
    struct buf bytes;
    struct err err = ERR_INIT;
    buf_init(&bytes, FILE_MAX);
    if (file_read(path, &bytes, &err) < 0)
        fail_msg("%s", err.message);
    return bytes;
}

void fixture_put(const char *path, const void *bytes, size_t len)
{
    assert_int_equal(file_write(path, bytes, len, 0600, NULL), 0);
}

size_t fixture_line(const struct buf *text, size_t line)
{
    const char *at = buf_str(text);
    while (line-- > 0)
        at = strchr(at, '\n') + 1;
    return (size_t)(at - text->data);
}
