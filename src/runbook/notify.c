#include "base/text.h"
#include "param.h"
#include "shape.h"
#include "step.h"

/* ---- what is told to whom: the book's communications ---- */

struct notice_fields {
    const char *to;
    const char *via;
    const char *url;
    struct json_texts argv;
    const char *text;
};

static const struct json_field notice_fields[] = {
    { "to", JSON_FIELD_TEXT, offsetof(struct notice_fields, to), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "who is told" },
    { "via", JSON_FIELD_TEXT, offsetof(struct notice_fields, via), JSON_NONEMPTY, NULL, 0, 0,
      "how: \"webhook\" and \"command\" the program can do by itself, anything else a person does" },
    { "url", JSON_FIELD_TEXT, offsetof(struct notice_fields, url), JSON_NONEMPTY, NULL, 0, 0,
      "webhook: where to, http:// or https://, or a secret param as the whole" },
    { "argv", JSON_FIELD_TEXTS, offsetof(struct notice_fields, argv), JSON_NONEMPTY, NULL, 0, 0,
      "command: the program and its arguments; the text is the last one" },
    { "text", JSON_FIELD_TEXT, offsetof(struct notice_fields, text), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "what they are told" },
    { 0 },
};
const struct shape notice_shape = { .fields = notice_fields };

static void load_webhook(struct loader *l, const struct json *source, const char *url, struct notice *notice)
{
    const struct param *secret = url ? resolve_secret(l, url) : NULL;
    if (!url)
        load_fault(l, source, "a webhook needs a \"url\"");
    else if (secret) {
        notice->url_from = secret->from;
        notice->url_label = secret->name;
    } else {
        notice->url = resolve_url(l, load_at(source, "url"), url);
    }
}

static void load_notice(struct loader *l, const struct json *source, struct notice *notice)
{
    struct notice_fields raw = { 0 };
    const char *what = arena_format(l->arena, "communication \"%s\"", source->key);
    notice->id = source->key;
    if (!load_fields(l, source, notice_fields, &raw, what))
        return;
    notice->to = resolve(l, load_at(source, "to"), raw.to, LAND_LINE);
    notice->text = resolve(l, load_at(source, "text"), raw.text, LAND_TEXT);
    notice->argv_count = raw.argv.count;
    notice->argv = load_texts(l, load_at(source, "argv"), &raw.argv, LAND_ARGUMENT);
    bool webhook = text_equal(raw.via, "webhook"), command = text_equal(raw.via, "command");
    if (webhook)
        load_webhook(l, source, raw.url, notice);
    else if (raw.url)
        load_fault(l, load_at(source, "url"), "a \"url\" goes with \"via\": \"webhook\"");
    if (command != (raw.argv.count > 0))
        load_fault(l, load_at(source, "argv"), "\"via\": \"command\" and an \"argv\" go together");
}

void load_communications(struct loader *l, const struct json *communications)
{
    size_t count = load_count(communications);
    struct notice *notices = arena_array(l->arena, count + 1, sizeof(*notices));
    id_map_init(&l->ids->notices, l->arena, count);
    for (size_t i = 0; i < count; i++) {
        load_id(l, &communications->items[i], &l->ids->notices, "communication", communications->items[i].key,
                i);
        load_notice(l, &communications->items[i], &notices[i]);
    }
    l->notices = notices;
}

/* ---- the step ---- */

/* Somebody is told; nothing waits for it. */
struct notify_fields {
    struct step_common common;
    const char *template;
    int64_t timeout_us;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    { "template", JSON_FIELD_TEXT, offsetof(struct notify_fields, template), JSON_REQUIRED | JSON_NONEMPTY,
      NULL, 0, 0, "which of the communications" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct notify_fields, timeout_us), 0, NULL, 0, 0,
      "how long it is tried; 10s unless stated" },
    { 0 },
};

static const struct notify_fields defaults = { .timeout_us = 10 * SECOND_US };

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct notify_fields *raw = decoded;
    const struct json *where = load_at(source, "template");
    size_t index = load_reference(l, where, &l->ids->notices, "communication", raw->template);
    step->timeout_us = raw->timeout_us;
    if (raw->timeout_us <= 0)
        load_fault(l, load_at(source, "timeout"), "without an end it could be tried for ever");
    if (index == BOOK_NONE)
        return;
    step->notice = &l->notices[index];
    if (step->notice->text && !step->notice->url && !step->notice->url_from && step->notice->argv_count == 0)
        load_fault(l, where, "\"%s\" is told by hand: make the step a \"manual\", or say how with \"via\"",
                   raw->template);
}

const struct step_kind_def notify_kind = {
    .fields = fields,
    .size = sizeof(struct notify_fields),
    .defaults = &defaults,
    .build = build,
};
