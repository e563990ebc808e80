#include "engine.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

/* What every event has, before the fields of its type. */
enum head { HEAD_SEQ, HEAD_TYPE, HEAD_WALL, HEAD_BOOT, HEAD_ACTOR, HEAD_COUNT };
static const char *const head_keys[HEAD_COUNT] = { "seq", "type", "wall_us", "boot_us", "actor" };

/* ---- writing ---- */

static void write_metrics(struct json_writer *w, const struct sample *sample)
{
    json_open_array(w, "metrics");
    for (size_t i = 0; i < sample->metric_count; i++) {
        const struct sample_metric *metric = &sample->metrics[i];
        json_open_array(w, NULL);
        json_put_text(w, NULL, metric->name);
        /* JSON has no infinity: what is no number is not known */
        if (metric->known && isfinite(metric->value))
            json_put_number(w, NULL, metric->value);
        else
            json_put_null(w, NULL);
        json_close_array(w);
    }
    json_close_array(w);
}

/* A row is its depth, whether it is ours, and its cells up to the last one that says something. */
static void write_rows(struct json_writer *w, const struct sample *sample)
{
    json_open_array(w, "rows");
    for (size_t i = 0; i < sample->row_count; i++) {
        const struct sample_row *row = &sample->rows[i];
        size_t cells = SAMPLE_CELLS_MAX;
        while (cells > 0 && (row->cells[cells - 1] == NULL || *row->cells[cells - 1] == '\0'))
            cells--;
        json_open_array(w, NULL);
        json_put_integer(w, NULL, row->depth);
        json_put_bool(w, NULL, row->ours);
        for (size_t k = 0; k < cells; k++)
            json_put_text(w, NULL, row->cells[k] != NULL ? row->cells[k] : "");
        json_close_array(w);
    }
    json_close_array(w);
}

static void write_sample(struct json_writer *w, const char *key, const struct sample *sample)
{
    json_open(w, key);
    json_put_text(w, "monitor", sample->monitor);
    json_put_integer(w, "wall_us", sample->at.wall_us);
    json_put_integer(w, "boot_us", sample->at.boot_us);
    json_put_bool(w, "known", sample->known);
    if (sample->why != NULL)
        json_put_text(w, "why", sample->why);
    write_metrics(w, sample);
    write_rows(w, sample);
    json_put_integer(w, "left_out", (int64_t)sample->rows_left_out);
    json_close(w);
}

static void write_progress(struct json_writer *w, const char *key, const struct progress *progress)
{
    json_open(w, key);
    json_put_integer(w, "rows", progress->rows);
    json_put_integer(w, "total", progress->total);
    json_put_integer(w, "per_second", progress->per_second);
    json_put_integer(w, "left_us", progress->left_us);
    if (progress->again)
        json_put_bool(w, "again", true);
    json_close(w);
}

static void write_field(struct json_writer *w, const struct event *event, size_t field)
{
    const struct event_field_row *row = &event_fields[field];
    const void *at = (const char *)event + row->offset;
    switch (row->how) {
    case EVENT_FIELD_TEXT:
        if (*(const char *const *)at != NULL)
            json_put_text(w, row->key, *(const char *const *)at);
        break;
    case EVENT_FIELD_INTEGER:
        json_put_integer(w, row->key, *(const int64_t *)at);
        break;
    case EVENT_FIELD_BOOL:
        json_put_bool(w, row->key, *(const bool *)at);
        break;
    case EVENT_FIELD_CHOICE:
        json_put_text(w, row->key, choice_word(*(const enum choice *)at));
        break;
    case EVENT_FIELD_SAMPLE:
        if (*(const struct sample *const *)at != NULL)
            write_sample(w, row->key, *(const struct sample *const *)at);
        break;
    case EVENT_FIELD_PROGRESS:
        write_progress(w, row->key, at);
        break;
    }
}

void event_write(struct json_writer *w, const struct event *event)
{
    json_put_integer(w, head_keys[HEAD_SEQ], (int64_t)event->seq);
    json_put_text(w, head_keys[HEAD_TYPE], event_word(event->type));
    json_put_integer(w, head_keys[HEAD_WALL], event->at.wall_us);
    json_put_integer(w, head_keys[HEAD_BOOT], event->at.boot_us);
    json_put_text(w, head_keys[HEAD_ACTOR], event->actor != NULL ? event->actor : "");
    for (size_t i = 0; i < EVENT_FIELD_COUNT; i++) {
        if (event_has(event->type, i))
            write_field(w, event, i);
    }
}

/* ---- reading ---- */

static int not_that(struct err *err, const char *key, const char *expected)
{
    return err_set(err, ERR_INVALID, "event: \"%s\" is not %s", key, expected);
}

