#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "server.h"

/*
 * Sessions: questions and answers. What is answered is the truth of the moment in between; or an error, or
 * nothing, and then nobody may take it for an answer.
 */

struct question {
    struct question *next;
    struct session *session;
    session_answered answered;
    void *data;
    char *sql;
    enum driver_status status;
    size_t rows;
    char value[32];
    bool null;
};

static struct question *questions;

void sessions_forget(void)
{
    questions = NULL;
}

static const char *cell(const struct answer *answer, size_t row, size_t column)
{
    const struct question *question = answer->private_data;
    (void)row;
    (void)column;
    return question->null ? NULL : question->value;
}

static void answer(struct question *question)
{
    struct question **at = &questions;
    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    struct driver_result result = { .status = question->status,
                                    .message = question->status == DRIVER_OK
                                                   ? ""
                                                   : driver_status_word(question->status),
                                    .detail = "",
                                    .hint = "",
                                    .leftover = "" };
    struct answer whole = { .result = &result,
                            .row_count = question->status == DRIVER_OK ? question->rows : 0,
                            .column_count = 1,
                            .cell = cell,
                            .private_data = question };
    question->answered(question->data, &whole);
    free(question->sql);
    free(question);
}

static void on_answer(void *data)
{
    answer(data);
}

static void say(struct question *question, bool yes)
{
    (void)snprintf(question->value, sizeof(question->value), "%s", yes ? "t" : "f");
}

/* What the book asks: probes, senses, verifications. */
static void answer_book(struct question *question)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        const struct def *def = &w->defs[i];
        if (def->step->probe.sql != NULL && strcmp(def->step->probe.sql, question->sql) == 0) {
            question->rows = 1; /* no row would be a "no", and a probe that is asked does not lie */
            say(question, def->applied && !world_broken(BREAK_PROBE));
            return;
        }
    }
    bool yes = true;
    people_answer(question->sql, &yes);
    say(question, yes);
}

static void on_look(void *data)
{
    static const enum driver_status troubles[] = { DRIVER_LOST, DRIVER_AMBIGUOUS, DRIVER_TIMED_OUT,
                                                   DRIVER_REJECTED };
    struct question *question = data;
    question->status = chance_fault(25) ? troubles[chance_below(ARRAY_LEN(troubles))] : DRIVER_OK;
    question->rows = chance_fault(5) ? 0 : 1;
    if (text_starts(question->sql, "SELECT min(pid)")) {
        int64_t pid = backends_find(question->sql);
        question->null = pid == 0;
        (void)snprintf(question->value, sizeof(question->value), "%lld", (long long)pid);
    } else if (text_starts(question->sql, "SELECT current_setting('server_version_num')")) {
        (void)snprintf(question->value, sizeof(question->value), "150000 f");
    } else {
        answer_book(question);
    }
    due_in(chance_us(0, 5 * MS_US), true, on_answer, question);
}

static int ask(struct session *session, const char *sql, int64_t timeout_us, session_answered answered,
               void *data, struct err *err)
{
    struct question *question;
    (void)timeout_us;
    world_called();
    if (chance_fault(3))
        return err_set(err, ERR_BUSY, "16 questions are waiting");
    question = mem_alloc(sizeof(*question));
    *question = (struct question){
        .next = questions, .session = session, .answered = answered, .data = data, .sql = mem_text(sql)
    };
    questions = question;
    due_in(chance(30) && !world()->well ? chance_us(0, 3 * SECOND_US) : chance_us(0, 10 * MS_US), true,
           on_look, question);
    return 0;
}

static bool connected(const struct session *session)
{
    (void)session;
    return true;
}

static int64_t pid(const struct session *session)
{
    (void)session;
    return 1;
}

static int server_version(const struct session *session)
{
    (void)session;
    return 150000;
}

static const char *trouble(const struct session *session)
{
    (void)session;
    return "";
}

/* Those who still wait are told from inside. */
static void close_session(struct session *session)
{
    struct question *next;
    for (struct question *question = questions; question != NULL; question = next) {
        next = question->next;
        if (question->session != session)
            continue;
        due_forget(question);
        question->status = DRIVER_LOST;
        answer(question);
        next = questions; /* the list may have changed */
    }
    free(session);
}

int sessions_open(struct driver *driver, const char *application_name, enum session_access access,
                  struct session **ret, struct err *err)
{
    static const struct session_impl impl = {
        .ask = ask,
        .connected = connected,
        .pid = pid,
        .server_version = server_version,
        .trouble = trouble,
        .close = close_session,
    };
    (void)driver;
    (void)application_name;
    (void)access;
    (void)err;
    *ret = mem_alloc(sizeof(**ret));
    (*ret)->impl = &impl;
    return 0;
}
