/* What of a session is PostgreSQL's own: the pins of its connections, and the answer, which comes row by row.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "driver/postgresql_driver.h"
#include "driver/postgresql_link.h"
#include "driver/postgresql_rows.h"
#include "driver/session.h"

struct pg_session {
    struct session_core *core;
    struct server_driver *driver;
    char *application_name;
    struct pg_link *link;
    bool out; /* a text is */
    /* the answer to it */
    struct pg_rows rows;
    int64_t counted; /* as the server says; -1 in the middle of the rows */
    struct failure
        failure; /* the server's first words of an error; without a text, its last before it closes */
    bool failed;
};

static void forget_rows(struct pg_session *session)
{
    pg_rows_clear(&session->rows);
    session->counted = 0;
}

static const char *cell(const struct answer *answer, size_t row, size_t column)
{
    const struct pg_session *session = answer->private_data;
    return session->rows.cells[row * answer->column_count + column];
}

/* ---- what the link says ---- */

static void on_up(void *data)
{
    struct pg_session *session = data;
    session_core_up(session->core);
}

/* The server's last words (an administrator's command, a crash) say more than that the socket is closed. */
static void on_down(void *data, const struct failure *failure)
{
    struct pg_session *session = data;
    const struct failure *why =
        session->failed && session->failure.message != NULL ? &session->failure : failure;
    session_core_down(session->core, why, pg_connect_status(why));
}

static void take_error(struct pg_session *session, const PGresult *res)
{
    if (session->failed)
        return;
    session->failed = true;
    pg_failure_from_result(&session->failure, res);
}

/* Rows of the last command of the question count; an earlier command's are forgotten when the next one's
 * come. */
static void on_row(struct pg_session *session, const PGresult *res)
{
    if (session->counted >= 0)
        forget_rows(session);
    session->counted = -1;
    if (!session_core_listens(session->core))
        return;
    pg_rows_add(&session->rows, res);
    if (pg_rows_size(&session->rows) > SESSION_ANSWER_MAX) {
        forget_rows(session);
        session_core_too_large(session->core);
    }
}

static void on_result(void *data, PGresult *res)
{
    struct pg_session *session = data;
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_SINGLE_TUPLE) {
        on_row(session, res);
    } else if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (status == PGRES_TUPLES_OK && session->counted >= 0)
            forget_rows(session);
        session->counted = strtoll(PQcmdTuples(res), NULL, 10);
    } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        session_core_give_up(session->core, "COPY to or from the client cannot be a question");
    } else if (status != PGRES_EMPTY_QUERY) {
        take_error(session, res);
    }
}

static void on_ready(void *data)
{
    struct pg_session *session = data;
    const struct session_said said = {
        .status = session->failed ? pg_asked_status(session->failure.code) : DRIVER_OK,
        .failure = &session->failure,
        .row_count = session->rows.row_count,
        .column_count = session->rows.column_count,
        .counted = session->counted,
        .cell = cell,
        .private_data = session,
        .in_transaction = PQtransactionStatus(pg_link_connection(session->link)) != PQTRANS_IDLE,
    };
    session->out = session->failed = false;
    session_core_answered(session->core, &said);
}

/* Only of a connection that nothing is asked of: the server's last words before it closes. */
static void on_notice(void *data, const PGresult *res)
{
    struct pg_session *session = data;
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (!session->out && severity != NULL && strcmp(severity, "FATAL") == 0)
        take_error(session, res);
}

/* ---- the engine ---- */

static void connect_link(void *state)
{
    static const struct pg_link_events events = { on_up, on_down, on_result, on_ready, on_notice };
    struct pg_session *session = state;
    session->out = session->failed = false;
    session->link = pg_link_open(session->driver->loop, session->driver->target, session->application_name,
                                 &events, session);
}

static void disconnect(void *state)
{
    struct pg_session *session = state;
    pg_link_close(session->link);
    session->link = NULL;
}

static const char *pin(enum session_access access)
{
    static const char *const pins[] = {
        [SESSION_READS] = "SET standard_conforming_strings = on; SET default_transaction_read_only = on",
        [SESSION_WRITES] = "SET standard_conforming_strings = on",
        [SESSION_SNAPSHOT] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                             "SET standard_conforming_strings = on; SET default_transaction_read_only = on",
    };
    return pins[access];
}

static void send_text(void *state, const char *sql)
{
    struct pg_session *session = state;
    session->out = true;
    session->failed = false;
    forget_rows(session);
    pg_link_send(session->link, sql);
}

static void cancel(void *state)
{
    struct pg_session *session = state;
    pg_link_cancel(session->link);
}

static bool limit(const void *state, int64_t limit_ms, struct buf *text)
{
    (void)state;
    buf_format(text, "SET statement_timeout = %" PRId64, limit_ms);
    return true;
}

static int64_t pid(const void *state)
{
    const struct pg_session *session = state;
    return PQbackendPID(pg_link_connection(session->link));
}

static int server_version(const void *state)
{
    const struct pg_session *session = state;
    return PQserverVersion(pg_link_connection(session->link));
}

static void release(void *state)
{
    struct pg_session *session = state;
    pg_rows_finish(&session->rows);
    failure_finish(&session->failure);
    free(session->application_name);
    free(session);
}

int pg_session_open(struct driver *driver, const char *application_name, enum session_access access,
                    struct session **ret, struct err *err)
{
    static const struct session_engine engine = {
        .connect = connect_link,
        .disconnect = disconnect,
        .pin = pin,
        .send = send_text,
        .cancel = cancel,
        .limit = limit,
        .pid = pid,
        .server_version = server_version,
        .release = release,
    };
    struct pg_session *session = mem_alloc(sizeof(*session));
    (void)err; /* what goes wrong arrives with the answers */
    session->driver = (struct server_driver *)driver;
    session->application_name = mem_text(application_name);
    session_core_open(session->driver, access, &engine, session, &session->core);
    *ret = session_core_session(session->core);
    return 0;
}
