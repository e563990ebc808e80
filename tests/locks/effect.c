#include "effect.h"

#include <assert.h>

#include "base/text.h"

void effect_lock_add(struct effect *effect, const char *relation, enum sql_lock_mode mode)
{
    for (size_t i = 0; i < effect->lock_count; i++) {
        if (!text_equal(effect->locks[i].relation, relation))
            continue;
        if (mode > effect->locks[i].mode)
            effect->locks[i].mode = mode;
        return;
    }
    assert(effect->lock_count < EFFECT_MAX);
    effect->locks[effect->lock_count++] = (struct effect_lock){ relation, mode };
}

bool effect_name_in(const struct effect_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (text_equal(names->list[i], name))
            return true;
    }
    return false;
}

void effect_name_add(struct effect_names *names, const char *name)
{
    if (effect_name_in(names, name))
        return;
    assert(names->count < EFFECT_MAX);
    names->list[names->count++] = name;
}

enum sql_lock_mode effect_lock_on(const struct effect *effect, const char *relation)
{
    for (size_t i = 0; i < effect->lock_count; i++) {
        if (text_equal(effect->locks[i].relation, relation))
            return effect->locks[i].mode;
    }
    return SQL_LOCK_NONE;
}

void effect_index_weigh(struct effect *effect, const char *index, const char *table)
{
    enum sql_lock_mode mode = effect_lock_on(effect, index);
    size_t kept = 0;

    if (mode == SQL_LOCK_NONE || mode > effect_lock_on(effect, table))
        return;
    for (size_t i = 0; i < effect->lock_count; i++) {
        if (!text_equal(effect->locks[i].relation, index))
            effect->locks[kept++] = effect->locks[i];
    }
    effect->lock_count = kept;
}

enum sql_lock_mode effect_strongest(const struct effect *effect)
{
    enum sql_lock_mode strongest = SQL_LOCK_NONE;

    for (size_t i = 0; i < effect->lock_count; i++) {
        if (effect->locks[i].mode > strongest)
            strongest = effect->locks[i].mode;
    }
    return strongest;
}

static void names_text(struct buf *buf, const char *word, const struct effect_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        buf_format(buf, "%s%s", i == 0 ? word : ", ", names->list[i]);
}

void effect_text(struct buf *buf, const struct effect *effect)
{
    for (size_t i = 0; i < effect->lock_count; i++)
        buf_format(buf, "%s%s %s", i == 0 ? "locks " : ", ", effect->locks[i].relation,
                   sql_lock_mode_word(effect->locks[i].mode));
    if (effect->lock_count == 0)
        buf_text(buf, "locks nothing");
    names_text(buf, "; rewrites ", &effect->rewrites);
    names_text(buf, "; scans ", &effect->scans);
    names_text(buf, "; builds ", &effect->builds);
    if (effect->failure)
        buf_format(buf, "; fails: %s", effect->failure);
}
