#include "showing.h"

#include <string.h>

/* ---- people ---- */

static void put_roles(struct showing *s)
{
    static const char *const head[] = { "Role", "Who" };
    const struct book *book = s->book;
    document_heading(s->document, 2, "Roles");
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < book->role_count; i++) {
        const struct role *role = &book->roles[i];
        document_row(s->document,
                     (const struct cell[]){ { role->id, LOOK_STRONG },
                                            { role->not_role == BOOK_NONE
                                                  ? "anybody who is let do it"
                                                  : arena_format(s->arena, "another person than the %s",
                                                                 book->roles[role->not_role].id),
                                              LOOK_PLAIN } });
    }
}

static const char *votes_of(struct showing *s, const struct gate *gate)
{
    struct buf buf;
    buf_init(&buf, TEXT_MAX);
    for (size_t i = 0; i < gate->vote_count; i++)
        buf_format(&buf, "%s%s", i > 0 ? ", " : "", s->book->roles[gate->votes[i]].id);
    return shown_buf(s, &buf);
}

static const char *criteria_of(struct showing *s, const struct gate *gate)
{
    struct buf buf;
    buf_init(&buf, TEXT_MAX);
    for (size_t i = 0; i < gate->criterion_count; i++) {
        buf_text(&buf, i > 0 ? "\n" : "");
        condition_text(&buf, &gate->criteria[i].when);
    }
    return shown_buf(s, &buf);
}

static void put_gates(struct showing *s)
{
    static const char *const head[] = { "Gate",        "At the end of",     "Votes",
                                        "Has to hold", "May be overridden", "GO stands for" };
    const struct book *book = s->book;
    document_heading(s->document, 2, "Go or no-go");
    if (book->gate_count == 0) {
        document_paragraph(s->document, "The book has no gate: nobody is asked.");
        return;
    }
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < book->gate_count; i++) {
        const struct gate *gate = &book->gates[i];
        document_row(s->document,
                     (const struct cell[]){ { gate->id, LOOK_CODE },
                                            { book->phases[gate->phase].title, LOOK_PLAIN },
                                            { votes_of(s, gate), LOOK_PLAIN },
                                            { criteria_of(s, gate), LOOK_CODE },
                                            { gate->override_allowed
                                                  ? arena_format(s->arena, "by the %s, with a reason",
                                                                 book->roles[gate->override_by].id)
                                                  : "no",
                                              LOOK_PLAIN },
                                            { shown_duration(s, gate->valid_us), LOOK_PLAIN } });
    }
}

/* Which step tells, so that who reads knows when. */
static const char *told_at(struct showing *s, const char *id)
{
    struct buf buf;
    buf_init(&buf, TEXT_MAX);
    for (size_t i = 0; i < s->book->step_count; i++) {
        const struct step *step = &s->book->steps[i];
        if (step->notice && step->notice->id && strcmp(step->notice->id, id) == 0)
            buf_format(&buf, "%s%s", buf.len > 0 ? ", " : "", step->id);
    }
    return buf.len > 0 ? shown_buf(s, &buf) : (buf_finish(&buf), "by hand");
}

static void put_communications(struct showing *s)
{
    static const char *const head[] = { "What", "To", "At", "By", "Text" };
    const struct json *communications = json_member(s->book->source, "communications");
    document_heading(s->document, 2, "Communication");
    if (!communications || communications->count == 0) {
        document_paragraph(s->document, "The book tells nobody.");
        return;
    }
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < communications->count; i++) {
        const struct json *told = &communications->items[i];
        const char *via = shown_member(s, told, "via");
        document_row(s->document, (const struct cell[]){ { told->key, LOOK_CODE },
                                                         { shown_member(s, told, "to"), LOOK_PLAIN },
                                                         { told_at(s, told->key), LOOK_PLAIN },
                                                         { via[0] ? via : "hand", LOOK_PLAIN },
                                                         { shown_member(s, told, "text"), LOOK_PLAIN } });
    }
}

void show_people(struct showing *s)
{
    document_heading(s->document, 1, "People");
    put_roles(s);
    put_gates(s);
    put_communications(s);
}

/* ---- monitors and triggers ---- */

static void put_monitors(struct showing *s)
{
    static const char *const head[] = { "Monitor", "Looks at", "Every", "Asks" };
    document_heading(s->document, 2, "Monitors");
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < s->book->monitor_count; i++) {
        const struct monitor_def *monitor = &s->book->monitors[i];
        const char *target = monitor->target == BOOK_NONE ? "" : s->book->targets[monitor->target].id;
        document_row(s->document, (const struct cell[]){
                                      { monitor->id, LOOK_CODE },
                                      { arena_format(s->arena, "%s%s%s%s", monitor_kind_word(monitor->kind),
                                                     target[0] ? " of " : "", target,
                                                     monitor->heartbeat ? ", by a heartbeat" : ""),
                                        LOOK_PLAIN },
                                      { shown_duration(s, monitor->every_us), LOOK_PLAIN },
                                      { monitor->sql    ? monitor->sql
                                        : monitor->http ? monitor->http->url
                                                        : "",
                                        LOOK_CODE } });
    }
}

