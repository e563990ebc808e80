#include <string.h>
#include <unistd.h>

#include "rehearsal.h"
#include "runner/secret.h"

#define CONNECT_TIMEOUT_US (5 * SECOND_US)
/* How long a replica may take to show what its primary has been for long. */
#define FOLLOW_US (20 * SECOND_US)
#define FOLLOW_MS 50

static const enum fingerprint_engine engines[TARGET_ENGINE_COUNT] = {
    [ENGINE_POSTGRESQL] = FINGERPRINT_POSTGRESQL,
    [ENGINE_MYSQL] = FINGERPRINT_MYSQL,
    [ENGINE_MARIADB] = FINGERPRINT_MYSQL,
};

/* What the book wants looked at of this target's data. */
static const struct fingerprint_data *data_of(struct arena *arena, const struct book *book, size_t target,
                                              size_t *ret_count)
{
    const struct rehearsal *said = book->rehearsal;
    size_t count = said ? said->data_count : 0;
    struct fingerprint_data *data = arena_array(arena, count + 1, sizeof(*data));

    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (said->data[i].target == target)
            data[(*ret_count)++] = (struct fingerprint_data){ .name = rehearsal_data_text(&said->data[i]),
                                                              .table = said->data[i].table,
                                                              .tables = said->data[i].tables,
                                                              .sql = said->data[i].sql };
    }
    return data;
}

static int take(struct arena *arena, const struct book *book, size_t index, struct fingerprint **ret,
                struct err *err)
{
    const struct target *target = &book->targets[index];
    struct driver_target reached = { .id = target->id,
                                     .dsn = target->dsn,
                                     .application_name = "tminus:rehearse",
                                     .connect_timeout_us = CONNECT_TIMEOUT_US };
    size_t count;
    const struct fingerprint_data *data = data_of(arena, book, index, &count);
    int r;

    r = secret_fetch(arena, target->password_from, &reached.password, err);
    if (r < 0)
        return err_prefix(err, "target \"%s\"", target->id);
    return fingerprint_take(arena, engines[target->engine], &reached, data, count, ret, err);
}

/* What its primary had when that was looked at, a replica has as well, or is given time for: what comes to it
 * later would be taken for what the book did. */
static int await_replica(struct arena *arena, const struct book *book, size_t index,
                         const struct snapshot *taken, struct err *err)
{
    size_t primary = book->targets[index].of;
    int64_t until_us = clock_now().boot_us + FOLLOW_US;
    int r = 0;

    while (r == 0 && primary != BOOK_NONE && taken->of[index]->in_recovery &&
           taken->of[index]->position < taken->of[primary]->position && clock_now().boot_us < until_us) {
        (void)usleep(FOLLOW_MS * 1000);
        r = take(arena, book, index, &taken->of[index], err);
    }
    return r;
}

int snapshot_take(struct arena *arena, const struct book *book, struct snapshot *ret, struct err *err)
{
    int r = 0;

    ret->of = arena_array(arena, book->target_count + 1, sizeof(*ret->of));
    for (size_t i = 0; r == 0 && i < book->target_count; i++)
        r = take(arena, book, i, &ret->of[i], err);
    for (size_t i = 0; r == 0 && i < book->target_count; i++)
        r = await_replica(arena, book, i, ret, err);
    return r;
}

/* A replica is behind for a moment: what its primary was before is no difference yet. */
static int compare_target(struct arena *arena, const struct book *book, size_t index,
                          const struct fingerprint *before, const struct difference **ret, size_t *ret_count,
                          struct err *err)
{
    bool follows = book->targets[index].role == TARGET_REPLICA;
    int64_t until_us = clock_now().boot_us + FOLLOW_US;
    struct fingerprint *after;
    int r;

    for (;;) {
        bool late = !follows || clock_now().boot_us > until_us;

        r = take(arena, book, index, &after, err);
        if (r < 0 && (r != ERR_BUSY || late))
            return r;
        *ret_count = r < 0 ? 0 : fingerprint_compare(arena, before, after, ret);
        if (r == 0 && (*ret_count == 0 || late))
            return 0;
        (void)usleep(FOLLOW_MS * 1000);
    }
}

/* Of a server that is different a replica is as well, sooner or later: that is told once. */
static bool follows_another(const struct book *book, size_t index, const size_t *counts)
{
    size_t primary = book->targets[index].of;

    return primary != BOOK_NONE && counts[primary] > 0;
}

static void add_differences(struct arena *arena, const struct difference *some, size_t count,
                            const struct difference **all, size_t *all_count)
{
    struct difference *more = arena_array(arena, *all_count + count + 1, sizeof(*more));

    if (*all_count > 0)
        memcpy(more, *all, *all_count * sizeof(*more));
    if (count > 0)
        memcpy(more + *all_count, some, count * sizeof(*more));
    *all = more;
    *all_count += count;
}

int snapshot_compare(struct arena *arena, const struct book *book, const struct snapshot *before,
                     const struct difference **ret, size_t *ret_count, struct err *err)
{
    size_t *counts = arena_array(arena, book->target_count + 1, sizeof(*counts));
    const struct difference *some;
    int r = 0;

    *ret = NULL;
    *ret_count = 0;
    /* Whom another one follows comes first. */
    for (size_t i = 0; r == 0 && i < 2 * book->target_count; i++) {
        size_t index = i % book->target_count;
        bool later = book->targets[index].of != BOOK_NONE;

        if (later != (i >= book->target_count) || follows_another(book, index, counts))
            continue;
        r = compare_target(arena, book, index, before->of[index], &some, &counts[index], err);
        if (r == 0)
            add_differences(arena, some, counts[index], ret, ret_count);
    }
    return r;
}
