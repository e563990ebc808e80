#include "driver/postgresql_failure.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/*
 * What a SQLSTATE means, by its first characters, the longest match first; see appendix A of PostgreSQL's
 * manual. `asked` is for a statement, `connecting` for a connection that was refused with it. A code that is
 * not here is REJECTED, or LOST while connecting.
 */
static const struct sqlstate {
    const char *prefix;
    enum driver_status asked, connecting;
} sqlstates[] = {
    { "40001", DRIVER_RETRYABLE, DRIVER_LOST },      /* serialization_failure */
    { "40003", DRIVER_AMBIGUOUS, DRIVER_LOST },      /* statement_completion_unknown */
    { "40P01", DRIVER_RETRYABLE, DRIVER_LOST },      /* deadlock_detected */
    { "53300", DRIVER_RETRYABLE, DRIVER_RETRYABLE }, /* too_many_connections */
    { "55P03", DRIVER_RETRYABLE, DRIVER_LOST },      /* lock_not_available: lock_timeout or NOWAIT */
    { "57014", DRIVER_CANCELLED, DRIVER_LOST },      /* query_canceled: us, statement_timeout, or a person */
    { "57P03", DRIVER_RETRYABLE, DRIVER_RETRYABLE }, /* cannot_connect_now: starting up, shutting down */
    { "25006", DRIVER_REJECTED, DRIVER_REJECTED },   /* read_only_sql_transaction: a standby */
    { "3D", DRIVER_REJECTED, DRIVER_REJECTED },      /* no such database */
    { "28", DRIVER_REJECTED, DRIVER_AUTH },          /* password, role, pg_hba.conf */
    { "42501", DRIVER_REJECTED, DRIVER_AUTH },       /* no CONNECT privilege for the database */
};

static const struct sqlstate *sqlstate_row(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(sqlstates); i++) {
        if (strncmp(code, sqlstates[i].prefix, strlen(sqlstates[i].prefix)) == 0)
            return &sqlstates[i];
    }
    return NULL;
}

void pg_failure_from_result(struct failure *failure, const PGresult *res)
{
    const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    if (message == NULL) { /* libpq's own words: there are no fields */
        pg_failure_from_connection(failure, PQresultErrorMessage(res));
        return;
    }
    failure_set(failure, code != NULL ? code : "", message);
    failure->detail = mem_text(PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL));
    failure->hint = mem_text(PQresultErrorField(res, PG_DIAG_MESSAGE_HINT));
}

static bool is_sqlstate(const char *at)
{
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return strspn(at, allowed) == 5 && at[5] == ':';
}

/* The SQLSTATE in "FATAL:  28P01: password ..."; the severity may be translated, so only its shape counts. */
static const char *find_sqlstate(const char *text)
{
    for (const char *at = strstr(text, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        if (is_sqlstate(at + 3))
            return at + 3;
    }
    return NULL;
}

/* Several lines, each "word: text" or indented, as one: "a; b; c". Where the server's sources raised it is
 * of no use to an operator. */
static char *one_line(const char *text)
{
    size_t len = strlen(text), out = 0;
    char *line = mem_array(len + 1, 2);
    for (const char *at = text; *at != '\0';) {
        size_t part = strcspn(at, "\n");
        const char *from = at;
        at += part + (at[part] == '\n');
        for (; part > 0 && (*from == '\t' || *from == ' '); part--)
            from++;
        if (part == 0 || strncmp(from, "LOCATION:", 9) == 0)
            continue;
        if (out > 0) {
            memcpy(line + out, "; ", 2);
            out += 2;
        }
        memcpy(line + out, from, part);
        out += part;
    }
    line[out] = '\0';
    return line;
}

void pg_failure_from_connection(struct failure *failure, const char *text)
{
    char *line = one_line(text);
    failure_finish(failure);
    const char *code = find_sqlstate(line);
    if (code != NULL) {
        memcpy(failure->code, code, 5);
        failure->code[5] = '\0';
    }
    failure->message = line;
}

enum driver_status pg_connect_status(const struct failure *failure)
{
    const struct sqlstate *row = sqlstate_row(failure->code);
    return row != NULL ? row->connecting : DRIVER_LOST;
}

enum driver_status pg_asked_status(const char *code)
{
    const struct sqlstate *row = sqlstate_row(code);
    return row != NULL ? row->asked : DRIVER_REJECTED;
}

/* Whether certainly nothing remains; only for a job that did not succeed. */
static bool is_clean(const struct pg_facts *facts)
{
    if (!facts->sent)
        return true;
    if (facts->broke_out)
        return false;
    if (facts->transaction)
        return !(facts->lost && facts->commit_out); /* an ERROR to COMMIT means that it rolled back */
    return facts->done == 0 && !facts->parts && !(facts->lost && !facts->answered);
}

enum driver_status pg_verdict(const struct pg_facts *facts, bool *ret_clean)
{
    const struct job_end end = {
        .failed = facts->failed,
        .lost = facts->lost,
        .clean = is_clean(facts),
        .broke_out = facts->broke_out,
        .cancel_asked = facts->cancel_asked,
        .stopped = facts->stopped,
        .time_over = facts->time_over,
        .asked = pg_asked_status(facts->code),
    };
    *ret_clean = (end.failed || end.lost) && end.clean;
    return job_end_status(&end);
}
