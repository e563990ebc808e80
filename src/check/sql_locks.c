/* What a statement locks, held against what its step claims, and told for people. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "script.h"

static void without_quotes(const char *name, char *ret_plain, size_t size)
{
    size_t len = 0;
    for (const char *at = name; *at && len < size - 1; at++) {
        if (*at != '"')
            ret_plain[len++] = *at;
    }
    ret_plain[len] = '\0';
}

static enum sql_lock_mode claimed_for(const struct step *work, const char *relation)
{
    for (size_t i = 0; i < work->lock_count; i++) {
        if (sql_names(work->locks[i].table, relation))
            return sql_lock_mode_of(work->locks[i].mode);
    }
    return SQL_LOCK_NONE;
}

void see_claims(struct checking *c, const struct check_rule *rule, const struct step *work,
                const struct sql_statement *statement)
{
    for (size_t i = 0; i < statement->lock_count; i++) {
        const struct sql_lock *lock = &statement->locks[i];
        enum sql_lock_mode claimed = claimed_for(work, lock->relation);
        if (lock->mode > SQL_ACCESS_EXCLUSIVE || lock->mode <= claimed || lock->kept ||
            !sql_lock_blocks_writes(lock->mode))
            continue;
        if (claimed != SQL_LOCK_NONE)
            found(c, rule, at_field(c, work, "locks"), "\"%s\" claims %s on %s, and takes %s, which %s",
                  work->id, sql_lock_mode_word(claimed), lock->relation, sql_lock_mode_word(lock->mode),
                  sql_lock_blocks(lock->mode));
        else if (work->lock_count > 0)
            found(c, rule, at_field(c, work, "locks"),
                  "\"%s\" does not claim that it takes %s on %s, which %s", work->id,
                  sql_lock_mode_word(lock->mode), lock->relation, sql_lock_blocks(lock->mode));
    }
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(name, names[i]))
            return true;
    }
    return false;
}

static const char *work_under(const struct sql_statement *statement, const char *relation)
{
    if (is_among(relation, statement->rewrites, statement->rewrite_count))
        return "rewrites it";
    if (!is_among(relation, statement->scans, statement->scan_count))
        return "";
    return statement->build_count > 0 ? "reads all of it to build an index" : "reads all of it";
}

static struct check_lock *add_lock(struct checking *c)
{
    if (c->lock_count == c->lock_room) {
        struct check_lock *old = c->locks;
        c->lock_room = c->lock_room * 2 + 16;
        c->locks = arena_array(c->arena, c->lock_room, sizeof(*c->locks));
        for (size_t i = 0; i < c->lock_count; i++)
            c->locks[i] = old[i];
    }
    return &c->locks[c->lock_count++];
}

void note_locks(struct checking *c, const struct step *work, const struct sql_statement *statement)
{
    const struct step *step = work->owner_step ? work->owner_step : work;
    for (size_t i = 0; i < statement->lock_count; i++) {
        const struct sql_lock *lock = &statement->locks[i];
        if (lock->mode < SQL_SHARE_UPDATE_EXCLUSIVE)
            continue;
        *add_lock(c) =
            (struct check_lock){ .step = step->index,
                                 .entry = work->owner_step ? (size_t)(work - step->rollback) + 1 : 0,
                                 .relation = lock->relation,
                                 .mode = sql_lock_mode_word(lock->mode),
                                 .blocks = sql_lock_blocks(lock->mode),
                                 .work = work_under(statement, lock->relation),
                                 .kept = lock->kept,
                                 .dangerous = statement->dangerous };
    }
}

const char *key_that_is_set(const struct step *work, const struct sql_statement *statement)
{
    char plain[256];
    for (size_t i = 0; work->backfill && i < work->backfill->key_count; i++) {
        const char *key = work->backfill->key[i];
        without_quotes(key, plain, sizeof(plain));
        for (size_t k = 0; k < statement->set_count; k++) {
            int order =
                key[0] == '"' ? strcmp(plain, statement->sets[k]) : strcasecmp(plain, statement->sets[k]);
            if (order == 0)
                return statement->sets[k];
        }
    }
    return NULL;
}
