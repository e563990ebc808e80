/* What of a session is MySQL's and MariaDB's own: the pins of its connections, and what their answers are. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "driver/mysql_driver.h"
#include "driver/mysql_link.h"
#include "driver/session.h"

struct my_session {
    struct session_core *core;
    struct server_driver *driver;
    char *application_name;
    char *pin;   /* NULL */
    bool begins; /* its questions may begin and end transactions */
    enum session_access access;
    struct my_link *link;
};

/* ---- what the link says ---- */

static const char *cell(const struct answer *answer, size_t row, size_t column)
{
    const struct my_answer *said = answer->private_data;
    return said->cells[row * answer->column_count + column];
}

static const char *column_name(const struct answer *answer, size_t column)
{
    const struct my_answer *said = answer->private_data;
    return said->names[column];
}

static void on_up(void *data)
{
    struct my_session *session = data;
    session_core_up(session->core);
}

static void on_down(void *data, const struct failure *failure)
{
    struct my_session *session = data;
    session_core_down(session->core, failure, my_connect_status(failure));
}

static void on_large(void *data)
{
    struct my_session *session = data;
    session_core_too_large(session->core);
}

static void on_answered(void *data, const struct my_answer *answer)
{
    struct my_session *session = data;
    struct failure zero = { 0 };
    struct session_said said = {
        .status = answer->failed ? my_asked_status(my_failure_number(&answer->failure)) : DRIVER_OK,
        .failure = &answer->failure,
        .row_count = answer->row_count,
        .column_count = answer->row_count > 0 ? answer->column_count : 0,
        .counted = answer->counted,
        .cell = cell,
        .column = column_name,
        .private_data = answer,
        .in_transaction = answer->in_transaction && !session->begins,
    };
    if (answer->zero_byte && !answer->failed) {
        failure_set(&zero, "", "a value of the answer holds a zero byte: ask for HEX() of it");
        said.status = DRIVER_REJECTED;
        said.failure = &zero;
    }
    if (answer->too_large) /* as a rule it was said before */
        session_core_too_large(session->core);
    session_core_answered(session->core, &said);
    failure_finish(&zero);
}

/* ---- the engine ---- */

/* What each is for, by the server's own refusal. */
static const char *const *pins_of(enum session_access access)
{
    static const char *const reads[] = { "SET SESSION TRANSACTION READ ONLY", NULL };
    static const char *const writes[] = { NULL };
    static const char *const snapshot[] = { "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                                            "SET SESSION TRANSACTION READ ONLY",
                                            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", NULL };
    static const char *const *const pins[] = {
        [SESSION_READS] = reads,
        [SESSION_WRITES] = writes,
        [SESSION_SNAPSHOT] = snapshot,
    };
    return pins[access];
}

static void connect_link(void *state)
{
    static const struct my_link_events events = { on_up, on_down, on_answered, on_large };
    struct my_session *session = state;
    const struct my_manner manner = { session->application_name, pins_of(session->access), session->pin };
    session->link = my_link_open(session->driver->loop, session->driver->target, &manner, &events, session);
}

static void disconnect(void *state)
{
    struct my_session *session = state;
    my_link_close(session->link);
    session->link = NULL;
}

static void send_text(void *state, const char *sql)
{
    static const struct my_keep keep = { .rows = SIZE_MAX, .bytes = SESSION_ANSWER_MAX };
    struct my_session *session = state;
    my_link_send(session->link, sql, &keep);
}

static void cancel(void *state)
{
    struct my_session *session = state;
    my_link_cancel(session->link);
}

static const struct my_server *server_of(const void *state)
{
    const struct my_session *session = state;
    return my_link_server(session->link);
}

/* Of MySQL only what reads has a limit, since 5.7.8. */
static bool limit(const void *state, int64_t limit_ms, struct buf *text)
{
    const struct my_server *server = server_of(state);
    if (server->mariadb)
        buf_format(text, "SET SESSION max_statement_time = %" PRId64 ".%03d", limit_ms / 1000,
                   (int)(limit_ms % 1000));
    else
        buf_format(text, "SET SESSION max_execution_time = %" PRId64, limit_ms);
    return server->mariadb || server->version >= 50708;
}

static int64_t pid(const void *state)
{
    return server_of(state)->id;
}

static int server_version(const void *state)
{
    return server_of(state)->version;
}

static void release(void *state)
{
    struct my_session *session = state;
    free(session->application_name);
    free(session->pin);
    free(session);
}

static const struct session_engine engine = {
    .connect = connect_link,
    .disconnect = disconnect,
    .send = send_text,
    .cancel = cancel,
    .limit = limit,
    .pid = pid,
    .server_version = server_version,
    .release = release,
};

bool mysql_is_mariadb(const struct session *session)
{
    const void *state = session_core_state(session, &engine);
    return state != NULL && server_of(state)->mariadb;
}

static struct session *open_pinned(struct driver *driver, const char *application_name,
                                   enum session_access access, const char *pin, bool begins)
{
    struct my_session *session = mem_alloc(sizeof(*session));
    session->driver = (struct server_driver *)driver;
    session->application_name = mem_text(application_name);
    session->pin = mem_text(pin);
    session->access = access;
    session->begins = begins;
    session_core_open(session->driver, access, &engine, session, &session->core);
    return session_core_session(session->core);
}

int my_session_open(struct driver *driver, const char *application_name, enum session_access access,
                    struct session **ret, struct err *err)
{
    (void)err; /* what goes wrong arrives with the answers */
    *ret = open_pinned(driver, application_name, access, NULL, false);
    return 0;
}

struct session *mysql_session_open_pinned(struct driver *driver, const char *application_name,
                                          const char *pin)
{
    return open_pinned(driver, application_name, SESSION_WRITES, pin, false);
}

struct session *mysql_session_open_begins(struct driver *driver, const char *application_name,
                                          const char *pin)
{
    return open_pinned(driver, application_name, SESSION_READS, pin, true);
}
