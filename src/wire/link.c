#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_CHUNK (64 * 1024)

struct link {
    uv_pipe_t pipe;
    uv_timer_t patience; /* runs while what was sent last is leaving */
    const struct link_events *events;
    void *data;
    uid_t peer;
    pid_t peer_pid;
    struct buf in;
    size_t queued; /* bytes given to the loop and not written yet */
    int handles;   /* of the loop, not freed yet */
    bool closing;
    bool close_when_sent;
    bool forgotten;  /* the owner has closed it: it hears nothing more */
    const char *why; /* what broke it */
    char chunk[READ_CHUNK];
};

struct outgoing {
    uv_write_t request;
    struct link *link;
    size_t len;
    char bytes[];
};

int socket_at(const char *path, int *ret_socket, int *ret_directory, struct sockaddr_un *ret_address,
              struct err *err)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    int fd, dirfd, len;

    if (!slash || (size_t)(slash - path) >= sizeof(directory))
        return err_set(err, ERR_INVALID, "socket path \"%s\" has no directory or is too long", path);
    memcpy(directory, path, (size_t)(slash - path));
    directory[slash - path] = '\0';
    dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return err_set_errno(err, ERR_NOT_FOUND, errno, "cannot open %s", directory);
    memset(ret_address, 0, sizeof(*ret_address));
    ret_address->sun_family = AF_UNIX;
    len = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "/proc/self/fd/%d/%s", dirfd,
                   slash + 1);
    if (len < 0 || (size_t)len >= sizeof(ret_address->sun_path)) {
        close(dirfd);
        return err_set(err, ERR_INVALID, "socket name \"%s\" is too long", slash + 1);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        int r = err_set_errno(err, ERR_IO, errno, "cannot make a socket");
        close(dirfd);
        return r;
    }
    *ret_socket = fd;
    *ret_directory = dirfd;
    return 0;
}

static void on_freed(uv_handle_t *handle)
{
    struct link *link = handle->data;

    /* Once for each of the two. */
    if (--link->handles > 0)
        return;
    if (!link->forgotten)
        link->events->closed(link->data, link, link->why);
    buf_finish(&link->in);
    free(link);
}

static void end(struct link *link)
{
    if (link->closing)
        return;
    link->closing = true;
    uv_close((uv_handle_t *)&link->pipe, on_freed);
    uv_close((uv_handle_t *)&link->patience, on_freed);
}

void link_close(struct link *link)
{
    if (!link)
        return;
    link->forgotten = true;
    end(link);
}

/* The owner is told later, from the loop: whoever is sending to many links must not lose one under its feet.
 */
static void broken(struct link *link, const char *why)
{
    link->why = why;
    end(link);
}

/* Hands over every whole line that has arrived. */
static void deliver(struct link *link)
{
    size_t start = 0;

    while (!link->closing && !link->forgotten) {
        char *begin = link->in.data + start;
        char *end = memchr(begin, '\n', link->in.len - start);
        size_t len = end ? (size_t)(end - begin) : link->in.len - start;

        if (len > LINK_LINE_MAX)
            broken(link, "a line was too long");
        if (!end || link->closing)
            break;
        *end = '\0';
        start += len + 1;
        link->events->line(link->data, link, begin, len);
    }
    buf_consume(&link->in, start);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct link *link = handle->data;

    (void)suggested;
    *ret = uv_buf_init(link->chunk, sizeof(link->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes)
{
    struct link *link = stream->data;

    if (link->closing || count == 0)
        return;
    if (count < 0) {
        broken(link, count == UV_EOF ? "the other side closed the connection" : uv_strerror((int)count));
        return;
    }
    /* Nobody hears it any more: it is read so that the other side's going is seen. */
    if (link->forgotten)
        return;
    /* Always fits: what is left after a delivery is at most a line. */
    buf_add(&link->in, bytes->base, (size_t)count);
    deliver(link);
}

int link_of_fd(uv_loop_t *loop, int fd, const struct link_events *events, void *data, struct link **ret,
               struct err *err)
{
    struct link *link = mem_alloc(sizeof(*link));
    struct ucred peer;
    socklen_t len = sizeof(peer);
    int r;

    memset(&peer, 0, sizeof(peer));
    peer.uid = (uid_t)-1;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        peer = (struct ucred){ .uid = (uid_t)-1 };
    link->events = events;
    link->data = data;
    link->why = "";
    link->peer = peer.uid;
    link->peer_pid = peer.pid;
    buf_init(&link->in, LINK_LINE_MAX + READ_CHUNK);
    /* Neither can fail: they only fill in. */
    (void)uv_pipe_init(loop, &link->pipe, 0);
    (void)uv_timer_init(loop, &link->patience);
    link->handles = 2;
    link->pipe.data = link;
    link->patience.data = link;
    r = uv_pipe_open(&link->pipe, fd);
    if (r < 0)
        close(fd);
    else
        r = uv_read_start((uv_stream_t *)&link->pipe, on_alloc, on_read);
    if (r < 0) {
        link_close(link);
        return err_set(err, ERR_IO, "cannot use the connection: %s", uv_strerror(r));
    }
    *ret = link;
    return 0;
}

int link_connect(uv_loop_t *loop, const char *path, const struct link_events *events, void *data,
                 struct link **ret, struct err *err)
{
    struct sockaddr_un address;
    int fd, dirfd, r;

    r = socket_at(path, &fd, &dirfd, &address, err);
    if (r < 0)
        return r;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        r = err_set_errno(err, ERR_CLOSED, errno, "no runner answers at %s", path);
        close(fd);
    } else {
        r = link_of_fd(loop, fd, events, data, ret, err);
    }
    close(dirfd);
    return r;
}

static void on_written(uv_write_t *request, int status)
{
    struct outgoing *out = request->data;
    struct link *link = out->link;

    link->queued -= out->len;
    free(out);
    if (link->closing)
        return;
    if (status < 0)
        broken(link, uv_strerror(status));
    else if (link->close_when_sent && link->queued == 0)
        end(link);
}

void link_send(struct link *link, const char *line, size_t len)
{
    struct outgoing *out;
    uv_buf_t bytes;

    if (link->closing || link->close_when_sent)
        return;
    if (link->queued + len > LINK_QUEUE_MAX) {
        broken(link, "it does not read what is sent to it");
        return;
    }
    out = mem_alloc(sizeof(*out) + len + 1);
    out->link = link;
    out->len = len + 1;
    memcpy(out->bytes, line, len);
    out->bytes[len] = '\n';
    out->request.data = out;
    link->queued += out->len;
    bytes = uv_buf_init(out->bytes, (unsigned)out->len);
    if (uv_write(&out->request, (uv_stream_t *)&link->pipe, &bytes, 1, on_written) < 0) {
        link->queued -= out->len;
        free(out);
        broken(link, "cannot send");
    }
}

static void on_patience(uv_timer_t *timer)
{
    end(timer->data);
}

void link_close_when_sent(struct link *link)
{
    link->close_when_sent = true;
    link->forgotten = true;
    if (link->closing)
        return;
    if (link->queued == 0)
        end(link);
    else
        uv_timer_start(&link->patience, on_patience, LINK_CLOSE_MS, 0);
}

uid_t link_peer(const struct link *link)
{
    return link->peer;
}

pid_t link_peer_pid(const struct link *link)
{
    return link->peer_pid;
}

void link_set_data(struct link *link, void *data)
{
    link->data = data;
}

void *link_data(const struct link *link)
{
    return link->data;
}
