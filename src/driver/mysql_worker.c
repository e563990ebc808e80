#include "driver/mysql_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

struct my_worker {
    struct my_place place; /* the thread's */
    void (*wake)(void *data);
    void *data;
    pthread_t thread;
    int bell; /* an eventfd: there is a query, or it is to end */
    pthread_mutex_t lock;
    /* under the lock */
    int socket;  /* a descriptor of our own for the connection's: the library may close its at any time; -1 */
    bool known;  /* whether a connection can be made: the library does not connect any more */
    bool busy;   /* something is asked of the server and not answered */
    bool ending; /* it was told to */
    bool let_go; /* nobody is to be woken, and the thread frees it */
    char *query; /* NULL: none waits */
    size_t query_len;
    struct my_keep keep;
    struct my_news news;
};

/* ---- telling ---- */

static void lock(struct my_worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
}

static void unlock(struct my_worker *worker)
{
    (void)pthread_mutex_unlock(&worker->lock);
}

/* With the lock: so that whoever has seen the last news knows that nobody wakes any more. */
static void wake(struct my_worker *worker)
{
    if (!worker->let_go)
        worker->wake(worker->data);
}

static void tell_down(struct my_worker *worker, const struct failure *failure)
{
    lock(worker);
    worker->news.down = true;
    failure_copy(&worker->news.failure, failure);
    wake(worker);
    unlock(worker);
}

static void tell_up(struct my_worker *worker, const struct my_server *server)
{
    lock(worker);
    worker->busy = false;
    worker->news.up = true;
    worker->news.server = *server;
    wake(worker);
    unlock(worker);
}

static void tell_large(void *data)
{
    struct my_worker *worker = data;
    lock(worker);
    worker->news.large = true;
    wake(worker);
    unlock(worker);
}

static void tell_answer(struct my_worker *worker, struct my_answer *answer)
{
    lock(worker);
    worker->busy = false;
    worker->news.answer = answer;
    wake(worker);
    unlock(worker);
}

/* ---- the thread ---- */

static void on_made(void *data, int fd)
{
    struct my_worker *worker = data;
    lock(worker);
    worker->known = worker->busy = true;
    worker->socket = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (worker->ending && worker->socket >= 0)
        (void)shutdown(worker->socket, SHUT_RDWR);
    unlock(worker);
}

static bool take_query(struct my_worker *worker, char **ret, size_t *ret_len, struct my_keep *ret_keep)
{
    lock(worker);
    bool ending = worker->ending;
    *ret = worker->query;
    *ret_len = worker->query_len;
    *ret_keep = worker->keep;
    worker->query = NULL;
    unlock(worker);
    return !ending;
}

/* Until there is something to do. -1 when the server has closed the connection. */
static int wait_for_bell(struct my_worker *worker)
{
    struct pollfd fds[2] = { { worker->bell, POLLIN, 0 }, { worker->socket, POLLRDHUP, 0 } };
    uint64_t rung;
    while (poll(fds, ARRAY_LEN(fds), -1) < 0) {
    }
    return fds[0].revents != 0 && read(worker->bell, &rung, sizeof(rung)) == sizeof(rung) ? 0 : -1;
}

/* False when the connection is lost with it. */
static bool answer_query(struct my_worker *worker, MYSQL *mysql, char *query, size_t len,
                         const struct my_keep *keep, struct failure *failure)
{
    struct my_answer *answer = my_answer_get(mysql, query, len, keep, tell_large, worker);
    bool lost = answer->failed && my_failure_is_loss(my_failure_number(&answer->failure));
    free(query);
    if (lost) {
        failure_copy(failure, &answer->failure);
        my_answer_free(answer);
    } else {
        tell_answer(worker, answer);
    }
    return !lost;
}

static void serve(struct my_worker *worker, MYSQL *mysql, struct failure *failure)
{
    for (;;) {
        struct my_keep keep;
        size_t len;
        char *query;
        if (!take_query(worker, &query, &len, &keep)) {
            free(query);
            return;
        }
        if (query != NULL) {
            if (!answer_query(worker, mysql, query, len, &keep, failure))
                return;
        } else if (wait_for_bell(worker) < 0) {
            my_failure_set(failure, 0, "the server closed the connection");
            return;
        }
    }
}

