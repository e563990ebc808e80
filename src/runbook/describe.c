#include "load.h"
#include "shape.h"

#include <string.h>

#include "base/text.h"

#define DESCRIBED_MAX (256 * 1024)

/* The parts of a book that are shown and not executed. They are checked for their shape, so that a misspelt
 * field is not lost silently, and stay in book->source; what is decoded here is thrown away. */

/* Nothing is kept, so every field may go to the same place. */
union scratch {
    const void *pointer;
    double number;
    struct duration_range range;
    struct json_texts texts;
};

#define TEXT(key, help)                                                                                      \
    {                                                                                                        \
        key, JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, help                                                         \
    }
#define WANTED(key, help)                                                                                    \
    {                                                                                                        \
        key, JSON_FIELD_TEXT, 0, JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0, help                             \
    }
#define COUNT(key, help)                                                                                     \
    {                                                                                                        \
        key, JSON_FIELD_INTEGER, 0, 0, NULL, 0, INT64_C(1) << 53, help                                       \
    }
#define SIZE(key, help)                                                                                      \
    {                                                                                                        \
        key, JSON_FIELD_SIZE, 0, 0, NULL, 0, 0, help                                                         \
    }
#define DURATION(key, help)                                                                                  \
    {                                                                                                        \
        key, JSON_FIELD_DURATION, 0, 0, NULL, 0, 0, help                                                     \
    }
#define OBJECT(key, help)                                                                                    \
    {                                                                                                        \
        key, JSON_FIELD_OBJECT, 0, 0, NULL, 0, 0, help                                                       \
    }
#define ARRAY(key, help)                                                                                     \
    {                                                                                                        \
        key, JSON_FIELD_ARRAY, 0, 0, NULL, 0, 0, help                                                        \
    }
#define LEVEL(key, help)                                                                                     \
    {                                                                                                        \
        key, JSON_FIELD_ENUM, 0, 0, risk_words, 0, 0, help                                                   \
    }

static const struct json_field rejected[] = { WANTED("approach", "what was considered"),
                                              WANTED("why", "and why it was not taken"),
                                              { 0 } };
static const struct json_field strategy[] = { WANTED("approach", "how the change is made"),
                                              WANTED("why", "and why like this"),
                                              ARRAY("rejected", "other approaches"),
                                              { 0 } };
static const struct shape rejected_shape = { .fields = rejected };
static const struct shape_part strategy_parts[] = { { "rejected", FORM_LIST, .shape = &rejected_shape },
                                                    { 0 } };
const struct shape strategy_shape = { .fields = strategy, .parts = strategy_parts };

static const struct json_field topology[] = { COUNT("primaries", "servers that are written to"),
                                              COUNT("replicas", "servers that follow"),
                                              TEXT("replication", "how they follow"),
                                              { 0 } };
static const struct json_field largest[] = {
    WANTED("table", "its name"), COUNT("rows", "how many"), SIZE("size", "with its indexes"), { 0 }
};
static const struct json_field volume[] = { SIZE("size", "of all data"),
                                            ARRAY("largest", "the largest tables"),
                                            { 0 } };
static const struct shape largest_shape = { .fields = largest };
static const struct shape_part volume_parts[] = { { "largest", FORM_LIST, .shape = &largest_shape }, { 0 } };
static const struct json_field application[] = { TEXT("orm", "what the SQL of the application comes from"),
                                                 TEXT("language", "what it is written in"),
                                                 TEXT("pooler", "what stands between it and the server"),
                                                 DURATION("longest_transaction",
                                                          "how long locks may be waited for"),
                                                 { 0 } };
static const struct json_field environment[] = { TEXT("engine", "the database"),
                                                 TEXT("version", "its version"),
                                                 TEXT("platform", "who runs it"),
                                                 OBJECT("topology", "the servers"),
                                                 OBJECT("volume", "the data"),
                                                 OBJECT("application", "who uses it"),
                                                 TEXT("hardware", "processors, memory, disks"),
                                                 TEXT("network", "between the servers"),
                                                 { 0 } };