static int read_text(struct arena *arena, const struct json *value, const char *key, const char **ret,
                     struct err *err)
{
    if (value == NULL || value->type != JSON_TEXT)
        return not_that(err, key, "a text");
    *ret = arena_text(arena, value->text);
    return 0;
}

static int read_integer(const struct json *value, const char *key, int64_t *ret, struct err *err)
{
    if (value == NULL || value->type != JSON_NUMBER || !value->integer)
        return not_that(err, key, "an integer");
    *ret = (int64_t)value->number;
    return 0;
}

static int read_bool(const struct json *value, const char *key, bool *ret, struct err *err)
{
    if (value == NULL || value->type != JSON_BOOL)
        return not_that(err, key, "true or false");
    *ret = value->boolean;
    return 0;
}

static int read_metrics(struct arena *arena, const struct json *list, struct sample *sample, struct err *err)
{
    if (list == NULL || list->type != JSON_ARRAY || list->count > SAMPLE_METRICS_MAX)
        return not_that(err, "metrics", "a list of metrics");
    sample->metric_count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        const struct json *pair = &list->items[i];
        struct sample_metric *metric = &sample->metrics[i];
        if (pair->type != JSON_ARRAY || pair->count != 2)
            return not_that(err, "metrics", "a list of pairs");
        int r = read_text(arena, &pair->items[0], "metrics", &metric->name, err);
        if (r < 0)
            return r;
        metric->known = pair->items[1].type == JSON_NUMBER;
        metric->value = metric->known ? pair->items[1].number : 0;
        if (!metric->known && pair->items[1].type != JSON_NULL)
            return not_that(err, metric->name, "a number or null");
    }
    return 0;
}

static int read_row(struct arena *arena, const struct json *list, struct sample_row *row, struct err *err)
{
    int64_t depth = 0;
    if (list->type != JSON_ARRAY || list->count < 2 || list->count > 2 + SAMPLE_CELLS_MAX)
        return not_that(err, "rows", "a list of rows");
    int r = read_integer(&list->items[0], "rows", &depth, err);
    if (r == 0)
        r = read_bool(&list->items[1], "rows", &row->ours, err);
    if (r == 0 && (depth < 0 || depth > SAMPLE_ROWS_MAX))
        return not_that(err, "rows", "a list of rows");
    row->depth = (int)depth;
    for (size_t k = 0; k < SAMPLE_CELLS_MAX; k++)
        row->cells[k] = "";
    for (size_t k = 2; r == 0 && k < list->count; k++)
        r = read_text(arena, &list->items[k], "rows", &row->cells[k - 2], err);
    return r;
}

static int read_rows(struct arena *arena, const struct json *list, struct sample *sample, struct err *err)
{
    if (list == NULL || list->type != JSON_ARRAY || list->count > SAMPLE_ROWS_MAX)
        return not_that(err, "rows", "a list of rows");
    struct sample_row *rows = arena_array(arena, list->count, sizeof(*rows));
    int r = 0;
    for (size_t i = 0; r == 0 && i < list->count; i++)
        r = read_row(arena, &list->items[i], &rows[i], err);
    sample->rows = rows;
    sample->row_count = list->count;
    return r;
}

static int read_sample(struct arena *arena, const struct json *object, const struct sample **ret,
                       struct err *err)
{
    struct sample *sample = arena_alloc(arena, sizeof(*sample));
    int64_t left_out = 0;
    if (object == NULL || object->type != JSON_OBJECT)
        return not_that(err, "sample", "an object");
    int r = read_text(arena, json_member(object, "monitor"), "monitor", &sample->monitor, err);
    if (r == 0)
        r = read_integer(json_member(object, "wall_us"), "wall_us", &sample->at.wall_us, err);
    if (r == 0)
        r = read_integer(json_member(object, "boot_us"), "boot_us", &sample->at.boot_us, err);
    if (r == 0)
        r = read_bool(json_member(object, "known"), "known", &sample->known, err);
    if (r == 0 && json_member(object, "why") != NULL)
        r = read_text(arena, json_member(object, "why"), "why", &sample->why, err);
    if (r == 0)
        r = read_metrics(arena, json_member(object, "metrics"), sample, err);
    if (r == 0)
        r = read_rows(arena, json_member(object, "rows"), sample, err);
    if (r == 0)
        r = read_integer(json_member(object, "left_out"), "left_out", &left_out, err);
    if (r == 0 && left_out < 0)
        return not_that(err, "left_out", "a count");
    sample->rows_left_out = (size_t)left_out;
    *ret = sample;
    return r;
}

