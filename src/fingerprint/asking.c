#include "fingerprint/asking.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"

/* What some errors mean, by their codes (PostgreSQL's Appendix A; the error references of MySQL and MariaDB).
 */
enum meaning { MEANS_NOTHING, MEANS_LATE, MEANS_NOT_ALLOWED, MEANS_NO_DATABASE, MEANS_MOVED };
static const struct {
    const char *code;
    enum meaning meaning;
} codes[] = {
    { "55P03", MEANS_LATE },        /* lock_not_available */
    { "42501", MEANS_NOT_ALLOWED }, /* insufficient_privilege */
    { "3D000", MEANS_NO_DATABASE }, /* invalid_catalog_name */
    { "1205", MEANS_LATE },         /* lock wait timeout */
    { "1142", MEANS_NOT_ALLOWED },  /* no privilege for the table */
    { "1143", MEANS_NOT_ALLOWED },  /* no privilege for the column */
    { "1227", MEANS_NOT_ALLOWED },  /* no privilege */
    { "1370", MEANS_NOT_ALLOWED },  /* no privilege for the routine */
    { "1049", MEANS_NO_DATABASE },  /* no such database */
    { "1020", MEANS_MOVED },        /* MariaDB: the row changed since the snapshot was taken */
    { "1412", MEANS_MOVED },        /* the table was defined anew since the snapshot was taken */
};

static const struct {
    struct driver *(*create)(uv_loop_t *loop, const struct driver_target *target);
} engines[FINGERPRINT_ENGINE_COUNT] = {
    [FINGERPRINT_POSTGRESQL] = { driver_postgresql_create },
    [FINGERPRINT_MYSQL] = { driver_mysql_create },
};

struct question {
    asking_read read;
    void *data;
    const char *target;
    enum err_code refused;
    bool begun, answered, no_database;
    int r;
    struct err *err;
};

int asking_open(struct asking *asking, enum fingerprint_engine engine, const struct driver_target *target,
                struct err *err)
{
    asking->engine = engine;
    asking->target = target;
    asking->begun = asking->no_database = false;
    if (uv_loop_init(&asking->loop) != 0)
        return err_set(err, ERR_ENVIRONMENT, "%s: no event loop: too many open files?", target->id);
    asking->driver = engines[engine].create(&asking->loop, target);
    int r = session_open(asking->driver, target->application_name, SESSION_SNAPSHOT, &asking->session, err);
    if (r < 0)
        asking_close(asking);
    return r;
}

void asking_close(struct asking *asking)
{
    driver_destroy(asking->driver);
    (void)uv_run(&asking->loop, UV_RUN_DEFAULT);
    int r = uv_loop_close(&asking->loop);
    assert(r == 0);
    (void)r;
}

/* PostgreSQL's functions that write out a definition look up what is of now, not of the snapshot: what
 * somebody drops meanwhile is an internal error to them. */
static bool is_gone_meanwhile(const struct driver_result *result)
{
    static const char *const begins[] = { "cache lookup failed for ", "could not open relation with OID " };
    for (size_t i = 0; strcmp(result->code, "XX000") == 0 && i < ARRAY_LEN(begins); i++) {
        if (strncmp(result->message, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    return false;
}

static enum meaning meaning_of(const struct driver_result *result)
{
    if (result->status == DRIVER_TIMED_OUT)
        return MEANS_LATE;
    if (is_gone_meanwhile(result))
        return MEANS_MOVED;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (strcmp(codes[i].code, result->code) == 0)
            return codes[i].meaning;
    }
    return MEANS_NOTHING;
}

static int fail(const struct question *question, const struct driver_result *result, enum meaning meaning)
{
    struct err said = ERR_INIT; /* also makes it fit to be shown */
    enum err_code code = result->status == DRIVER_REJECTED ? question->refused : ERR_ENVIRONMENT;
    (void)err_set(&said, ERR_IO, "%s%s%s", result->message, result->detail[0] != '\0' ? ": " : "",
                  result->detail);
    if (meaning == MEANS_NOT_ALLOWED)
        return err_set(question->err, ERR_ENVIRONMENT,
                       "%s: %s: a fingerprint needs a role that may read it, or a superuser",
                       question->target, said.message);
    code = meaning == MEANS_LATE ? ERR_TIMEOUT : meaning == MEANS_MOVED ? ERR_BUSY : code;
    return err_set(question->err, code, "%s: %s", question->target, said.message);
}

static void on_answer(void *data, const struct answer *answer)
{
    struct question *question = data;
    enum meaning meaning = meaning_of(answer->result);
    question->answered = true;
    if (answer->result->status == DRIVER_OK)
        question->read(question->data, answer);
    else if (meaning == MEANS_NO_DATABASE &&
             !question->begun) /* later it is what a question of somebody says */
        question->no_database = true;
    else
        question->r = fail(question, answer->result, meaning);
}

int asking_ask(struct asking *asking, const char *sql, int64_t timeout_us, enum err_code refused,
               asking_read read, void *data, struct err *err)
{
    struct question question = {
        .read = read,
        .data = data,
        .target = asking->target->id,
        .refused = refused,
        .begun = asking->begun,
        .err = err,
    };
    int r = session_ask(asking->session, sql, timeout_us, on_answer, &question, err);
    if (r < 0)
        return r;
    while (!question.answered)
        (void)uv_run(&asking->loop, UV_RUN_ONCE);
    asking->begun = true;
    asking->no_database |= question.no_database;
    return question.r;
}