static const struct shape topology_shape = { .fields = topology };
static const struct shape volume_shape = { .fields = volume, .parts = volume_parts };
static const struct shape application_shape = { .fields = application };
static const struct shape_part environment_parts[] = { { "topology", FORM_ONE, .shape = &topology_shape },
                                                       { "volume", FORM_ONE, .shape = &volume_shape },
                                                       { "application", FORM_ONE,
                                                         .shape = &application_shape },
                                                       { 0 } };
const struct shape environment_shape = { .fields = environment, .parts = environment_parts };

static const struct json_field objectives[] = { DURATION("downtime", "how long it may be unavailable"),
                                                DURATION("rto", "how long until it is back"),
                                                DURATION("rpo", "how much may be lost"),
                                                { 0 } };
const struct shape objectives_shape = { .fields = objectives };

static const struct json_field risk[] = { WANTED("risk", "what may go wrong"),
                                          LEVEL("likelihood", "how likely"),
                                          LEVEL("impact", "how bad"),
                                          TEXT("mitigation", "what makes it unlikely"),
                                          TEXT("contingency", "what to do when it happens"),
                                          { 0 } };
const struct shape risk_shape = { .fields = risk };

static void check_parts(struct loader *l, const struct json *object, const struct shape *shape);

static void check_object(struct loader *l, const struct json *value, const struct shape *shape,
                         const char *what)
{
    union scratch scratch;
    if (load_fields(l, value, shape->fields, &scratch, what))
        check_parts(l, value, shape);
}

/* The only lists and maps of what is no object are of texts. */
static void check_item(struct loader *l, const struct json *value, const struct shape_part *part)
{
    if (part->shape)
        check_object(l, value, part->shape, arena_format(l->arena, "an item of %s", part->key));
    else if (value->type != JSON_TEXT)
        load_fault(l, value, "%s are texts, this is %s", part->key, json_type_word(value->type));
}

static void check_part(struct loader *l, const struct json *value, const struct shape_part *part)
{
    if (value->type != (part->form == FORM_LIST ? JSON_ARRAY : JSON_OBJECT))
        return; /* said when the field was decoded */
    if (part->form == FORM_ONE) {
        check_object(l, value, part->shape, part->key);
        return;
    }
    for (size_t i = 0; i < value->count; i++)
        check_item(l, &value->items[i], part);
}

static void check_parts(struct loader *l, const struct json *object, const struct shape *shape)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct shape_part *part = shape_part(shape, object->items[i].key);
        if (part)
            check_part(l, &object->items[i], part);
    }
}

void load_descriptions(struct loader *l, const struct json *book)
{
    for (const struct shape_part *part = book_shape.parts; part->key; part++) {
        const struct json *value = json_member(book, part->key);
        if (!value || !part->shown)
            continue;
        check_part(l, value, part);
        resolve_nothing(l, value);
    }
}

const char *book_described(const struct book *book, struct arena *arena, const char *text)
{
    struct buf out;
    if (!text || !strstr(text, "${"))
        return text;
    buf_init(&out, DESCRIBED_MAX);
    while (*text) {
        size_t len = strcspn(text, "}"), i = 0;
        bool named = text_starts(text, "${") && text[len] == '}';
        while (
            named && i < book->param_count &&
            (strncmp(book->params[i].name, text + 2, len - 2) != 0 || book->params[i].name[len - 2] != '\0'))
            i++;
        if (named && i < book->param_count && book->params[i].value) {
            buf_text(&out, book->params[i].value);
            text += len + 1;
        } else if (text_starts(text, "$${")) {
            buf_text(&out, "${");
            text += 3;
        } else {
            buf_char(&out, *text++);
        }
    }
    text = arena_text(arena, buf_str(&out));
    buf_finish(&out);
    return text;
}
