/*
 * Time as values. All durations and moments are microseconds in int64_t, named *_us.
 *
 * An instant has two faces: the wall clock (UTC, can jump) for people and for the window, and the boot-time
 * clock (CLOCK_BOOTTIME: never jumps, counts suspend) for everything that is measured. Only `clock_now` looks
 * at the real clocks; the engine never calls it and gets its instants with its inputs.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define MS_US     INT64_C(1000)
#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

struct instant {
    int64_t wall_us; /* since 1970-01-01T00:00:00Z */
    int64_t boot_us; /* since boot, suspend included */
};

struct duration_range {
    int64_t min_us;
    int64_t max_us;
};

struct instant clock_now(void);

/* What passed between two moments of which one came after the other: by the boot-time clock, or where that
 * went back because the machine was started anew, by the wall clock. Never negative. */
int64_t instant_between(const struct instant *before, const struct instant *after);

/* The kernel's boot id (36 characters), so that boot-time clocks of two boots are never compared. */
int clock_boot_id(char ret_id[37], struct err *err) MUST_CHECK;

/* "250ms", "3s", "20m", "2h", "1h30m", "30d": units d, h, m, s, ms, each at most once and the larger first;
 * no sign, no space, no fraction; at most 366 days. ERR_INVALID else. */
int duration_parse(const char *text, int64_t *ret_us, struct err *err) MUST_CHECK;

/* "1s..5s", or one duration for both ends; min <= max. */
int duration_range_parse(const char *text, struct duration_range *ret_range, struct err *err) MUST_CHECK;

/* For people, exact enough: "250 ms", "3.2 s", "04:10", "1:02:03"; negative with "-". Cut, not rounded:
 * 59.99 s is not yet a minute. */
void duration_text(struct buf *buf, int64_t us);

/* As the book writes it: "250ms", "3s", "26h", whole days "30d"; negative with "-"; what is below a
 * millisecond is cut. A whole number of milliseconds from 0 to 366 days is read back by duration_parse as the
 * same. */
void duration_spell(struct buf *buf, int64_t us);

/* Clock face "MM:SS" or "H:MM:SS", negative with "-": for countdowns of fixed width. */
void duration_clock(struct buf *buf, int64_t us);
/* The same of what is only estimated: "~12:30"; what is less than a second is not nothing: "<00:01". */
void duration_about(struct buf *buf, int64_t us);

/* "2026-11-20T23:06:38.123456Z" and back; reading takes no fraction or one of up to six digits. */
void wall_text(struct buf *buf, int64_t wall_us);
int wall_parse(const char *text, int64_t *ret_wall_us, struct err *err) MUST_CHECK;
/* "23:06:38" (UTC). */
void wall_clock(struct buf *buf, int64_t wall_us);

/* "200GB", "512MB", "64KiB", "100": bytes. Decimal for kB/MB/GB/TB, binary for KiB/MiB/GiB/TiB. */
int size_parse(const char *text, int64_t *ret_bytes, struct err *err) MUST_CHECK;
/* "512B", "1.2M", "210M", "3.8G": decimal, rounded, at most five characters. */
void size_text(struct buf *buf, int64_t bytes);

#endif
