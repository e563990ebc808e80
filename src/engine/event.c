#include "engine.h"

#include <string.h>

#include "base/text.h"

static const struct {
    const char *word;
    bool record;
    unsigned fields;
} types[EVENT_TYPE_COUNT] = {
#define X(name, word, record, fields) [name] = { word, record, fields },
    EVENTS(X)
#undef X
};

static const char *const choice_words[CHOICE_COUNT] = {
#define X(name, word) [name] = word,
    CHOICES(X)
#undef X
};

const struct event_field_row event_fields[EVENT_FIELD_COUNT] = {
#define X(flag, key, member, how) [flag##_BIT] = { key, EVENT_FIELD_##how, offsetof(struct event, member) },
    EVENT_FIELDS(X)
#undef X
};

const char *event_word(enum event_type type)
{
    return type < EVENT_TYPE_COUNT ? types[type].word : "";
}

enum event_type event_type_of(const char *word)
{
    size_t type = 0;
    while (type < EVENT_TYPE_COUNT && strcmp(types[type].word, word) != 0)
        type++;
    return (enum event_type)type;
}

bool event_is_record(enum event_type type)
{
    return type < EVENT_TYPE_COUNT && types[type].record;
}

bool event_has(enum event_type type, size_t field)
{
    return type < EVENT_TYPE_COUNT && (types[type].fields & (1u << field)) != 0;
}

const char *choice_word(enum choice choice)
{
    return choice < CHOICE_COUNT ? choice_words[choice] : "";
}

enum choice choice_of(const char *word)
{
    size_t choice = 0;
    while (choice < CHOICE_COUNT && strcmp(choice_words[choice], word) != 0)
        choice++;
    return (enum choice)choice;
}

const char **event_text_slot(struct event *event, size_t field)
{
    return (const char **)(void *)((char *)event + event_fields[field].offset);
}

struct event *event_copy(struct arena *arena, const struct event *event)
{
    struct event *copy = arena_alloc(arena, sizeof(*copy));
    *copy = *event;
    copy->actor = arena_text(arena, event->actor);
    for (size_t i = 0; i < EVENT_FIELD_COUNT; i++) {
        if (event_fields[i].how != EVENT_FIELD_TEXT)
            continue;
        const char **text = event_text_slot(copy, i);
        *text = arena_text(arena, *text);
    }
    if (event->sample != NULL)
        copy->sample = sample_copy(arena, event->sample);
    return copy;
}
