#include "monitor/gtid.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACE " \t\r\n"

static bool take_number(const char **at, int64_t *ret)
{
    char *end;
    if (!isdigit((unsigned char)**at))
        return false;
    *ret = strtoll(*at, &end, 10);
    *at = end;
    return true;
}

/* ---- MariaDB ---- */

struct position {
    int64_t domain, server, seq;
};

/* 1 for one, 0 at the end, -1 for what is none. */
static int next_position(const char **at, struct position *ret)
{
    *at += strspn(*at, SPACE);
    if (**at == '\0')
        return 0;
    if (!take_number(at, &ret->domain) || *(*at)++ != '-' || !take_number(at, &ret->server) ||
        *(*at)++ != '-' || !take_number(at, &ret->seq))
        return -1;
    *at += strspn(*at, SPACE);
    if (**at == ',')
        return *++*at != '\0' ? 1 : -1;
    return **at == '\0' ? 1 : -1;
}

/* The last number of a domain; 0 when it has none. -1 when the text cannot be read. */
static int64_t last_of(const char *text, int64_t domain)
{
    struct position position;
    int64_t last = 0;
    int r;
    while ((r = next_position(&text, &position)) > 0) {
        if (position.domain == domain && position.seq > last)
            last = position.seq;
    }
    return r < 0 ? -1 : last;
}

bool gtid_behind_mariadb(const char *primary, const char *replica, int64_t *ret)
{
    struct position position;
    int r;
    *ret = 0;
    if (last_of(replica, 0) < 0)
        return false;
    while ((r = next_position(&primary, &position)) > 0) {
        int64_t shown = last_of(replica, position.domain);
        *ret += position.seq > shown ? position.seq - shown : 0;
    }
    return r == 0;
}

/* ---- MySQL ---- */

/* One interval of a set, and whose: "<uuid>" or "<uuid>:<tag>". */
struct interval {
    const char *owner;
    size_t owner_len;
    int64_t from, to;
};

struct reader {
    const char *at;
    const char *owner, *uuid_end;
    size_t owner_len;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static size_t word_len(const char *at)
{
    size_t len = 0;
    while (is_word(at[len]))
        len++;
    return len;
}

/* A tag is a word that begins with no digit. */
static bool take_owner(struct reader *r)
{
    size_t len = word_len(r->at);
    if (len == 0 || r->at[len] != ':')
        return false;
    r->owner = r->at;
    r->owner_len = len;
    r->at += len + 1;
    r->at += strspn(r->at, SPACE);
    if (isdigit((unsigned char)*r->at))
        return true;
    len = word_len(r->at);
    if (len == 0 || r->at[len] != ':')
        return false;
    r->owner_len = (size_t)(r->at + len - r->owner);
    r->at += len + 1;
    return true;
}

static int next_interval(struct reader *r, struct interval *ret)
{
    r->at += strspn(r->at, SPACE);
    if (*r->at == '\0')
        return r->owner == NULL ? 0 : -1;
    if (r->owner == NULL && !take_owner(r))
        return -1;
    r->at += strspn(r->at, SPACE);
    if (!take_number(&r->at, &ret->from))
        return -1;
    ret->to = ret->from;
    if (*r->at == '-' && (r->at++, !take_number(&r->at, &ret->to)))
        return -1;
    ret->owner = r->owner;
    ret->owner_len = r->owner_len;
    r->at += strspn(r->at, SPACE);
    if (*r->at == ':') {
        r->at++;
        return 1;
    }
    r->owner = NULL;
    if (*r->at != ',')
        return *r->at == '\0' ? 1 : -1;
    r->at++;
    return 1;
}

/* How many numbers of `wanted` the set has; the intervals of one owner do not overlap. -1: it cannot be read.
 */
static int64_t shared(const char *set, const struct interval *wanted)
{
    struct reader reader = { .at = set };
    struct interval have;
    int64_t count = 0;
    int r;
    while ((r = next_interval(&reader, &have)) > 0) {
        int64_t from = have.from > wanted->from ? have.from : wanted->from;
        int64_t to = have.to < wanted->to ? have.to : wanted->to;
        if (have.owner_len == wanted->owner_len && to >= from &&
            strncasecmp(have.owner, wanted->owner, have.owner_len) == 0)
            count += to - from + 1;
    }
    return r < 0 ? -1 : count;
}

bool gtid_behind_mysql(const char *primary, const char *replica, int64_t *ret)
{
    struct reader reader = { .at = primary };
    struct interval interval = { .owner = "", .from = 1 };
    int r;
    *ret = 0;
    if (shared(replica, &interval) < 0)
        return false;
    while ((r = next_interval(&reader, &interval)) > 0)
        *ret += interval.to - interval.from + 1 - shared(replica, &interval);
    return r == 0;
}
