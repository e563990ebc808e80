#include "engine/statement.h"

#include <string.h>

#include "base/text.h"
#include "engine.h"

#define KIND "decision"

/* In the order in which they are written: that of the alphabet. */
struct raw {
    struct statement statement;
    const char *kind;
};
#define TEXT_FIELD(key, member)                                                                              \
    {                                                                                                        \
        key, JSON_FIELD_TEXT, offsetof(struct raw, member), JSON_REQUIRED, NULL, 0, 0, NULL                  \
    }
#define NUMBER_FIELD(key, member)                                                                            \
    {                                                                                                        \
        key, JSON_FIELD_INTEGER, offsetof(struct raw, member), JSON_REQUIRED, NULL, 0, INT64_C(1) << 53,     \
            NULL                                                                                             \
    }
static const struct json_field fields[] = {
    TEXT_FIELD("book", statement.book),
    TEXT_FIELD("choice", statement.choice),
    NUMBER_FIELD("expires_wall_us", statement.expires_wall_us),
    TEXT_FIELD("person", statement.person),
    TEXT_FIELD("role", statement.role),
    TEXT_FIELD("run", statement.run),
    TEXT_FIELD("seen", statement.seen),
    NUMBER_FIELD("seq", statement.seq),
    TEXT_FIELD("settings", statement.settings),
    TEXT_FIELD("subject", statement.subject),
    TEXT_FIELD("targets", statement.targets),
    TEXT_FIELD("text", statement.text),
    TEXT_FIELD("tminus", kind),
    TEXT_FIELD("verb", statement.verb),
    { NULL, JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, NULL },
};

void statement_write(struct buf *buf, const struct statement *statement)
{
    const struct raw raw = { *statement, KIND };
    struct json_writer w;
    json_write_init(&w, buf);
    json_open(&w, NULL);
    for (const struct json_field *field = fields; field->key != NULL; field++) {
        const void *at = (const char *)&raw + field->offset;
        if (field->kind == JSON_FIELD_TEXT)
            json_put_text(&w, field->key, *(const char *const *)at);
        else
            json_put_integer(&w, field->key, *(const int64_t *)at);
    }
    json_close(&w);
}

int statement_read(struct arena *arena, const char *text, struct statement *ret, struct err *err)
{
    struct raw raw = { .kind = NULL };
    struct json_faults faults;
    struct buf again;
    json_faults_init(&faults, arena);
    const struct json *object = json_parse_line(arena, text, strlen(text), STATEMENT_MAX, err);
    if (object == NULL)
        return ERR_INVALID;
    if (object->type != JSON_OBJECT || json_decode(arena, object, fields, &raw, "statement", &faults) < 0)
        return err_set(err, ERR_INVALID, "that is no statement%s%s", faults.count > 0 ? ": " : "",
                       faults.count > 0 ? faults.list[0].message : "");
    buf_init(&again, STATEMENT_MAX);
    statement_write(&again, &raw.statement);
    bool same = !again.overflow && strcmp(raw.kind, KIND) == 0 && strcmp(buf_str(&again), text) == 0;
    buf_finish(&again);
    if (!same)
        return err_set(err, ERR_INVALID, "that is no statement as this program writes it");
    *ret = raw.statement;
    return 0;
}

/* ---- making one ---- */

bool statement_wanted(const struct run *run, const struct action *action)
{
    if (run->policy_sha256 == NULL)
        return false;
    switch ((int)action->verb) {
    case VERB_VOTE:
    case VERB_OVERRIDE:
    case VERB_BREAK_GLASS:
        return true;
    case VERB_TICK: {
        size_t step = action->subject != NULL ? book_find_step(run->book, action->subject) : BOOK_NONE;
        const char *by = step != BOOK_NONE ? run->book->steps[step].by : NULL;
        return step != BOOK_NONE && run->book->steps[step].kind == STEP_CHECK && by != NULL &&
               strcmp(by, "operator") != 0;
    }
    default:
        return false;
    }
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

int statement_of(const struct run *run, const struct action *action, struct instant now, struct arena *arena,
                 struct statement *ret, struct err *err)
{
    struct input input = { .type = INPUT_ACTION, .now = now, .action = *action };
    struct decision decision;
    if (!statement_wanted(run, action))
        return err_set(err, ERR_INVALID, "nobody signs \"%s\"", verb_word(action->verb));
    /* What would be refused is not signed; what would be recorded says as whom. */
    input.action.key = "";
    input.action.seen_seq = run->last_seq;
    int r = decide(run, &input, arena, &decision, err);
    if (r < 0)
        return r;
    const struct event *event = &decision.events[0];
    *ret = (struct statement){ .run = run->id,
                               .book = or_empty(run->book_sha256),
                               .targets = or_empty(run->targets_sha256),
                               .settings = or_empty(run->settings_sha256),
                               .verb = verb_word(action->verb),
                               .subject = or_empty(event->subject),
                               .choice = choice_word(action->choice),
                               .role = or_empty(event->role),
                               .text = or_empty(action->text),
                               .person = or_empty(action->actor),
                               .seen = or_empty(event->value),
                               .seq = (int64_t)run->last_seq,
                               .expires_wall_us = now.wall_us + STATEMENT_VALID_US };
    return 0;
}

/* ---- judging one ---- */

int statement_fits(const struct statement *statement, const struct run *run, struct instant now,
                   struct err *err)
{
    const struct {
        const char *said, *is, *what;
    } bound[] = {
        { statement->run, run->id, "another run" },
        { statement->book, run->book_sha256, "another book" },
        { statement->targets, run->targets_sha256, "other targets" },
        { statement->settings, run->settings_sha256, "other settings" },
    };
    for (size_t i = 0; i < ARRAY_LEN(bound); i++) {
        if (strcmp(bound[i].said, or_empty(bound[i].is)) != 0)
            return err_set(err, ERR_REFUSED, "it was signed for %s", bound[i].what);
    }
    if (statement->expires_wall_us <= now.wall_us)
        return err_set(err, ERR_REFUSED, "it is over: sign anew");
    if (statement->expires_wall_us - now.wall_us > STATEMENT_LONGEST_US)
        return err_set(err, ERR_REFUSED,
                       "it would be good for too long: do the clocks of both machines agree?");
    if ((uint64_t)statement->seq > run->last_seq)
        return err_set(err, ERR_REFUSED, "it was signed after an event that did not happen");
    return 0;
}

int statement_action(const struct statement *statement, struct action *ret, struct err *err)
{
    memset(ret, 0, sizeof(*ret));
    ret->verb = verb_of(statement->verb);
    ret->choice = choice_of(statement->choice);
    if (ret->verb == VERB_COUNT || ret->choice == CHOICE_COUNT)
        return err_set(err, ERR_INVALID, "it asks for what nobody can do");
    ret->subject = text_or_null(statement->subject);
    ret->role = text_or_null(statement->role);
    ret->text = text_or_null(statement->text);
    ret->seen_seq = (uint64_t)statement->seq;
    return 0;
}
