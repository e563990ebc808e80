#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "sql/sql.h"

struct mode {
    const char *word;
    bool writes, reads; /* that it blocks */
    const char *blocks;
};

/* PostgreSQL's manual, table 13.2 (conflicting lock modes): writers hold RowExclusiveLock, readers
 * AccessShareLock. */
static const struct mode modes[SQL_LOCK_MODE_COUNT] = {
    [SQL_LOCK_NONE] = { "", false, false, "blocks nothing" },
    [SQL_ACCESS_SHARE] = { "AccessShareLock", false, false, "blocks only what needs the table for itself" },
    [SQL_ROW_SHARE] = { "RowShareLock", false, false, "blocks only exclusive locks" },
    [SQL_ROW_EXCLUSIVE] = { "RowExclusiveLock", false, false, "blocks index builds and exclusive locks" },
    [SQL_SHARE_UPDATE_EXCLUSIVE] = { "ShareUpdateExclusiveLock", false, false,
                                     "blocks VACUUM and other DDL" },
    [SQL_SHARE] = { "ShareLock", true, false, "blocks writes" },
    [SQL_SHARE_ROW_EXCLUSIVE] = { "ShareRowExclusiveLock", true, false, "blocks writes" },
    [SQL_EXCLUSIVE] = { "ExclusiveLock", true, false, "blocks writes and SELECT FOR UPDATE" },
    [SQL_ACCESS_EXCLUSIVE] = { "AccessExclusiveLock", true, true, "blocks reads and writes" },
    [SQL_METADATA_NONE] = { "NONE", false, false, "blocks nothing but at its begin and end" },
    [SQL_METADATA_SHARED] = { "SHARED", true, false, "blocks writes" },
    [SQL_METADATA_EXCLUSIVE] = { "EXCLUSIVE", true, true, "blocks reads and writes" },
};

static const char *const algorithms[SQL_ALGORITHM_COUNT] = {
    [SQL_ALGORITHM_NONE] = "", [SQL_INSTANT] = "INSTANT", [SQL_NOCOPY] = "NOCOPY",
    [SQL_INPLACE] = "INPLACE", [SQL_COPY] = "COPY",
};

static const struct mode *mode_of(enum sql_lock_mode mode)
{
    assert(mode < SQL_LOCK_MODE_COUNT);
    return &modes[mode];
}

const char *sql_lock_mode_word(enum sql_lock_mode mode)
{
    return mode_of(mode)->word;
}

enum sql_lock_mode sql_lock_mode_of(const char *written)
{
    for (int mode = SQL_ACCESS_SHARE; mode <= SQL_METADATA_EXCLUSIVE; mode++) {
        const char *word = modes[mode].word;

        if (text_equal(word, written) ||
            (text_starts(word, written) && text_equal(word + strlen(written), "Lock")))
            return (enum sql_lock_mode)mode;
    }
    return SQL_LOCK_NONE;
}

bool sql_names(const char *written, const char *relation)
{
    const char *dot = strrchr(relation, '.');
    char plain[256];
    size_t len = 0;

    for (const char *at = written; *at && len < sizeof(plain) - 1; at++) {
        if (*at != '"')
            plain[len++] = *at;
    }
    plain[len] = '\0';
    return strcasecmp(plain, relation) == 0 ||
           (dot && !strchr(plain, '.') && strcasecmp(plain, dot + 1) == 0);
}

bool sql_lock_blocks_writes(enum sql_lock_mode mode)
{
    return mode_of(mode)->writes;
}

bool sql_lock_blocks_reads(enum sql_lock_mode mode)
{
    return mode_of(mode)->reads;
}

const char *sql_lock_blocks(enum sql_lock_mode mode)
{
    return mode_of(mode)->blocks;
}

const char *sql_algorithm_word(enum sql_algorithm algorithm)
{
    assert(algorithm < SQL_ALGORITHM_COUNT);
    return algorithms[algorithm];
}
