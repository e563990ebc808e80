#include "runner.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sql/sql.h"

/*
 * Which locks a step really took. Of several items, each with a job of its own, what they did to one relation
 * is one fact: the strongest lock, and the longest queue.
 */

/* What is recorded of one step; of what is over that it says how much there was. */
#define TAKEN_MAX  1000
#define TEXT_BYTES ((size_t)8192) /* a relation's name, quoted, several times over */

struct taken {
    struct taken *next;
    const char *relation, *mode, *seen;
    bool rewritten;
    int64_t queued;
};

bool locks_are_recorded(const struct runner *runner)
{
    return text_equal(runner->run->environment, "rehearsal");
}

static enum sql_lock_mode strength(const char *mode)
{
    enum sql_lock_mode strongest = SQL_LOCK_MODE_COUNT;

    while (strongest-- > 0) {
        if (strcmp(sql_lock_mode_word(strongest), mode) == 0)
            return strongest;
    }
    return 0;
}

static struct taken *find_or_add(struct execution *execution, const char *relation)
{
    struct taken **at = &execution->taken;

    while (*at && strcmp((*at)->relation, relation) != 0)
        at = &(*at)->next;
    if (!*at) {
        *at = arena_alloc(execution->arena, sizeof(**at));
        (*at)->relation = arena_text(execution->arena, relation);
        (*at)->mode = (*at)->seen = "";
    }
    return *at;
}

void locks_add(struct execution *execution, const struct driver_lock *lock)
{
    struct taken *taken = find_or_add(execution, lock->relation);

    if (taken->mode[0] == '\0' || strength(lock->mode) > strength(taken->mode)) {
        taken->mode = arena_text(execution->arena, lock->mode);
        taken->seen = arena_text(execution->arena, lock->seen);
    }
    taken->rewritten |= lock->rewritten;
    taken->queued = lock->queued > taken->queued ? lock->queued : taken->queued;
}

static void put_value(struct buf *buf, const struct taken *taken)
{
    struct json_writer w;

    json_write_init(&w, buf);
    json_open(&w, NULL);
    json_put_text(&w, "relation", taken->relation);
    json_put_text(&w, "lock", taken->mode);
    json_put_bool(&w, "rewritten", taken->rewritten);
    json_put_integer(&w, "queued", taken->queued);
    json_put_text(&w, "seen", taken->seen);
    json_close(&w);
}

static void put_text(struct buf *buf, const struct taken *taken)
{
    buf_format(buf, "%s %s", taken->relation,
               taken->mode[0] != '\0' ? taken->mode : "by a lock that was not seen");
    if (taken->rewritten)
        buf_text(buf, ", rewritten");
    if (taken->queued > 0)
        buf_format(buf, "; %" PRId64 " session%s waited", taken->queued, taken->queued == 1 ? "" : "s");
}

static void tell_one(struct execution *execution, const struct taken *taken)
{
    struct input input = {
        .type = INPUT_LOCKED, .now = clock_now(), .step = execution->step, .entry = execution->entry
    };
    struct buf value, text;

    buf_init(&value, TEXT_BYTES);
    buf_init(&text, TEXT_BYTES);
    put_value(&value, taken);
    put_text(&text, taken);
    input.value = buf_str(&value);
    input.text = buf_str(&text);
    if (value.overflow || text.overflow)
        execution_note(execution, "what it locked has a name that is too long to be recorded");
    else
        runner_take(execution->runner, &input);
    buf_finish(&value);
    buf_finish(&text);
}

void locks_tell(struct execution *execution)
{
    size_t count = 0;

    for (const struct taken *taken = execution->taken; taken; taken = taken->next) {
        if (count++ < TAKEN_MAX)
            tell_one(execution, taken);
    }
    if (count > TAKEN_MAX)
        execution_note(execution,
                       arena_format(execution->arena, "%zu more locks were not recorded", count - TAKEN_MAX));
    execution->taken = NULL;
}
