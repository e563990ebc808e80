#include "base/time.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/file.h"

#define BOOT_ID_LEN 36

static int64_t clock_us(clockid_t id)
{
    struct timespec now;
    int r = clock_gettime(id, &now);
    assert(r == 0);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

struct instant clock_now(void)
{
    return (struct instant){ .wall_us = clock_us(CLOCK_REALTIME), .boot_us = clock_us(CLOCK_BOOTTIME) };
}

int64_t instant_between(const struct instant *before, const struct instant *after)
{
    int64_t boot_us = after->boot_us - before->boot_us, wall_us = after->wall_us - before->wall_us;

    if (boot_us >= 0)
        return boot_us;
    return wall_us > 0 ? wall_us : 0;
}

int clock_boot_id(char ret_id[37], struct err *err)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    struct buf id;
    buf_init(&id, 64);
    int r = file_read(path, &id, err);
    if (r == 0 && strcspn(buf_str(&id), "\n") != BOOT_ID_LEN)
        r = err_set(err, ERR_ENVIRONMENT, "%s does not hold an id of %d characters", path, BOOT_ID_LEN);
    if (r == 0) {
        memcpy(ret_id, buf_str(&id), BOOT_ID_LEN);
        ret_id[BOOT_ID_LEN] = '\0';
    }
    buf_finish(&id);
    return r;
}

/* Splits a moment into whole seconds (rounded down, also before 1970) and the microseconds above them. */
static struct tm split(int64_t wall_us, int64_t *ret_rest_us)
{
    int64_t rest_us = wall_us % SECOND_US;
    if (rest_us < 0)
        rest_us += SECOND_US;
    time_t seconds = (time_t)((wall_us - rest_us) / SECOND_US);
    struct tm tm;
    struct tm *done = gmtime_r(&seconds, &tm);
    assert(done != NULL); /* 63 bits of microseconds reach the year 294247 only */
    *ret_rest_us = rest_us;
    return tm;
}

void wall_text(struct buf *buf, int64_t wall_us)
{
    int64_t rest_us;
    struct tm tm = split(wall_us, &rest_us);
    buf_format(buf, "%04d-%02d-%02dT%02d:%02d:%02d.%06" PRId64 "Z", tm.tm_year + 1900, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, rest_us);
}

void wall_clock(struct buf *buf, int64_t wall_us)
{
    int64_t rest_us;
    struct tm tm = split(wall_us, &rest_us);
    buf_format(buf, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Reads `text` against `shape`, in which a letter stands for a digit of the number of that letter and
 * anything else for itself. Returns what comes after, NULL when it does not fit. */
static const char *read_shape(const char *text, const char *shape, int numbers['Z' + 1])
{
    for (; *shape != '\0'; shape++, text++) {
        bool digit = *shape >= 'A' && *shape <= 'Y' && *shape != 'T';
        if (digit && *text >= '0' && *text <= '9')
            numbers[(unsigned char)*shape] = numbers[(unsigned char)*shape] * 10 + (*text - '0');
        else if (digit || *text != *shape)
            return NULL;
    }
    return text;
}

/* Reads "" or "." and one to six digits, then "Z" and the end. */
static bool read_fraction(const char *text, int64_t *ret_us)
{
    int64_t unit_us = SECOND_US;
    *ret_us = 0;
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9' && unit_us > 1; text++) {
            unit_us /= 10;
            *ret_us += (*text - '0') * unit_us;
        }
        if (unit_us == SECOND_US)
            return false;
    }
    return strcmp(text, "Z") == 0;
}

int wall_parse(const char *text, int64_t *ret_wall_us, struct err *err)
{
    int numbers['Z' + 1] = { 0 };
    int64_t rest_us;
    const char *rest = read_shape(text, "YYYY-OO-DDTHH:MM:SS", numbers);
    if (rest == NULL || !read_fraction(rest, &rest_us))
        return err_set(err, ERR_INVALID,
                       "\"%s\" is not a moment: expected one such as \"2026-11-20T23:06:38Z\" (UTC)", text);
    struct tm want = { .tm_year = numbers['Y'] - 1900,
                       .tm_mon = numbers['O'] - 1,
                       .tm_mday = numbers['D'],
                       .tm_hour = numbers['H'],
                       .tm_min = numbers['M'],
                       .tm_sec = numbers['S'] };
    struct tm got = want;
    time_t seconds = timegm(&got);
    /* timegm takes February 30 for March 2; a moment that it had to move is not one. */
    if (got.tm_mon != want.tm_mon || got.tm_mday != want.tm_mday || got.tm_hour != want.tm_hour ||
        got.tm_min != want.tm_min || got.tm_sec != want.tm_sec)
        return err_set(err, ERR_INVALID, "\"%s\" is not a moment: there is no such day or time of day", text);
    *ret_wall_us = seconds * SECOND_US + rest_us;
    return 0;
}
