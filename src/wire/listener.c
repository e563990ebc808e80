#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

#define BACKLOG 16
/* Without a descriptor for whoever waits, he is asked in again after so long. */
#define AGAIN_MS 100

struct listener {
    uv_poll_t poll;
    uv_timer_t again;
    int handles; /* of the loop, not freed yet */
    uv_loop_t *loop;
    int fd;
    char *path;
    const struct link_events *events;
    link_accepted accepted;
    void *data;
};

static void accept_one(struct listener *listener, int fd)
{
    struct link *link;

    /* Without memory or descriptors for it the connection is dropped; the client sees it and can try again.
     */
    if (link_of_fd(listener->loop, fd, listener->events, NULL, &link, NULL) < 0)
        return;
    if (link_peer(link) != geteuid() && link_peer(link) != 0) {
        link_close(link);
        return;
    }
    listener->accepted(listener->data, link);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void on_again(uv_timer_t *timer)
{
    struct listener *listener = timer->data;

    uv_poll_start(&listener->poll, UV_READABLE, on_ready);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = poll->data;

    (void)events;
    if (status < 0)
        return;
    for (;;) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            /* He stays in the queue: looking at once would be looking for ever. */
            uv_poll_stop(poll);
            uv_timer_start(&listener->again, on_again, AGAIN_MS, 0);
        }
        if (fd < 0)
            return;
        accept_one(listener, fd);
    }
}

static int bind_and_listen(const char *path, int *ret_fd, struct err *err)
{
    struct sockaddr_un address;
    int fd, dirfd, r;
    mode_t old;

    r = socket_at(path, &fd, &dirfd, &address, err);
    if (r < 0)
        return r;
    if (unlink(path) < 0 && errno != ENOENT)
        r = err_set_errno(err, ERR_IO, errno, "cannot replace %s", path);
    old = umask(0177);
    if (r == 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot listen at %s", path);
    umask(old);
    if (r == 0 && listen(fd, BACKLOG) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot listen at %s", path);
    close(dirfd);
    if (r < 0)
        close(fd);
    else
        *ret_fd = fd;
    return r;
}

int listener_create(uv_loop_t *loop, const char *path, const struct link_events *events,
                    link_accepted accepted, void *data, struct listener **ret, struct err *err)
{
    struct listener *listener;
    int fd, r;

    r = bind_and_listen(path, &fd, err);
    if (r < 0)
        return r;
    listener = mem_alloc(sizeof(*listener));
    r = uv_poll_init(loop, &listener->poll, fd);
    if (r < 0) {
        (void)unlink(path);
        close(fd);
        free(listener);
        return err_set(err, ERR_IO, "cannot listen at %s: %s", path, uv_strerror(r));
    }
    (void)uv_timer_init(loop, &listener->again);
    listener->handles = 2;
    listener->poll.data = listener;
    listener->again.data = listener;
    listener->loop = loop;
    listener->fd = fd;
    listener->path = mem_text(path);
    listener->events = events;
    listener->accepted = accepted;
    listener->data = data;
    uv_poll_start(&listener->poll, UV_READABLE, on_ready);
    *ret = listener;
    return 0;
}

static void on_freed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;

    /* Once for each of the two. */
    if (--listener->handles > 0)
        return;
    close(listener->fd);
    free(listener->path);
    free(listener);
}

void listener_destroy(struct listener *listener)
{
    if (!listener)
        return;
    /* A socket that is already gone is what is wanted. */
    (void)unlink(listener->path);
    uv_close((uv_handle_t *)&listener->poll, on_freed);
    uv_close((uv_handle_t *)&listener->again, on_freed);
}
