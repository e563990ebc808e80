/*
 * How long an event takes to become durable, early and late in a journal, beside what the device takes for as
 * many bytes: in the same directory, with as much room reserved, in turns of a few each. And how long
 * the reading of all takes, beside the hashing of as many bytes.
 *
 *   journal DIRECTORY
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "figure.h"
#include "record.h"

#define EARLY   100
#define LATE    50000
#define SAMPLES 1000
#define TURN    10
#define FILL    64
#define READS   5

struct raw {
    int fd;
    off_t at;
    size_t len; /* of a write */
    char bytes[JOURNAL_LINE_MAX];
};

static void raw_open(struct raw *raw, size_t len)
{
    raw->fd = open("raw", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    raw->at = 0;
    raw->len = len;
    memset(raw->bytes, 'x', sizeof(raw->bytes));
    if (raw->fd < 0 || fsync(raw->fd) < 0)
        cannot("no file can be made here: %s", strerror(errno));
}

static void raw_append(struct raw *raw)
{
    if (raw->at % JOURNAL_RESERVE < (off_t)raw->len)
        (void)fallocate(raw->fd, FALLOC_FL_KEEP_SIZE, raw->at,
                        2 * JOURNAL_RESERVE); /* where it can be done */
    if (pwrite(raw->fd, raw->bytes, raw->len, raw->at) != (ssize_t)raw->len || fdatasync(raw->fd) < 0)
        cannot("the device does not write: %s", strerror(errno));
    raw->at += (off_t)raw->len;
}

/* SAMPLES of each, by turns. */
static void measure_appends(struct journal *journal, struct raw *raw, const char *name)
{
    struct measured ours = { 0, 0, NULL }, device = { 0, 0, NULL };
    while (ours.count < SAMPLES) {
        for (int i = 0; i < TURN; i++) {
            struct event event = record(journal_seq(journal) + 1);
            struct err err = ERR_INIT;
            double from_us = now_us();
            int r = journal_append(journal, &event, 1, &err);
            measured_add(&ours, (now_us() - from_us) / 1e3);
            must(r, &err);
        }
        for (int i = 0; i < TURN; i++) {
            double from_us = now_us();
            raw_append(raw);
            measured_add(&device, (now_us() - from_us) / 1e3);
        }
    }
    figure_measured(name, "append_ms", &ours);
    figure_measured(name, "device_ms", &device);
    figure(name, "beyond_ms", measured_part(&ours, 0.5) - measured_part(&device, 0.5));
    measured_finish(&ours);
    measured_finish(&device);
}

static void measure_reading(void)
{
    struct sha256 sha;
    struct err err = ERR_INIT;
    size_t torn;
    for (int i = 0; i < READS; i++) {
        double from_us = now_us();
        must(journal_read("journal", NULL, NULL, &torn, &err), &err);
        double read_us = now_us();
        must(sha256_of_file("journal", &sha, &err), &err);
        figure("journal", "read_ms", (read_us - from_us) / 1e3);
        figure("journal", "hash_ms", (now_us() - read_us) / 1e3);
    }
}

/* What a resume does: reading, judging, writing anew, syncing. */
static void measure_recovery(void)
{
    struct journal *journal;
    struct err err = ERR_INIT;
    size_t torn;
    for (int i = 0; i < READS; i++) {
        double from_us = now_us();
        must(journal_open("journal", NULL, NULL, &journal, &torn, &err), &err);
        figure("journal", "recover_ms", (now_us() - from_us) / 1e3);
        journal_close(journal);
    }
}

int main(int argc, char **argv)
{
    static struct raw raw;
    struct journal *journal;
    struct err err = ERR_INIT;
    size_t len;
    if (argc != 2 || chdir(argv[1]) < 0)
        cannot("usage: journal DIRECTORY");
    must(journal_create("journal", &journal, &err), &err);
    records_append(journal, 1, EARLY - 1);
    records_append(journal, EARLY, EARLY);
    (void)journal_lines(journal, &len);
    figure("journal", "line_bytes", (double)len);
    raw_open(&raw, len);
    measure_appends(journal, &raw, "journal.early");
    while (journal_seq(journal) < LATE)
        records_append(journal, journal_seq(journal) + 1,
                       journal_seq(journal) + FILL < LATE ? journal_seq(journal) + FILL : LATE);
    measure_appends(journal, &raw, "journal.late");
    journal_close(journal);
    close(raw.fd);
    measure_reading();
    measure_recovery();
    return 0;
}
