#include "example.h"

#include <string.h>

#include "base/text.h"

#define EXAMPLE_MAX (4 * JSON_MAX_BYTES)

/* clang-format off */
static const char plain[] =
"{ \"tminus\": 1, \"id\": \"plain\", \"title\": \"A plain book\", \"summary\": \"of which nothing can be said\",\n"
"  \"environment\": { \"topology\": { \"primaries\": 1, \"replicas\": 1 } },\n"
"  \"window\": { \"length\": \"2h\", \"margin\": \"5m\" },\n"
"  \"targets\": { \"primary\": { \"engine\": \"postgresql\", \"version\": \"15\", \"role\": \"primary\" },\n"
"    \"replica\": { \"engine\": \"postgresql\", \"version\": \"15\", \"role\": \"replica\", \"of\": \"primary\" } },\n"
"  \"tools\": { \"required\": [ { \"name\": \"psql\", \"version\": \">=15\" } ] },\n"
"  \"roles\": { \"operator\": {}, \"reviewer\": { \"not\": \"operator\" } },\n"
"  \"monitors\": [ { \"id\": \"lag\", \"kind\": \"lag\", \"target\": \"replica\" },\n"
"    { \"id\": \"locks\", \"kind\": \"locks\", \"target\": \"primary\" } ],\n"
"  \"triggers\": [ { \"id\": \"lag-runaway\", \"then\": \"hold\", \"propose\": \"rollback\",\n"
"    \"when\": { \"metric\": \"lag.seconds\", \"is\": \">\", \"value\": 60, \"for\": \"30s\" } } ],\n"
"  \"phases\": [\n"
"    { \"id\": \"before\", \"kind\": \"preflight\", \"title\": \"Before\",\n"
"      \"steps\": [ { \"id\": \"backup-age\", \"kind\": \"check\", \"by\": \"reviewer\" } ],\n"
"      \"gate\": { \"id\": \"go\", \"votes\": [ \"operator\", \"reviewer\" ] } },\n"
"    { \"id\": \"change\", \"kind\": \"expand\", \"title\": \"Change\",\n"
"      \"steps\": [ { \"id\": \"flag\", \"kind\": \"manual\", \"instructions\": \"On.\", \"estimate\": \"1m\",\n"
"        \"rollback\": [ { \"kind\": \"manual\", \"instructions\": \"Off.\", \"estimate\": \"1m\" } ] } ],\n"
"      \"verification\": [ { \"kind\": \"verify\", \"target\": \"primary\", \"sql\": \"SELECT true\",\n"
"        \"expect\": { \"value\": true }, \"estimate\": \"1s\" } ] } ],\n"
"  \"communications\": { \"begun\": { \"to\": \"support\", \"text\": \"It has begun.\" } } }\n";
/* clang-format on */

static const struct json *parsed(struct arena *arena, const char *text)
{
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    json_faults_init(faults, arena);
    const struct json *value = json_parse(arena, text, strlen(text), faults);
    if (!value)
        fail_msg("%s\n%s", faults->list[0].message, text);
    return value;
}

/* The members of `object`, but for those for which there are others. */
static void put_members(struct json_writer *w, const struct json *object, const char *key,
                        const struct json *other, bool as_list)
{
    json_open(w, object->key);
    for (size_t i = 0; i < object->count; i++) {
        const struct json *member = &object->items[i];
        if (!text_equal(member->key, key)) {
            json_put_value(w, member->key, member);
        } else if (as_list) {
            json_open_array(w, key);
            json_put_value(w, NULL, other);
            json_close_array(w);
        } else {
            json_put_value(w, key, other);
        }
    }
    if (!json_member(object, key))
        json_put_value(w, key, other);
    json_close(w);
}

static void put_phase(struct json_writer *w, const struct json *phase, const struct json *example)
{
    bool is_step = json_member(example, "kind") && !json_member(example, "steps");
    bool is_phase = json_member(example, "steps") != NULL;
    const char *id = json_member(phase, "id")->text;
    if (is_phase && text_equal(json_member(example, "id")->text, id))
        json_put_value(w, NULL, example);
    else if (is_step && text_equal(id, "change"))
        put_members(w, phase, "steps", example, true);
    else if (!is_step && !is_phase && text_equal(id, "before"))
        put_members(w, phase, "gate", example, false);
    else
        json_put_value(w, NULL, phase);
}

static void put_phases(struct json_writer *w, const struct json *phases, const struct json *example)
{
    json_open_array(w, "phases");
    for (size_t i = 0; i < phases->count; i++)
        put_phase(w, &phases->items[i], example);
    json_close_array(w);
}

const char *example_text(struct arena *arena, const char *example)
{
    const struct json *book = parsed(arena, plain);
    const struct json *put = parsed(arena, example ? example : "{}");
    bool of_book = !json_member(put, "id") && !json_member(put, "kind");
    struct json_writer w;
    struct buf buf;
    buf_init(&buf, EXAMPLE_MAX);
    json_write_init(&w, &buf);
    json_open(&w, NULL);
    for (size_t i = 0; i < book->count; i++) {
        const struct json *member = &book->items[i];
        if (of_book && json_member(put, member->key))
            json_put_value(&w, member->key, json_member(put, member->key));
        else if (!of_book && text_equal(member->key, "phases"))
            put_phases(&w, member, put);
        else
            json_put_value(&w, member->key, member);
    }
    for (size_t i = 0; of_book && i < put->count; i++) {
        if (!json_member(book, put->items[i].key))
            json_put_value(&w, put->items[i].key, &put->items[i]);
    }
    json_close(&w);
    assert_false(buf.overflow);
    const char *text = arena_text(arena, buf_str(&buf));
    buf_finish(&buf);
    return text;
}

const struct check_report *report_of(struct arena *arena, const char *text)
{
    return report_with(arena, text, &(struct check_options){ .text = text });
}

const struct check_report *report_with(struct arena *arena, const char *text,
                                       const struct check_options *options)
{
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    json_faults_init(faults, arena);
    const struct book *book = book_load(arena, "book.json", text, strlen(text), NULL, faults, NULL);
    if (!book)
        fail_msg("%d:%d: %s\n%s", faults->list[0].line, faults->list[0].column, faults->list[0].message,
                 text);
    return check_book(arena, book, options);
}

const struct check_finding *finding_of(const struct check_report *report, const char *code)
{
    for (size_t i = 0; i < report->count; i++) {
        if (text_equal(report->findings[i].code, code))
            return &report->findings[i];
    }
    return NULL;
}

const char *told(struct arena *arena, const struct check_report *report)
{
    const char *text = "";
    for (size_t i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];
        text = arena_format(arena, "%s%d:%d: %s: %s [%s]%s%s\n", text, finding->line, finding->column,
                            check_severity_word(finding->severity), finding->message, finding->code,
                            finding->ignored ? " ignored: " : "", finding->ignored ? finding->ignored : "");
    }
    return text;
}
