#include "base/text.h"
#include "param.h"
#include "shape.h"
#include "step.h"

/* ---- what is told to whom: the book's communications ---- */

/* Its text is resolved for each step that sends it: what steps answered means something only to those behind
 * them. */
struct communication {
    struct notice notice;    /* but for its text */
    const struct json *text; /* NULL after a fault */
    bool by_hand;
    bool sent;   /* by some step */
    bool faulty; /* its text, which has been said */
};

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

static void load_notice(struct loader *l, const struct json *source, struct communication *communication)
{
    struct notice_fields raw = { 0 };
    struct notice *notice = &communication->notice;
    const char *what = arena_format(l->arena, "communication \"%s\"", source->key);
    notice->id = source->key;
    if (!load_fields(l, source, notice_fields, &raw, what))
        return;
    notice->to = resolve(l, load_at(source, "to"), raw.to, LAND_LINE);
    communication->text = json_member(source, "text");
    notice->argv_count = raw.argv.count;
    notice->argv = load_texts(l, load_at(source, "argv"), &raw.argv, LAND_ARGUMENT);
    bool webhook = text_equal(raw.via, "webhook"), command = text_equal(raw.via, "command");
    communication->by_hand = !webhook && !command;
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
    l->communications = arena_array(l->arena, count + 1, sizeof(*l->communications));
    id_map_init(&l->ids->notices, l->arena, count);
    for (size_t i = 0; i < count; i++) {
        load_id(l, &communications->items[i], &l->ids->notices, "communication", communications->items[i].key,
                i);
        load_notice(l, &communications->items[i], &l->communications[i]);
    }
}

void load_communications_unsent(struct loader *l)
{
    for (size_t i = 0; i < l->ids->notices.count; i++) {
        const struct json *text = l->communications[i].text;
        if (!text || l->communications[i].sent)
            continue;
        (void)resolve(l, text, text->text,
                      LAND_TEXT); /* nobody takes it: a fault is all that can come of it */
        refuse_later(l, text, text->text);
    }
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

/* The communication as this step sends it. */
static const struct notice *load_sent(struct loader *l, struct communication *communication)
{
    struct notice *notice = arena_alloc(l->arena, sizeof(*notice));
    size_t faults = l->faults->count + l->faults->more;
    *notice = communication->notice;
    communication->sent = true;
    if (communication->faulty)
        return notice;
    notice->text = resolve(l, communication->text, communication->text->text, LAND_TEXT);
    communication->faulty = l->faults->count + l->faults->more > faults;
    return notice;
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct notify_fields *raw = decoded;
    const struct json *where = load_at(source, "template");
    size_t index = load_reference(l, where, &l->ids->notices, "communication", raw->template);
    step->timeout_us = raw->timeout_us;
    if (raw->timeout_us <= 0)
        load_fault(l, load_at(source, "timeout"), "without an end it could be tried for ever");
    if (index == BOOK_NONE || !l->communications[index].text)
        return;
    step->notice = load_sent(l, &l->communications[index]);
    if (l->communications[index].by_hand)
        load_fault(l, where, "\"%s\" is told by hand: make the step a \"manual\", or say how with \"via\"",
                   raw->template);
}

static const struct shape_part parts[] = { STEP_COMMON_PARTS, { 0 } };

const struct step_kind_def notify_kind = {
    .fields = fields,
    .size = sizeof(struct notify_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
};
