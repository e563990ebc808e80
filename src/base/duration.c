#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

#define DURATION_MAX_US (366 * DAY_US)

/* Largest first: a composed duration goes down this list. */
enum { DAYS, HOURS };
static const struct {
    const char *name;
    int64_t us;
} units[] = {
    [DAYS] = { "d", DAY_US }, [HOURS] = { "h", HOUR_US }, { "m", MINUTE_US }, { "s", SECOND_US },
    { "ms", MS_US },
};

static int not_a_duration(const char *text, struct err *err)
{
    return err_set(
        err, ERR_INVALID,
        "\"%s\" is not a duration: expected one such as \"250ms\", \"3s\", \"20m\", \"2h\" or \"1h30m\"",
        text);
}

static int too_long(const char *text, struct err *err)
{
    return err_set(err, ERR_INVALID, "duration \"%s\" is longer than the maximum of 366 days", text);
}

/* The row of the unit whose name makes up the letters at `at`; ARRAY_LEN(units) if there is none. */
static size_t unit_at(const char *at, size_t *ret_len)
{
    *ret_len = strspn(at, "abcdefghijklmnopqrstuvwxyz");
    size_t i = 0;
    while (i < ARRAY_LEN(units) &&
           (strlen(units[i].name) != *ret_len || memcmp(at, units[i].name, *ret_len) != 0))
        i++;
    return i;
}

int duration_parse(const char *text, int64_t *ret_us, struct err *err)
{
    int64_t total_us = 0;
    size_t next_unit = 0;
    bool over = false;
    const char *at = text;
    if (*at == '\0')
        return not_a_duration(text, err);
    while (*at != '\0') {
        int64_t number = 0;
        const char *digits = at;
        for (; *at >= '0' && *at <= '9'; at++) {
            over = over || number > DURATION_MAX_US;
            number = over ? 0 : number * 10 + (*at - '0');
        }
        size_t len;
        size_t unit = unit_at(at, &len);
        if (at == digits || unit == ARRAY_LEN(units) || unit < next_unit)
            return not_a_duration(text, err);
        over = over || number > (DURATION_MAX_US - total_us) / units[unit].us;
        total_us = over ? 0 : total_us + number * units[unit].us;
        next_unit = unit + 1;
        at += len;
    }
    if (over)
        return too_long(text, err);
    *ret_us = total_us;
    return 0;
}

int duration_range_parse(const char *text, struct duration_range *ret_range, struct err *err)
{
    struct duration_range range = { 0, 0 };
    const char *dots = strstr(text, "..");
    const char *last = dots != NULL ? dots + 2 : text;
    int r = duration_parse(last, &range.max_us, err);
    if (r == 0 && dots != NULL) {
        struct buf first;
        buf_init(&first, strlen(text));
        buf_add(&first, text, (size_t)(dots - text));
        r = duration_parse(buf_str(&first), &range.min_us, err);
        buf_finish(&first);
    } else {
        range.min_us = range.max_us;
    }
    if (r < 0)
        return dots != NULL ? err_prefix(err, "range \"%s\"", text) : r;
    if (range.min_us > range.max_us)
        return err_set(err, ERR_INVALID, "range \"%s\" begins with its longer end: expected \"min..max\"",
                       text);
    *ret_range = range;
    return 0;
}

/* The size of a number that may be INT64_MIN. */
static uint64_t magnitude(int64_t number)
{
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

void duration_spell(struct buf *buf, int64_t us)
{
    uint64_t left_us = magnitude(us);
    left_us -= left_us % MS_US;
    if (left_us == 0) {
        buf_text(buf, "0s");
        return;
    }
    if (us < 0)
        buf_char(buf, '-');
    bool whole_days = left_us % (uint64_t)units[DAYS].us == 0;
    for (size_t i = whole_days ? DAYS : HOURS; i < ARRAY_LEN(units); i++) {
        uint64_t number = left_us / (uint64_t)units[i].us;
        if (number > 0)
            buf_format(buf, "%" PRIu64 "%s", number, units[i].name);
        left_us -= number * (uint64_t)units[i].us;
    }
}

void duration_clock(struct buf *buf, int64_t us)
{
    uint64_t seconds = magnitude(us) / SECOND_US;
    uint64_t hours = seconds / 3600;
    if (us < 0 && seconds > 0)
        buf_char(buf, '-');
    if (hours > 0)
        buf_format(buf, "%" PRIu64 ":", hours);
    buf_format(buf, "%02" PRIu64 ":%02" PRIu64, seconds / 60 % 60, seconds % 60);
}

void duration_about(struct buf *buf, int64_t us)
{
    bool instant = us > 0 && us < SECOND_US;
    buf_char(buf, instant ? '<' : '~');
    duration_clock(buf, instant ? SECOND_US : us);
}

void duration_text(struct buf *buf, int64_t us)
{
    uint64_t size_us = magnitude(us);
    if (size_us >= MINUTE_US) {
        duration_clock(buf, us);
        return;
    }
    if (us < 0 && size_us >= MS_US)
        buf_char(buf, '-');
    if (size_us < SECOND_US)
        buf_format(buf, "%" PRIu64 " ms", size_us / MS_US);
    else
        buf_format(buf, "%" PRIu64 ".%" PRIu64 " s", size_us / SECOND_US,
                   size_us % SECOND_US / (SECOND_US / 10));
}
