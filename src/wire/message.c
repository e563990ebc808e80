#include "wire/wire.h"

#include <string.h>

#include "base/text.h"
#include "json/json.h"
#include "rehearse/certificate.h"

static const char *const client_words[] = { "screen", "script", "follower", NULL };

/* ---- writing ---- */

static void write_hello(struct json_writer *w, const struct wire_message *m)
{
    json_put_integer(w, "wire", m->version);
    json_put_text(w, "name", m->name);
    json_put_text(w, "kind", client_words[m->client]);
    json_put_bool(w, "watch", m->watch);
}

static void write_welcome(struct json_writer *w, const struct wire_message *m)
{
    json_put_integer(w, "wire", m->version);
    json_put_text(w, "run", m->run);
    json_put_text(w, "operator", m->name);
    json_put_bool(w, "watch", m->watch);
}

static void write_event(struct json_writer *w, const struct wire_message *m)
{
    event_write(w, &m->event);
}

static void write_nothing(struct json_writer *w, const struct wire_message *m)
{
    (void)w;
    (void)m;
}

static void write_output(struct json_writer *w, const struct wire_message *m)
{
    json_put_text(w, "step", m->step);
    json_put_text(w, "bytes", m->bytes);
}

static void put_if(struct json_writer *w, const char *key, const char *text)
{
    if (text)
        json_put_text(w, key, text);
}

static void write_action(struct json_writer *w, const struct wire_message *m)
{
    json_put_integer(w, "n", m->number);
    json_put_text(w, "verb", verb_word(m->action.verb));
    put_if(w, "subject", m->action.subject);
    put_if(w, "role", m->action.role);
    put_if(w, "text", m->action.text);
    if (m->action.choice != CHOICE_NONE)
        json_put_text(w, "choice", choice_word(m->action.choice));
    put_if(w, "session", m->action.session);
    put_if(w, "statement", m->action.statement);
    put_if(w, "signature", m->action.signature);
}

static void write_reply(struct json_writer *w, const struct wire_message *m)
{
    json_put_integer(w, "n", m->number);
    json_put_bool(w, "ok", m->ok);
    put_if(w, "rule", m->rule);
    put_if(w, "text", m->text);
}

static void write_halt(struct json_writer *w, const struct wire_message *m)
{
    json_put_text(w, "text", m->text);
}

static void write_frozen(struct json_writer *w, const struct wire_message *m)
{
    json_put_integer(w, "settings", m->settings_len);
    json_put_integer(w, "book", m->book_len);
    json_put_integer(w, "targets", m->targets_len);
    json_put_integer(w, "certificate", m->certificate_len);
}

/* ---- reading ---- */

struct raw {
    int64_t wire, n, settings, book, targets, certificate;
    const char *name, *run, *operator, * step, *bytes, *verb, *subject, *role, *text, *choice, *rule,
        *session, *statement, *signature;
    int kind;
    bool watch, ok;
};

#define RAW(key, kind, member, flags)                                                                        \
    {                                                                                                        \
        key, kind, offsetof(struct raw, member), flags, NULL, 0, 0, NULL                                     \
    }
#define RAW_END                                                                                              \
    {                                                                                                        \
        NULL, JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, NULL                                                        \
    }

