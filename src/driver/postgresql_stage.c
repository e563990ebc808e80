#include "driver/postgresql_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "driver/sql_words.h"

static int64_t whole_ms(int64_t us)
{
    return (us + MS_US - 1) / MS_US;
}

/* What the server says is done is recorded as done. Where it says so before it has written it down, as a role
 * or a database may be set to, a crash in the next moment would take it back. */
#define COMMIT_BEFORE_IT_IS_SAID                                                                             \
    "; SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"                                      \
    " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'"

/* Everything but the timeouts has to do with how text is read and when a commit is one, not with what the
 * statements mean. */
static void send_settings(struct pg_job *job)
{
    struct buf text;
    buf_init(&text, SETTINGS_MAX);
    buf_text(&text, "SET standard_conforming_strings = on" COMMIT_BEFORE_IT_IS_SAID);
    if (job->sql->lock_timeout_us > 0)
        buf_format(&text, "; SET lock_timeout = %" PRId64, whole_ms(job->sql->lock_timeout_us));
    if (job->sql->statement_timeout_us > 0)
        buf_format(&text, "; SET statement_timeout = %" PRId64, whole_ms(job->sql->statement_timeout_us));
    pg_link_send(job->link, buf_str(&text));
    buf_finish(&text);
}

static void send_read_back(struct pg_job *job)
{
    pg_link_send(job->link,
                 "SELECT name, setting, pg_catalog.current_setting(name) FROM pg_catalog.pg_settings"
                 " WHERE name IN ('lock_timeout', 'statement_timeout') ORDER BY name");
}

static void take_read_back(struct pg_job *job, const PGresult *res)
{
    for (int row = 0; row < PQntuples(res); row++) {
        const char *name = PQgetvalue(res, row, 0);
        bool locks = strcmp(name, "lock_timeout") == 0;
        int64_t asked_us = locks ? job->sql->lock_timeout_us : job->sql->statement_timeout_us;
        int64_t has_ms = strtoll(PQgetvalue(res, row, 1), NULL, 10);
        const char *has = PQgetvalue(res, row, 2);
        if (!locks)
            job->statement_timeout_ms = has_ms;
        buf_format(&job->settings, "%s%s %s", job->settings.len > 0 ? ", " : "", name, has);
        if (asked_us > 0 && has_ms != whole_ms(asked_us))
            pg_job_fail(job, "", "the server did not take the timeout that was asked for; nothing was sent");
        job->read_back++;
    }
}

static void send_index_question(struct pg_job *job)
{
    pg_link_send(job->link, pg_indexes_question());
}

static void take_invalid(struct pg_job *job, const PGresult *res)
{
    pg_indexes_add(&job->invalid, res);
}

static void take_leftover(struct pg_job *job, const PGresult *res)
{
    pg_indexes_difference(&job->invalid, res, job->pid, &job->leftover);
}

static void send_look(struct pg_job *job)
{
    job->watch_ns = uv_hrtime();
    job->watch = pg_watch_open(job->driver->loop, job->driver->target, job->pid, pg_job_watched, job);
    pg_watch_go(job->watch, WATCH_BEFORE);
}

static void send_locks(struct pg_job *job)
{
    job->watch_ns = uv_hrtime();
    pg_watch_go(job->watch, WATCH_LOOK);
}

static void send_begin(struct pg_job *job)
{
    pg_link_send(job->link, "BEGIN");
}

static void send_commit(struct pg_job *job)
{
    job->facts.commit_out = true;
    job->facts.answered = false;
    pg_link_send(job->link, "COMMIT");
}

/* A transaction in which something failed is rolled back by COMMIT, without an error. */
static void take_commit(struct pg_job *job, const PGresult *res)
{
    if (strcmp(PQcmdStatus((PGresult *)(uintptr_t)res), "COMMIT") != 0)
        pg_job_fail(job, "", "the server answered COMMIT with ROLLBACK");
}

