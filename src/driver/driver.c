#include "driver/driver.h"

#include <assert.h>

const char *driver_status_word(enum driver_status status)
{
    static const char *const words[] = {
#define X(name, word) word,
        DRIVER_STATUSES(X)
#undef X
    };
    assert((size_t)status < ARRAY_LEN(words));
    return words[status];
}

int driver_start(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err)
{
    return driver->impl->start(driver, sql, events, data, ret, err);
}

void driver_cancel(struct driver_job *job)
{
    job->impl->cancel(job);
}

bool driver_has(const struct driver *driver, int64_t pid)
{
    return driver->impl->has(driver, pid);
}

void driver_destroy(struct driver *driver)
{
    if (driver != NULL)
        driver->impl->destroy(driver);
}

int session_open(struct driver *driver, const char *application_name, enum session_access access,
                 struct session **ret, struct err *err)
{
    return driver->impl->session_open(driver, application_name, access, ret, err);
}

int session_ask(struct session *session, const char *sql, int64_t timeout_us, session_answered answered,
                void *data, struct err *err)
{
    return session->impl->ask(session, sql, timeout_us, answered, data, err);
}

bool session_connected(const struct session *session)
{
    return session->impl->connected(session);
}

int64_t session_pid(const struct session *session)
{
    return session->impl->pid(session);
}

uint64_t session_connections(const struct session *session)
{
    return session->impl->connections(session);
}

int session_server_version(const struct session *session)
{
    return session->impl->server_version(session);
}

const char *session_trouble(const struct session *session)
{
    return session->impl->trouble(session);
}

void session_close(struct session *session)
{
    if (session != NULL)
        session->impl->close(session);
}