static const struct json_field hello_fields[] = {
    RAW("wire", JSON_FIELD_INTEGER, wire, JSON_REQUIRED),
    RAW("name", JSON_FIELD_TEXT, name, JSON_REQUIRED | JSON_NONEMPTY),
    { "kind", JSON_FIELD_ENUM, offsetof(struct raw, kind), JSON_REQUIRED, client_words, 0, 0, NULL },
    RAW("watch", JSON_FIELD_BOOL, watch, JSON_REQUIRED),
    RAW_END,
};
static const struct json_field welcome_fields[] = {
    RAW("wire", JSON_FIELD_INTEGER, wire, JSON_REQUIRED),
    RAW("run", JSON_FIELD_TEXT, run, JSON_REQUIRED),
    RAW("operator", JSON_FIELD_TEXT, operator, JSON_REQUIRED),
    RAW("watch", JSON_FIELD_BOOL, watch, JSON_REQUIRED),
    RAW_END,
};
static const struct json_field nothing_fields[] = { RAW_END };
static const struct json_field output_fields[] = {
    RAW("step", JSON_FIELD_TEXT, step, JSON_REQUIRED),
    RAW("bytes", JSON_FIELD_TEXT, bytes, JSON_REQUIRED),
    RAW_END,
};
static const struct json_field action_fields[] = {
    RAW("n", JSON_FIELD_INTEGER, n, JSON_REQUIRED),  RAW("verb", JSON_FIELD_TEXT, verb, JSON_REQUIRED),
    RAW("subject", JSON_FIELD_TEXT, subject, 0),     RAW("role", JSON_FIELD_TEXT, role, 0),
    RAW("text", JSON_FIELD_TEXT, text, 0),           RAW("choice", JSON_FIELD_TEXT, choice, 0),
    RAW("session", JSON_FIELD_TEXT, session, 0),     RAW("statement", JSON_FIELD_TEXT, statement, 0),
    RAW("signature", JSON_FIELD_TEXT, signature, 0), RAW_END,
};
static const struct json_field reply_fields[] = {
    RAW("n", JSON_FIELD_INTEGER, n, JSON_REQUIRED),
    RAW("ok", JSON_FIELD_BOOL, ok, JSON_REQUIRED),
    RAW("rule", JSON_FIELD_TEXT, rule, 0),
    RAW("text", JSON_FIELD_TEXT, text, 0),
    RAW_END,
};
static const struct json_field frozen_fields[] = {
    RAW("settings", JSON_FIELD_INTEGER, settings, JSON_REQUIRED),
    RAW("book", JSON_FIELD_INTEGER, book, JSON_REQUIRED),
    RAW("targets", JSON_FIELD_INTEGER, targets, JSON_REQUIRED),
    RAW("certificate", JSON_FIELD_INTEGER, certificate, JSON_REQUIRED),
    RAW_END,
};
static const struct json_field halt_fields[] = { RAW("text", JSON_FIELD_TEXT, text, JSON_REQUIRED), RAW_END };

static int read_plain(const struct raw *raw, struct wire_message *ret, struct err *err)
{
    (void)err;
    ret->version = raw->wire;
    ret->number = raw->n;
    ret->name = raw->name ? raw->name : raw->operator;
    ret->client = (enum wire_client)raw->kind;
    ret->watch = raw->watch;
    ret->run = raw->run;
    ret->step = raw->step;
    ret->bytes = raw->bytes;
    ret->ok = raw->ok;
    ret->rule = raw->rule;
    ret->text = raw->text;
    return 0;
}

static int read_action(const struct raw *raw, struct wire_message *ret, struct err *err)
{
    ret->number = raw->n;
    ret->action.verb = verb_of(raw->verb);
    if (ret->action.verb == VERB_COUNT)
        return err_set(err, ERR_INVALID, "no action is called \"%s\"", raw->verb);
    ret->action.choice = raw->choice ? choice_of(raw->choice) : CHOICE_NONE;
    if (ret->action.choice == CHOICE_COUNT)
        return err_set(err, ERR_INVALID, "\"%s\" cannot be chosen", raw->choice);
    ret->action.subject = raw->subject;
    ret->action.role = raw->role;
    ret->action.text = raw->text;
    ret->action.session = raw->session;
    ret->action.statement = raw->statement;
    ret->action.signature = raw->signature;
    if (!raw->statement != !raw->signature)
        return err_set(err, ERR_INVALID, "a statement comes with its signature");
    return 0;
}

/* A refusal without a sentence would be shown as nothing. */
static int read_reply(const struct raw *raw, struct wire_message *ret, struct err *err)
{
    if (!raw->ok && !raw->text)
        return err_set(err, ERR_INVALID, "a refusal does not say why");
    return read_plain(raw, ret, err);
}

static int read_frozen(const struct raw *raw, struct wire_message *ret, struct err *err)
{
    if (raw->settings < 0 || raw->book < 0 || raw->targets < -1 || raw->settings > JSON_MAX_BYTES ||
        raw->book > JSON_MAX_BYTES || raw->targets > JSON_MAX_BYTES || raw->certificate < -1 ||
        raw->certificate > CERTIFICATE_MAX_BYTES)
        return err_set(err, ERR_INVALID, "what was frozen is not of a size that is taken");
    ret->settings_len = raw->settings;
    ret->book_len = raw->book;
    ret->targets_len = raw->targets;
    ret->certificate_len = raw->certificate;
    return 0;
}

