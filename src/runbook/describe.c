#include "load.h"

/* The parts of a book that are shown and not executed. They are checked for their shape, so that a misspelt
 * field is not lost silently, and stay in book->source; what is decoded here is thrown away. */

enum shape_form { FORM_OBJECT, FORM_LIST, FORM_MAP, FORM_TEXTS };

struct shape {
    const char *key;
    enum shape_form form;
    const struct json_field *fields; /* of the object, or of each in the list or map */
    const struct shape *parts;       /* among those fields; ends with a row whose key is NULL */
};

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
#define TEXTS(key, help)                                                                                     \
    {                                                                                                        \
        key, JSON_FIELD_TEXTS, 0, 0, NULL, 0, 0, help                                                        \
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
static const struct shape strategy_parts[] = { { "rejected", FORM_LIST, rejected, NULL }, { 0 } };

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
static const struct shape volume_parts[] = { { "largest", FORM_LIST, largest, NULL }, { 0 } };
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
static const struct shape environment_parts[] = { { "topology", FORM_OBJECT, topology, NULL },
                                                  { "volume", FORM_OBJECT, volume, volume_parts },
                                                  { "application", FORM_OBJECT, application, NULL },
                                                  { 0 } };

static const struct json_field objectives[] = { DURATION("downtime", "how long it may be unavailable"),
                                                DURATION("rto", "how long until it is back"),
                                                DURATION("rpo", "how much may be lost"),
                                                { 0 } };

static const struct json_field tool[] = { WANTED("name", "of the program"),
                                          TEXT("version", "as in \">=15\""),
                                          { 0 } };
static const struct json_field tools[] = { ARRAY("required", "programs that must be there"),
                                           TEXTS("forbidden", "programs that must not be called"),
                                           { 0 } };
static const struct shape tools_parts[] = { { "required", FORM_LIST, tool, NULL }, { 0 } };

static const struct json_field communication[] = { WANTED("to", "who is told"),
                                                   TEXT("via", "webhook, mail, ..."),
                                                   TEXT("url", "where to"),
                                                   WANTED("text", "what they are told"),
                                                   { 0 } };

static const struct json_field risk[] = { WANTED("risk", "what may go wrong"),
                                          LEVEL("likelihood", "how likely"),
                                          LEVEL("impact", "how bad"),
                                          TEXT("mitigation", "what makes it unlikely"),
                                          TEXT("contingency", "what to do when it happens"),
                                          { 0 } };

static const struct shape shapes[] = {
    { "strategy", FORM_OBJECT, strategy, strategy_parts },
    { "environment", FORM_OBJECT, environment, environment_parts },
    { "objectives", FORM_OBJECT, objectives, NULL },
    { "tools", FORM_OBJECT, tools, tools_parts },
    { "communications", FORM_MAP, communication, NULL },
    { "risks", FORM_LIST, risk, NULL },
    { "postmortem", FORM_TEXTS, NULL, NULL },
    { 0 },
};

static void check_shapes(struct loader *l, const struct json *object, const struct shape *parts);

static void check_object(struct loader *l, const struct json *value, const struct shape *shape,
                         const char *what)
{
    union scratch scratch;
    bool whole = load_fields(l, value, shape->fields, &scratch, what);
    if (whole && shape->parts)
        check_shapes(l, value, shape->parts);
}

static void check_texts(struct loader *l, const struct json *value, const char *what)
{
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i].type != JSON_TEXT)
            load_fault(l, &value->items[i], "%s are texts, this is %s", what,
                       json_type_word(value->items[i].type));
    }
}

static void check_shape(struct loader *l, const struct json *value, const struct shape *shape)
{
    switch (shape->form) {
    case FORM_OBJECT:
        check_object(l, value, shape, shape->key);
        break;
    case FORM_LIST:
    case FORM_MAP:
        for (size_t i = 0; i < value->count; i++)
            check_object(l, &value->items[i], shape, arena_format(l->arena, "an item of %s", shape->key));
        break;
    case FORM_TEXTS:
        check_texts(l, value, shape->key);
        break;
    }
}

static void check_shapes(struct loader *l, const struct json *object, const struct shape *parts)
{
    for (const struct shape *part = parts; part->key; part++) {
        const struct json *value = json_member(object, part->key);
        enum json_type wanted =
            part->form == FORM_LIST || part->form == FORM_TEXTS ? JSON_ARRAY : JSON_OBJECT;
        if (value && value->type == wanted)
            check_shape(l, value, part);
    }
}

void load_descriptions(struct loader *l, const struct json *book)
{
    check_shapes(l, book, shapes);
    for (const struct shape *shape = shapes; shape->key; shape++) {
        const struct json *value = json_member(book, shape->key);
        if (value)
            resolve_nothing(l, value);
    }
}
