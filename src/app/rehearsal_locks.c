#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "engine/run.h"
#include "rehearsal.h"
#include "sql/sql.h"

/* The strongest lock that was seen on a relation, over all runs. */
struct taken {
    size_t step, entry;
    const char *relation;
    enum sql_lock_mode mode;
    bool rewritten, unread;
    int64_t queued;
};

struct lock_table {
    const struct book *book;
    struct arena *arena;
    size_t count, room;
    struct taken *list;
};

struct lock_table *lock_table_create(const struct book *book)
{
    struct lock_table *table = mem_alloc(sizeof(*table));

    table->book = book;
    table->arena = arena_create();
    return table;
}

void lock_table_destroy(struct lock_table *table)
{
    if (!table)
        return;
    arena_destroy(table->arena);
    free(table->list);
    free(table);
}

/* ---- gathering ---- */

static struct taken *find_taken(struct lock_table *table, size_t step, size_t entry, const char *relation)
{
    for (size_t i = 0; i < table->count; i++) {
        struct taken *taken = &table->list[i];

        if (taken->step == step && taken->entry == entry && text_equal(taken->relation, relation))
            return taken;
    }
    if (table->count == table->room) {
        table->room = table->room * 2 + 16;
        table->list = mem_realloc(table->list, table->room * sizeof(*table->list));
    }
    table->list[table->count] =
        (struct taken){ .step = step, .entry = entry, .relation = arena_text(table->arena, relation) };
    return &table->list[table->count++];
}

static const char *text_of(const struct json *object, const char *key)
{
    const struct json *member = json_member(object, key);

    return member && member->type == JSON_TEXT ? member->text : "";
}

/* A record that cannot be read is a lock that nobody knows: never none. */
static void add_locked(struct lock_table *table, const struct event *event)
{
    struct arena *arena = arena_create();
    const char *value = event->value ? event->value : "";
    const struct json *told = json_parse_line(arena, value, strlen(value), JSON_MAX_BYTES, NULL);
    const struct json *rewritten = json_member(told, "rewritten"), *queued = json_member(told, "queued");
    const char *lock = text_of(told, "lock");
    enum sql_lock_mode mode = sql_lock_mode_of(lock);
    struct taken *taken = find_taken(table, book_find_step(table->book, event->subject), (size_t)event->entry,
                                     text_of(told, "relation"));

    if (mode > taken->mode)
        taken->mode = mode;
    /* A table may be written anew by a lock that nobody saw: then that is said. */
    taken->unread = taken->unread || !taken->relation[0] || (lock[0] && mode == SQL_LOCK_NONE);
    taken->rewritten = taken->rewritten || (rewritten && rewritten->type == JSON_BOOL && rewritten->boolean);
    if (queued && queued->integer && (int64_t)queued->number > taken->queued)
        taken->queued = (int64_t)queued->number;
    arena_destroy(arena);
}

void lock_table_add(struct lock_table *table, const struct event *event)
{
    if (event->type == EVENT_STEP_LOCKED)
        add_locked(table, event);
}

/* ---- against what the book claims ---- */

static const struct lock_claim *claim_of(const struct step *work, const char *relation)
{
    for (size_t i = 0; i < work->lock_count; i++) {
        if (sql_names(work->locks[i].table, relation))
            return &work->locks[i];
    }
    return NULL;
}

static bool ignores_danger(const struct ignored *ignored, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sql_rule *rule = sql_rule_find(ignored[i].code);

        if (rule && rule->severity == SQL_DANGER)
            return true;
    }
    return false;
}

/* A book says that a table is written anew by what it wants overlooked, and why. */
static bool says_rewrite(const struct book *book, const struct step *work)
{
    const struct step *owner = work->owner_step ? work->owner_step : work;
    const struct phase *phase = &book->phases[owner->phase];

    return ignores_danger(work->ignored, work->ignored_count) ||
           ignores_danger(owner->ignored, owner->ignored_count) ||
           ignores_danger(phase->ignored, phase->ignored_count) ||
           ignores_danger(book->ignored, book->ignored_count);
}

static int in_order(const void *a, const void *b)
{
    const struct taken *left = a, *right = b;

    if (left->step != right->step)
        return left->step < right->step ? -1 : 1;
    if (left->entry != right->entry)
        return left->entry < right->entry ? -1 : 1;
    return strcmp(left->relation, right->relation);
}

size_t lock_table_of(const struct lock_table *table, struct arena *arena, const struct certificate_lock **ret)
{
    struct certificate_lock *rows = arena_array(arena, table->count + 1, sizeof(*rows));

    if (table->count > 0)
        qsort(table->list, table->count, sizeof(*table->list), in_order);
    for (size_t i = 0; i < table->count; i++) {
        const struct taken *taken = &table->list[i];
        const struct step *work = book_work(table->book, taken->step, taken->entry);
        const struct lock_claim *claim = claim_of(work, taken->relation);

        rows[i] = (struct certificate_lock){
            .step = table->book->steps[taken->step].id,
            .entry = (int64_t)taken->entry,
            .relation = taken->relation,
            .taken = taken->unread                  ? "not known"
                     : taken->mode == SQL_LOCK_NONE ? "not seen"
                                                    : sql_lock_mode_word(taken->mode),
            .claimed = claim ? claim->mode : "",
            .rewritten = taken->rewritten,
            .holds = !taken->unread && (!claim || taken->mode <= sql_lock_mode_of(claim->mode)) &&
                     (!taken->rewritten || says_rewrite(table->book, work)),
            .queued = taken->queued,
        };
    }
    *ret = rows;
    return table->count;
}

static bool was_taken(const struct lock_table *table, size_t step, size_t entry, const char *written)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct taken *taken = &table->list[i];

        if (taken->step == step && taken->entry == entry && (!written || sql_names(written, taken->relation)))
            return true;
    }
    return false;
}

/* What no driver looks at is not as if there were nothing. */
static bool is_not_looked_at(const struct book *book, const struct step *work)
{
    return step_takes_locks(work) && work->target != BOOK_NONE &&
           book->targets[work->target].engine != ENGINE_POSTGRESQL;
}

void lock_table_remarks(const struct lock_table *table, const bool *ran, struct buf *buf)
{
    for (size_t i = 0; i < table->book->step_count; i++) {
        for (size_t entry = 0; ran[i] && entry <= table->book->steps[i].rollback_count; entry++) {
            const struct step *work = book_work(table->book, i, entry);

            if (is_not_looked_at(table->book, work)) {
                buf_format(buf, "%s: which locks it takes is not known: they are not looked at on %s\n",
                           work->id, target_engine_word(table->book->targets[work->target].engine));
                continue;
            }
            if (work->lock_count == 0 && was_taken(table, i, entry, NULL))
                buf_format(buf, "%s locks tables, and the book claims nothing of it\n", work->id);
            for (size_t k = 0; k < work->lock_count; k++) {
                /* Weaker ones are not looked for. */
                if (sql_lock_mode_of(work->locks[k].mode) >= SQL_SHARE_UPDATE_EXCLUSIVE &&
                    !was_taken(table, i, entry, work->locks[k].table))
                    buf_format(buf, "%s claims %s on %s, which was not seen\n", work->id, work->locks[k].mode,
                               work->locks[k].table);
            }
        }
    }
}