/* One row for each type of message, in the order of the enum. An event has no fields of its own here: it is
 * read by the engine's table. */
static const struct {
    const char *word;
    void (*write)(struct json_writer *, const struct wire_message *);
    const struct json_field *fields;
    int (*read)(const struct raw *, struct wire_message *, struct err *);
} messages[WIRE_TYPE_COUNT] = {
    [WIRE_HELLO] = { "hello", write_hello, hello_fields, read_plain },
    [WIRE_WELCOME] = { "welcome", write_welcome, welcome_fields, read_plain },
    [WIRE_EVENT] = { "event", write_event, NULL, NULL },
    [WIRE_LIVE] = { "live", write_nothing, nothing_fields, read_plain },
    [WIRE_OUTPUT] = { "output", write_output, output_fields, read_plain },
    [WIRE_ACTION] = { "action", write_action, action_fields, read_action },
    [WIRE_REPLY] = { "reply", write_reply, reply_fields, read_reply },
    [WIRE_HALT] = { "halt", write_halt, halt_fields, read_plain },
    [WIRE_FROZEN] = { "frozen", write_frozen, frozen_fields, read_frozen },
};

void wire_write(struct buf *buf, const struct wire_message *message)
{
    struct json_writer w;

    json_write_init(&w, buf);
    json_open(&w, NULL);
    json_open(&w, messages[message->type].word);
    messages[message->type].write(&w, message);
    json_close(&w);
    json_close(&w);
}

void wire_write_raw_event(struct buf *buf, const char *json, size_t len)
{
    buf_text(buf, "{\"event\":");
    buf_add(buf, json, len);
    buf_char(buf, '}');
}

static int read_fields(struct arena *arena, const struct json *object, enum wire_type type,
                       struct wire_message *ret, struct err *err)
{
    struct raw raw;
    struct json_faults faults;

    memset(&raw, 0, sizeof(raw));
    json_faults_init(&faults, arena);
    if (json_decode(arena, object, messages[type].fields, &raw, messages[type].word, &faults) < 0)
        return err_set(err, ERR_INVALID, "%s", faults.list[0].message);
    return messages[type].read(&raw, ret, err);
}

int wire_read(struct arena *arena, const char *line, size_t len, struct wire_message *ret, struct err *err)
{
    /* What a journal line has besides the event's own fields. */
    static const char *const others[] = { "prev", NULL };
    const struct json *value = json_parse_line(arena, line, len, JSON_MAX_BYTES, err);

    if (!value)
        return ERR_INVALID;
    if (value->type != JSON_OBJECT || value->count != 1 || value->items[0].type != JSON_OBJECT)
        return err_set(err, ERR_INVALID, "a message is an object with one member, which is an object");
    memset(ret, 0, sizeof(*ret));
    for (int i = 0; i < WIRE_TYPE_COUNT; i++) {
        if (!text_equal(value->items[0].key, messages[i].word))
            continue;
        ret->type = (enum wire_type)i;
        if (ret->type == WIRE_EVENT)
            return event_read(arena, &value->items[0], others, &ret->event, err);
        return read_fields(arena, &value->items[0], ret->type, ret, err);
    }
    return err_set(err, ERR_INVALID, "no message is called \"%s\"", value->items[0].key);
}

bool wire_is_name(const char *name)
{
    size_t len = strlen(name);
    struct buf shown;
    bool as_it_is;

    if (len == 0 || len > WIRE_NAME_MAX || strpbrk(name, "<>\"") || name[0] == ' ' || name[len - 1] == ' ' ||
        text_equal(name, EVENT_ACTOR_SELF))
        return false;
    buf_init(&shown, WIRE_NAME_MAX);
    text_visible(&shown, name, len, false);
    as_it_is = !shown.overflow && text_equal(buf_str(&shown), name);
    buf_finish(&shown);
    return as_it_is;
}
