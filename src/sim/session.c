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

struct connection {
    struct session session;
    bool writes, in_recovery;
    int64_t pid; /* of its backend; 0: none */
    uint64_t connections;
};

static struct question *questions;

void sessions_forget(void)
{
    questions = NULL;
}

static const char *cell(const struct answer *answer, size_t row, size_t column)
{
    const struct question *question = answer->private_data;
    if (question->list != NULL)
        return question->list->items[row].item;
    return question->null[column] ? NULL : question->values[column];
}

void question_answer(struct question *question)
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
    if (question->code != NULL)
        memcpy(result.code, question->code, strlen(question->code) + 1);
    struct answer whole = { .result = &result,
                            .row_count = question->status == DRIVER_OK ? question->rows : 0,
                            .column_count = question->columns,
                            .cell = cell,
                            .private_data = question };
    question->answered(question->data, &whole);
    free(question->sql);
    free(question);
}

static void on_answer(void *data)
{
    question_answer(data);
}

static void say(struct question *question, bool yes)
{
    (void)snprintf(question->values[0], sizeof(question->values[0]), "%s", yes ? "t" : "f");
}

/* Whether it asks if that is done, or whatever stands beside it. */
static const struct def *probed(const struct def *def, const char *sql)
{
    const char *probe = def->step->probe.sql;
    if (probe == NULL)
        return NULL;
    if (def->items != NULL)
        return item_of_text(def, probe, sql);
    return strcmp(probe, sql) == 0 ? def : NULL;
}

static bool is_list(const struct def *def, const char *sql)
{
    return def->entry == 0 && def->items != NULL && strcmp(def->step->each->query.sql, sql) == 0;
}

/* What the book asks: probes, senses, verifications. */
static void answer_book(struct question *question)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        const struct def *def = probed(&w->defs[i], question->sql);
        if (def != NULL) {
            question->rows = 1; /* no row would be a "no", and a probe that is asked does not lie */
            say(question, def->applied && !world_broken(BREAK_PROBE));
            return;
        }
        if (is_list(&w->defs[i], question->sql)) {
            question->list = &w->defs[i];
            question->rows = question->list->item_count;
            if (world_broken(BREAK_PASSED) && question->rows > 1)
                question->rows--;
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
        question->null[0] = pid == 0;
        (void)snprintf(question->values[0], sizeof(question->values[0]), "%lld", (long long)pid);
    } else if (text_starts(question->sql, "SELECT CASE WHEN a.backend_start IS NULL")) {
        bool sent = question->status == DRIVER_OK ||
                    (question->status != DRIVER_LOST && question->status != DRIVER_REJECTED && chance(500));
        const char *said = sent ? somebody_asked(question->sql) : NULL;
        question->rows = said != NULL;
        (void)snprintf(question->values[0], sizeof(question->values[0]), "%s", said != NULL ? said : "");
    } else if (text_starts(question->sql, "SELECT current_setting('server_version_num')")) {
        (void)snprintf(question->values[0], sizeof(question->values[0]), "150000 %c postgresql",
                       ((const struct connection *)question->session)->in_recovery ? 't' : 'f');
    } else if (strstr(question->sql, "; WITH n AS ") || strstr(question->sql, "; SELECT nspname || ")) {
        question->rows = 0; /* the catalog, and the size of tables: there is nothing */
    } else {
        answer_book(question);
    }
    due_in(chance_us(0, 5 * MS_US), true, on_answer, question);
}

static int ask(struct session *session, const char *sql, int64_t timeout_us, session_answered answered,
               void *data, struct err *err)
{
    struct connection *connection = (struct connection *)session;
    struct question *question;
    (void)timeout_us;
    world_called();
    if (chance_fault(3))
        return err_set(err, ERR_BUSY, "16 questions are waiting");
    question = mem_alloc(sizeof(*question));
    *question = (struct question){ .next = questions,
                                   .session = session,
                                   .answered = answered,
                                   .data = data,
                                   .sql = mem_text(sql),
                                   .columns = 1 };
    questions = question;
    if (connection->writes && connection->pid == 0) {
        connection->pid = backends_next_pid();
        connection->connections++;
    }
    if (connection->writes) {
        batch_ask(question, connection->pid);
        return 0;
    }
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
    const struct connection *connection = (const struct connection *)session;
    return connection->writes ? connection->pid : 1;
}

static uint64_t connections(const struct session *session)
{
    return ((const struct connection *)session)->connections;
}

void session_broke(struct session *session)
{
    ((struct connection *)session)->pid = 0;
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
        batch_leave(question);
        question->status = DRIVER_LOST;
        question_answer(question);
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
        .connections = connections,
        .server_version = server_version,
        .trouble = trouble,
        .close = close_session,
    };
    (void)application_name;
    (void)err;
    struct connection *connection = mem_alloc(sizeof(*connection));
    *connection = (struct connection){ .session = { &impl },
                                       .writes = access == SESSION_WRITES,
                                       .in_recovery = ((const struct reached *)driver)->in_recovery };
    *ret = &connection->session;
    return 0;
}