static void send_statement(struct pg_job *job)
{
    const char *text = job->sql->statements[job->at];
    job->facts.sent = true;
    job->facts.answered = false;
    job->facts.parts = sql_leaves_parts(text);
    job->sent_ns = uv_hrtime();
    pg_link_send(job->link, text);
}

/* A command tag of the text that ended the transaction, or began another one, says so whatever the text
 * looked like; of ROLLBACK AND CHAIN the tag is that of ROLLBACK TO, which is harmless. */
static bool breaks_out(const char *tag, const char *text)
{
    static const char *const tags[] = { "COMMIT", "BEGIN", "START TRANSACTION", "PREPARE TRANSACTION" };
    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        if (strcmp(tag, tags[i]) == 0)
            return true;
    }
    return strcmp(tag, "ROLLBACK") == 0 && sql_has_word(text, "chain");
}

static void take_statement(struct pg_job *job, const PGresult *res)
{
    if (PQresultStatus(res) != PGRES_SINGLE_TUPLE) {
        PGresult *tagged = (PGresult *)(uintptr_t)res; /* libpq has no const here, and changes nothing */
        const char *count = PQcmdTuples(tagged);
        if (breaks_out(PQcmdStatus(tagged), job->sql->statements[job->at]))
            job->facts.broke_out = true;
        if (count[0] == '\0')
            return; /* a command that counts nothing leaves the last count */
        job->rows = strtoll(count, NULL, 10);
        if (!job->in_rows) {
            PQclear(job->value);
            job->value = NULL;
        }
        job->in_rows = false;
    } else if (!job->in_rows) {
        job->in_rows = true;
        PQclear(job->value);
        job->value = PQcopyResult(res, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
    }
}

/* What is sent in a stage, and who takes its results. */
static const struct {
    void (*send)(struct pg_job *job);
    void (*take)(struct pg_job *job, const PGresult *res); /* NULL: nobody has to */
} stages[] = {
    [STAGE_SET] = { send_settings, NULL },
    [STAGE_READ_BACK] = { send_read_back, take_read_back },
    [STAGE_INVALID] = { send_index_question, take_invalid },
    [STAGE_LOOK] = { send_look, NULL },
    [STAGE_BEGIN] = { send_begin, NULL },
    [STAGE_STATEMENT] = { send_statement, take_statement },
    [STAGE_LOCKS] = { send_locks, NULL },
    [STAGE_COMMIT] = { send_commit, take_commit },
    [STAGE_LEFTOVER] = { send_index_question, take_leftover },
};

enum stage pg_stage_after(const struct pg_job *job)
{
    const struct driver_sql *sql = job->sql;
    enum stage first = sql->transaction ? STAGE_BEGIN : STAGE_STATEMENT;
    enum stage ready = sql->look_at_locks ? STAGE_LOOK : first;
    switch (job->stage) {
    case STAGE_CONNECT:
        return STAGE_SET;
    case STAGE_SET:
        return STAGE_READ_BACK;
    case STAGE_READ_BACK:
        return job->concurrent ? STAGE_INVALID : ready;
    case STAGE_INVALID:
        return ready;
    case STAGE_LOOK:
        return first;
    case STAGE_BEGIN:
        return STAGE_STATEMENT;
    case STAGE_STATEMENT:
        if (job->facts.done < sql->count)
            return STAGE_STATEMENT;
        if (!sql->transaction)
            return STAGE_DONE;
        return sql->look_at_locks ? STAGE_LOCKS : STAGE_COMMIT;
    case STAGE_LOCKS:
        return STAGE_COMMIT;
    case STAGE_COMMIT:
    case STAGE_LEFTOVER:
    case STAGE_DONE:
        break;
    }
    return STAGE_DONE;
}

void pg_stage_send(struct pg_job *job)
{
    stages[job->stage].send(job);
}

void pg_stage_take(struct pg_job *job, const PGresult *res)
{
    if (stages[job->stage].take != NULL)
        stages[job->stage].take(job, res);
}