static int read_progress(const struct json *object, const char *key, struct progress *ret, struct err *err)
{
    if (object == NULL || object->type != JSON_OBJECT)
        return not_that(err, key, "an object");
    int r = read_integer(json_member(object, "rows"), "rows", &ret->rows, err);
    if (r == 0)
        r = read_integer(json_member(object, "total"), "total", &ret->total, err);
    if (r == 0)
        r = read_integer(json_member(object, "per_second"), "per_second", &ret->per_second, err);
    if (r == 0)
        r = read_integer(json_member(object, "left_us"), "left_us", &ret->left_us, err);
    if (r == 0 && json_member(object, "again") != NULL)
        r = read_bool(json_member(object, "again"), "again", &ret->again, err);
    return r;
}

static int read_choice(const struct json *value, const char *key, enum choice *ret, struct err *err)
{
    if (value == NULL || value->type != JSON_TEXT || choice_of(value->text) == CHOICE_COUNT)
        return not_that(err, key, "one of the words that it may be");
    *ret = choice_of(value->text);
    return 0;
}

static int read_field(struct arena *arena, const struct json *value, size_t field, struct event *event,
                      struct err *err)
{
    const struct event_field_row *row = &event_fields[field];
    void *at = (char *)event + row->offset;
    switch (row->how) {
    case EVENT_FIELD_TEXT: /* the only kind that may be left out */
        return value == NULL ? 0 : read_text(arena, value, row->key, event_text_slot(event, field), err);
    case EVENT_FIELD_INTEGER:
        return read_integer(value, row->key, at, err);
    case EVENT_FIELD_BOOL:
        return read_bool(value, row->key, at, err);
    case EVENT_FIELD_CHOICE:
        return read_choice(value, row->key, at, err);
    case EVENT_FIELD_SAMPLE:
        return read_sample(arena, value, at, err);
    case EVENT_FIELD_PROGRESS:
        return read_progress(value, row->key, at, err);
    }
    return 0;
}

static int read_head(struct arena *arena, const struct json *object, struct event *event, struct err *err)
{
    int64_t seq = 0;
    const char *type = NULL;
    int r = read_integer(json_member(object, head_keys[HEAD_SEQ]), head_keys[HEAD_SEQ], &seq, err);
    if (r == 0)
        r = read_text(arena, json_member(object, head_keys[HEAD_TYPE]), head_keys[HEAD_TYPE], &type, err);
    if (r == 0)
        r = read_integer(json_member(object, head_keys[HEAD_WALL]), head_keys[HEAD_WALL], &event->at.wall_us,
                         err);
    if (r == 0)
        r = read_integer(json_member(object, head_keys[HEAD_BOOT]), head_keys[HEAD_BOOT], &event->at.boot_us,
                         err);
    if (r == 0)
        r = read_text(arena, json_member(object, head_keys[HEAD_ACTOR]), head_keys[HEAD_ACTOR], &event->actor,
                      err);
    if (r < 0)
        return r;
    if (seq < 0)
        return not_that(err, head_keys[HEAD_SEQ], "a number of an event");
    event->seq = (uint64_t)seq;
    event->type = event_type_of(type);
    return event->type < EVENT_TYPE_COUNT
               ? 0
               : err_set(err, ERR_INVALID, "event %" PRIu64 ": there is no type \"%s\"", event->seq, type);
}

static bool is_among(const char *key, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], key) == 0)
            return true;
    }
    return false;
}

static bool key_is_known(const char *key, enum event_type type, const char *const *others)
{
    size_t other_count = 0;
    while (others != NULL && others[other_count] != NULL)
        other_count++;
    for (size_t i = 0; i < EVENT_FIELD_COUNT; i++) {
        if (event_has(type, i) && strcmp(event_fields[i].key, key) == 0)
            return true;
    }
    return is_among(key, head_keys, HEAD_COUNT) || is_among(key, others, other_count);
}

int event_read(struct arena *arena, const struct json *object, const char *const *others,
               struct event *ret_event, struct err *err)
{
    struct event event = { 0 };
    if (object->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID, "an event is an object, this is %s", json_type_word(object->type));
    int r = read_head(arena, object, &event, err);
    for (size_t i = 0; r == 0 && i < object->count; i++) {
        if (!key_is_known(object->items[i].key, event.type, others))
            r = err_set(err, ERR_INVALID, "event %" PRIu64 ": %s has no \"%s\"", event.seq,
                        event_word(event.type), object->items[i].key);
    }
    for (size_t i = 0; r == 0 && i < EVENT_FIELD_COUNT; i++) {
        if (event_has(event.type, i))
            r = read_field(arena, json_member(object, event_fields[i].key), i, &event, err);
    }
    if (r == 0)
        *ret_event = event;
    return r;
}