/* TLS says good-bye and would wait for the other side's: not for long. */
static void hang_up(struct my_worker *worker, MYSQL *mysql)
{
    static const struct timeval limit = { .tv_sec = 1 };
    lock(worker);
    int fd = worker->socket;
    worker->known = true;
    worker->socket = -1;
    unlock(worker);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    }
    mysql_close(mysql);
    if (fd >= 0)
        (void)close(fd);
}

static void free_worker(struct my_worker *worker)
{
    my_answer_free(worker->news.answer);
    failure_finish(&worker->news.failure);
    my_place_finish(&worker->place);
    free(worker->query);
    (void)close(worker->bell);
    (void)pthread_mutex_destroy(&worker->lock);
    free(worker);
}

static void *run(void *data)
{
    struct my_worker *worker = data;
    struct failure failure = { 0 };
    struct my_server server = { 0 };
    MYSQL mysql;
    (void)mysql_thread_init();
    (void)mysql_init(&mysql);
    if (my_connect(&mysql, &worker->place, on_made, worker, &server, &failure) == 0) {
        tell_up(worker, &server);
        serve(worker, &mysql, &failure);
    }
    if (failure.message != NULL)
        tell_down(worker, &failure);
    failure_finish(&failure);
    hang_up(worker, &mysql);
    mysql_thread_end();
    lock(worker);
    bool let_go = worker->let_go;
    worker->news.ended = true;
    wake(worker);
    unlock(worker);
    if (let_go)
        free_worker(worker);
    return NULL;
}

/* ---- the loop's side ---- */

static void begin_library(void)
{
    (void)mysql_library_init(0, NULL, NULL);
}

/* Signals are for the loop's thread; and one that a broken connection raises here would end the program. */
static int start_thread(struct my_worker *worker)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&worker->thread, NULL, run, worker);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

struct my_worker *my_worker_start(struct my_place *place, void (*wake_by)(void *data), void *data,
                                  int *ret_errno)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct my_worker *worker = mem_alloc(sizeof(*worker));
    (void)pthread_once(&once, begin_library);
    worker->place = *place;
    *place = (struct my_place){ 0 };
    worker->wake = wake_by;
    worker->data = data;
    worker->socket = -1;
    worker->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)pthread_mutex_init(&worker->lock, NULL);
    *ret_errno = worker->bell < 0 ? errno : start_thread(worker);
    if (*ret_errno == 0)
        return worker;
    free_worker(worker);
    return NULL;
}

/* With the lock. It is full only when it was rung 2^64 times. */
static void ring(struct my_worker *worker)
{
    static const uint64_t once = 1;
    ssize_t n = write(worker->bell, &once, sizeof(once));
    (void)n;
}

void my_worker_ask(struct my_worker *worker, const char *sql, size_t len, const struct my_keep *keep)
{
    char *copy = mem_alloc(len + 1);
    memcpy(copy, sql, len);
    lock(worker);
    worker->busy = true;
    worker->query = copy;
    worker->query_len = len;
    worker->keep = *keep;
    ring(worker);
    unlock(worker);
}

void my_worker_take(struct my_worker *worker, struct my_news *ret)
{
    lock(worker);
    *ret = worker->news;
    worker->news = (struct my_news){ 0 };
    unlock(worker);
}

bool my_worker_end(struct my_worker *worker)
{
    lock(worker);
    bool connecting = !worker->known;
    worker->ending = true;
    worker->let_go = connecting;
    if (worker->busy && worker->socket >= 0)
        (void)shutdown(worker->socket, SHUT_RDWR);
    ring(worker);
    if (connecting)
        (void)pthread_detach(worker->thread);
    unlock(worker);
    return !connecting;
}

void my_worker_release(struct my_worker *worker)
{
    (void)pthread_join(worker->thread, NULL);
    free_worker(worker);
}
