#include "load.h"
#include "param.h"

#include <string.h>

#include "base/text.h"
#include "sqlscan.h"
#include "url.h"

#define FILLED_MAX (1024 * 1024)

/*
 * Values that are known only while the book is executed. When it is loaded, "${name}" stays as it is where
 * such a value will land; it is put in right before the text is used, in one pass, quoted by where it lands.
 */

const struct later_value *later_find(const struct loader *l, const char *name)
{
    for (size_t i = l->book->later_count; i-- > 0;) {
        const struct later_value *later = &l->book->later[i];
        if (text_equal(later->name, name) && (!later->is_item || later->step == l->at_step))
            return later;
    }
    return NULL;
}

void later_declare(struct loader *l, const struct json *where, const char *name, enum fill_type type,
                   bool is_item)
{
    if (!name)
        return;
    if (!text_is_id(name))
        load_fault(l, where, "\"%s\" is no name: letters a-z, digits, \".\", \"_\" and \"-\", at most 64",
                   name);
    else if (param_find(l, name))
        load_fault(l, where, "\"%s\" is the name of a param already", name);
    else if (later_find(l, name))
        load_fault(l, where, "\"%s\" is the name of another step's value already", name);
    else
        l->book->later[l->book->later_count++] =
            (struct later_value){ .name = name, .type = type, .step = l->at_step, .is_item = is_item };
}

/* ---- whether they are there in time ---- */

void later_used(struct loader *l, const struct json *where, const struct later_value *later)
{
    if (later->is_item || later->step == l->at_step)
        return;
    for (size_t i = l->use_count; i-- > 0 && l->uses[i].step == l->at_step;) {
        if (l->uses[i].value == later)
            return;
    }
    if (l->use_count == l->use_room) {
        size_t room = l->use_room > 0 ? l->use_room * 2 : 16;
        struct later_use *uses = arena_array(l->arena, room, sizeof(*uses));
        for (size_t i = 0; i < l->use_count; i++)
            uses[i] = l->uses[i];
        l->uses = uses;
        l->use_room = room;
    }
    l->uses[l->use_count++] = (struct later_use){ later, l->at_step, where };
}

/* Whether `step` begins only when `before`, a step of the same phase, is complete. A step comes only after
 * such as stand before it, so one walk back finds all that it has to wait for. */
static bool comes_after(const struct loader *l, size_t step, size_t before)
{
    const struct step *steps = l->book->steps;
    bool *awaited = arena_array(l->arena, step - before + 1, sizeof(*awaited));
    awaited[step - before] = true;
    for (size_t i = step; i > before && !awaited[0]; i--) {
        for (size_t k = 0; awaited[i - before] && k < steps[i].after_count; k++) {
            if (steps[i].after[k] >= before)
                awaited[steps[i].after[k] - before] = true;
        }
    }
    return awaited[0];
}

/* Phases come one after the other. A box is waited for, and not begun: its query is asked until there is an
 * answer. */
void check_later_order(struct loader *l)
{
    const struct step *steps = l->book->steps;
    for (size_t i = 0; i < l->use_count; i++) {
        const struct later_use *use = &l->uses[i];
        const struct step *user = &steps[use->step], *answerer = &steps[use->value->step];
        if (user->phase != answerer->phase || user->kind == STEP_CHECK || !user->id || !answerer->id ||
            comes_after(l, user->index, answerer->index))
            continue;
        load_fault(l, use->where,
                   "${%s} is what step \"%s\" answers, and step \"%s\" does not wait for it: say \"after\": "
                   "\"%s\"",
                   use->value->name, answerer->id, user->id, answerer->id);
    }
}

/* ---- putting them in ---- */

struct filling {
    const struct book *book;
    size_t step;
    enum fill_in in;
    book_value_of value_of;
    void *data;
    struct buf *out;
    struct err *err;
};

/* As later_find had it when the text was loaded: to the steps before it a name means nothing. */
static const struct later_value *find(const struct filling *f, const char *name, size_t len)
{
    for (size_t i = 0; i < f->book->later_count; i++) {
        const struct later_value *later = &f->book->later[i];
        if (strlen(later->name) == len && memcmp(later->name, name, len) == 0 &&
            (later->is_item ? later->step == f->step : later->step <= f->step))
            return later;
    }
    return NULL;
}

/* Puts in the value of what stands at `text`, "${name}" of `len` bytes, or, where it is no such value, the
 * text itself. */
static int put(struct filling *f, const char *text, size_t len)
{
    const struct later_value *later = len > 3 ? find(f, text + 2, len - 3) : NULL;
    if (!later) {
        buf_add(f->out, text, len);
        return 0;
    }
    const char *value = f->value_of(f->data, later);
    if (!value)
        return err_set(f->err, ERR_NOT_FOUND, "${%s} is not known: step \"%s\" has not answered it",
                       later->name, f->book->steps[later->step].id);
    if (f->in == FILL_IN_TEXT)
        buf_text(f->out, value);
    else if (f->in == FILL_IN_URL)
        url_encode(f->out, value);
    else if (later->type == FILL_IDENTIFIER)
        buf_quoted(f->out, value, '"');
    else
        buf_quoted(f->out, value, '\'');
    return 0;
}

static const enum fill_in in_sql[TARGET_ENGINE_COUNT] = {
    [ENGINE_POSTGRESQL] = FILL_IN_POSTGRESQL,
    [ENGINE_MYSQL] = FILL_IN_MYSQL,
    [ENGINE_MARIADB] = FILL_IN_MARIADB,
};

enum fill_in fill_in_sql(const struct book *book, size_t target)
{
    return target == BOOK_NONE ? FILL_IN_POSTGRESQL : in_sql[book->targets[target].engine];
}

static int fill_sql(struct filling *f, const char *text)
{
    struct sql_scan scan = { .text = text };
    struct sql_token token;
    int r = 0;
    while (in_sql[scan.engine] != f->in)
        scan.engine++;
    while (r == 0 && sql_next(&scan, &token)) {
        if (token.kind == SQL_PARAM)
            r = put(f, token.text, token.len);
        else
            buf_add(f->out, token.text, token.len);
    }
    return r;
}

static int fill_plain(struct filling *f, const char *text)
{
    const char *begin;
    int r = 0;
    for (; r == 0 && (begin = strstr(text, "${")) != NULL;) {
        const char *end = strchr(begin, '}');
        buf_add(f->out, text, (size_t)(begin - text));
        size_t len = end ? (size_t)(end - begin) + 1 : 2;
        r = put(f, begin, len);
        text = begin + len;
    }
    buf_text(f->out, text);
    return r;
}

int book_fill(const struct book *book, struct arena *arena, size_t step, const char *text, enum fill_in in,
              book_value_of value_of, void *data, const char **ret, struct err *err)
{
    struct buf out;
    struct filling filling = { book, step, in, value_of, data, &out, err };
    *ret = text;
    if (!text || book->later_count == 0 || !strstr(text, "${"))
        return 0;
    buf_init(&out, FILLED_MAX);
    bool plain = in == FILL_IN_TEXT || in == FILL_IN_URL;
    int r = plain ? fill_plain(&filling, text) : fill_sql(&filling, text);
    if (r == 0)
        r = buf_ok(&out, "a text with what was answered before", err);
    if (r == 0 && in == FILL_IN_URL && url_turns(buf_str(&out)))
        r = err_set(
            err, ERR_INVALID,
            "not asked: with what was answered before, the path of the URL has a \".\" or a \"..\" and "
            "leads elsewhere");
    if (r == 0)
        *ret = arena_text_len(arena, buf_str(&out), out.len);
    buf_finish(&out);
    return r;
}