static void put_triggers(struct showing *s)
{
    static const char *const head[] = { "Trigger", "When", "Then", "Why" };
    document_heading(s->document, 2, "Triggers");
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < s->book->trigger_count; i++) {
        const struct trigger *trigger = &s->book->triggers[i];
        struct buf when;
        buf_init(&when, TEXT_MAX);
        condition_text(&when, &trigger->when);
        document_row(s->document,
                     (const struct cell[]){ { trigger->id, LOOK_CODE },
                                            { shown_buf(s, &when), LOOK_CODE },
                                            { trigger->then == THEN_ROLLBACK ? "rolls back"
                                              : trigger->propose_rollback ? "holds, and proposes the rollback"
                                                                          : "holds",
                                              LOOK_STRONG },
                                            { trigger->why, LOOK_PLAIN } });
    }
}

void show_watching(struct showing *s)
{
    document_heading(s->document, 1, "What is watched");
    if (s->book->monitor_count == 0) {
        document_paragraph(s->document, "Nothing: the book has no monitors.");
        return;
    }
    put_monitors(s);
    if (s->book->trigger_count > 0)
        put_triggers(s);
    else
        document_paragraph(s->document, "Nothing holds the run by itself: the book has no triggers.");
}

/* ---- targets, params, tools ---- */

static const char *role_of(struct showing *s, const struct target *target)
{
    static const char *const roles[TARGET_ROLE_COUNT] = {
        [TARGET_ROLE_UNSTATED] = "", [TARGET_PRIMARY] = "primary", [TARGET_REPLICA] = "replica"
    };
    const char *role = roles[target->role];
    if (target->of != BOOK_NONE)
        role = arena_format(s->arena, "%s of %s", role, s->book->targets[target->of].id);
    return target->live ? arena_format(s->arena, "%s%slive", role, role[0] ? ", " : "") : role;
}

void show_targets(struct showing *s)
{
    static const char *const head[] = { "Target", "Server", "Role", "Connection" };
    document_heading(s->document, 2, "Targets");
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < s->book->target_count; i++) {
        const struct target *target = &s->book->targets[i];
        document_row(s->document, (const struct cell[]){
                                      { target->id, LOOK_CODE },
                                      { arena_format(s->arena, "%s %s", target_engine_word(target->engine),
                                                     target->version ? target->version : "of any version"),
                                        LOOK_PLAIN },
                                      { role_of(s, target), LOOK_PLAIN },
                                      { target->dsn ? target->dsn : "not given here",
                                        target->dsn ? LOOK_CODE : LOOK_PLAIN } });
    }
}

void show_params(struct showing *s)
{
    static const char *const head[] = { "Param", "Type", "Value" };
    if (s->book->param_count == 0)
        return;
    document_heading(s->document, 2, "Params");
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < s->book->param_count; i++) {
        const struct param_value *param = &s->book->params[i];
        const char *value = param->stands_in ? "has to be given"
                            : param->value   ? param->value
                                             : arena_format(s->arena, "a secret, from %s", param->from);
        document_row(
            s->document,
            (const struct cell[]){ { param->name, LOOK_CODE },
                                   { param->type, LOOK_PLAIN },
                                   { value, param->stands_in || !param->value ? LOOK_PLAIN : LOOK_CODE } });
    }
}

void show_settings(struct showing *s)
{
    const struct book *book = s->book;
    document_heading(s->document, 1, "Targets, params and tools");
    show_targets(s);
    show_params(s);
    if (book->tool_count + book->forbidden_count == 0)
        return;
    document_heading(s->document, 2, "Tools");
    for (size_t i = 0; i < book->tool_count; i++)
        document_item(s->document, "needed",
                      arena_format(s->arena, "%s %s", book->tools[i].name,
                                   book->tools[i].version ? book->tools[i].version : ""));
    for (size_t i = 0; i < book->forbidden_count; i++)
        document_item(s->document, "never called", book->forbidden[i]);
}

/* ---- the rehearsal ---- */

static void put_data(struct showing *s)
{
    static const char *const head[] = { "Target", "Has to be as before" };
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < s->book->rehearsal->data_count; i++) {
        const struct rehearsal_data *data = &s->book->rehearsal->data[i];
        document_row(
            s->document,
            (const struct cell[]){
                { s->book->targets[data->target].id, LOOK_CODE },
                { data->sql ? data->sql : arena_format(s->arena, "all of %s", rehearsal_data_text(data)),
                  LOOK_CODE } });
    }
}

void show_rehearsal(struct showing *s)
{
    const struct rehearsal *rehearsal = s->book->rehearsal;
    if (!rehearsal)
        return;
    document_heading(s->document, 1, "The rehearsal");
    document_item(s->document, "Certificate",
                  rehearsal->required_us == 0
                      ? "a live run begins without one"
                      : arena_format(s->arena, "a live run begins only with one that is not older than %s",
                                     shown_duration(s, rehearsal->required_us)));
    if (rehearsal->required_us > 0)
        document_item(s->document, "Without one, with a reason",
                      rehearsal->override_by == BOOK_NONE ? "nobody"
                                                          : s->book->roles[rehearsal->override_by].id);
    if (rehearsal->data_count > 0)
        put_data(s);
    else
        document_paragraph(s->document, "Of the data nothing is compared, only what the catalogs say.");
}

/* ---- questions ---- */

void show_postmortem(struct showing *s)
{
    const struct json *questions = json_member(s->book->source, "postmortem");
    if (!questions || questions->count == 0)
        return;
    document_heading(s->document, 1, "To be asked afterwards");
    for (size_t i = 0; i < questions->count; i++)
        document_item(s->document, NULL, book_described(s->book, s->arena, questions->items[i].text));
}
