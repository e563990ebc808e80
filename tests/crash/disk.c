#include "disk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

#include "../unit/journal/fixture.h"
#include "audit/audit.h"
#include "base/mem.h"

#define RUN        "r1"
#define BATCH      4
#define LAST_TRIES 4
#define BYTES_MAX  ((size_t)16 * 1024 * 1024)
#define LOCK       "audit.git/refs/heads/runs/" RUN ".lock"

struct disk {
    struct journal *journal;
    struct audit *audit;
    uint64_t published;
};

/* ---- the trail ---- */

struct rest {
    uint64_t after;
    struct event *events;
    size_t count;
    struct buf lines;
};

static int add_rest(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct rest *rest = data;
    (void)err;
    if (event->seq <= rest->after)
        return 0;
    rest->events = mem_realloc(rest->events, (rest->count + 1) * sizeof(*rest->events));
    rest->events[rest->count++] = fixture_event(event->seq);
    buf_add(&rest->lines, line, len);
    return 0;
}

/* A lock of the dead looks old, so that nobody has to wait for that here. */
static void age_lock(void)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = time(NULL) - 60 } };
    (void)utimensat(AT_FDCWD, LOCK, times, 0); /* there is none most of the time */
}

static int open_trail(struct disk *disk)
{
    struct sha256 head;
    audit_close(disk->audit);
    disk->audit = NULL;
    age_lock();
    int r = audit_open("audit.git", RUN, &disk->audit, NULL);
    return r < 0 ? r : audit_last(disk->audit, &disk->published, &head, NULL);
}

/* Publishes from the journal what the trail lacks. After a failure it is opened anew. */
static int publish(struct disk *disk)
{
    struct rest rest = { .after = disk->published };
    size_t torn;
    int r = disk->audit == NULL ? open_trail(disk) : 0;
    rest.after = disk->published;
    buf_init(&rest.lines, BYTES_MAX);
    if (r == 0)
        r = journal_read("journal", add_rest, &rest, &torn, NULL);
    if (r == 0 && rest.count > 0) {
        struct audit_file file = { .path = "output/step.1.log", .bytes = "done\n", .len = 5 };
        struct audit_batch batch = { .count = rest.count,
                                     .events = rest.events,
                                     .lines = buf_str(&rest.lines),
                                     .lines_len = rest.lines.len,
                                     .file_count = 1,
                                     .files = &file,
                                     .book_title = "Orders" };
        r = audit_publish(disk->audit, &batch, NULL);
        if (r == 0)
            disk->published += rest.count;
    }
    if (r < 0) {
        audit_close(disk->audit);
        disk->audit = NULL;
    }
    free(rest.events);
    buf_finish(&rest.lines);
    return r;
}

/* ---- the journal ---- */

static int open_all(struct disk *disk)
{
    size_t torn;
    int r = open_trail(disk);
    if (r < 0)
        return r;
    r = journal_open("journal", NULL, NULL, &disk->journal, &torn, NULL);
    if (r == ERR_NOT_FOUND)
        r = journal_create("journal", &disk->journal, NULL);
    return r;
}

static enum disk_end append(struct disk *disk, int fd)
{
    struct event event = fixture_event(journal_seq(disk->journal) + 1);
    if (journal_append(disk->journal, &event, 1, NULL) == 0) {
        uint64_t seq = event.seq;
        return write(fd, &seq, sizeof(seq)) == sizeof(seq) ? DISK_DONE : DISK_HALTED;
    }
    return journal_append(disk->journal, &event, 1, NULL) == 0 ? DISK_RETRIED : DISK_HALTED;
}

enum disk_end disk_work(uint64_t last, int fd)
{
    struct disk disk = { NULL, NULL, 0 };
    enum disk_end end = open_all(&disk) < 0 ? DISK_REFUSED : DISK_DONE;
    while (end == DISK_DONE && journal_seq(disk.journal) < last) {
        end = append(&disk, fd);
        if (end == DISK_DONE && journal_seq(disk.journal) % BATCH == 0)
            (void)publish(&disk); /* tried again with the next batch */
    }
    for (int i = 0; end == DISK_DONE && publish(&disk) < 0; i++) {
        if (i == LAST_TRIES)
            end = DISK_UNPUBLISHED;
    }
    audit_close(disk.audit);
    journal_close(disk.journal);
    return end;
}

/* ---- what must hold ---- */

static int add_line(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct event want = fixture_event(event->seq);
    if (event->type != want.type || event->at.wall_us != want.at.wall_us)
        return err_set(err, ERR_CORRUPT, "record %" PRIu64 " is another one than was appended", event->seq);
    buf_add(data, line, len);
    return 0;
}

int disk_judge(uint64_t acknowledged, struct err *err)
{
    struct buf journal, trail;
    size_t torn = 0;
    buf_init(&journal, BYTES_MAX);
    buf_init(&trail, BYTES_MAX);
    int r = journal_read("journal", add_line, &journal, &torn, err);
    uint64_t lines = 0;
    for (size_t i = 0; i < journal.len; i++)
        lines += journal.data[i] == '\n';
    if (r == 0 && torn > 0)
        r = err_set(err, ERR_CORRUPT, "%zu torn bytes are left", torn);
    if (r == 0 && lines < acknowledged)
        r = err_set(err, ERR_NOT_FOUND, "record %" PRIu64 " was acknowledged, the journal ends with %" PRIu64,
                    acknowledged, lines);
    if (r == 0 && lines > 0)
        r = audit_read("audit.git", RUN, add_line, &trail, err);
    if (r == 0 && (trail.len != journal.len || memcmp(buf_str(&trail), buf_str(&journal), trail.len) != 0))
        r = err_set(err, ERR_INVALID, "the trail is not the journal");
    buf_finish(&journal);
    buf_finish(&trail);
    return r;
}
