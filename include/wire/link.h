/*
 * A link: one connection between a runner and a client, JSON objects a line each way, over a Unix socket.
 *
 * Bounded: a line over LINK_LINE_MAX or a queue over LINK_QUEUE_MAX ends the link (a client that does not
 * read is dropped; it can attach again and gets everything).
 */
#ifndef WIRE_LINK_H
#define WIRE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"

#define LINK_LINE_MAX  (256 * 1024)
#define LINK_QUEUE_MAX (64 * 1024 * 1024)
#define LINK_CLOSE_MS  2000

struct link;

struct link_events {
    /* A line without its newline; valid during the call. The link may be closed in it. */
    void (*line)(void *data, struct link *link, const char *line, size_t len);
    /* The other side went away, or broke a bound: `why`. Called from the loop, never out of link_send, and
     * not after link_close or link_close_when_sent. The link is freed when it returns. */
    void (*closed)(void *data, struct link *link, const char *why);
};

/* Connects to the socket at `path` (of any length). ERR_CLOSED when nobody listens. */
int link_connect(uv_loop_t *loop, const char *path, const struct link_events *events, void *data,
                 struct link **ret, struct err *err) MUST_CHECK;

/* Sends a line; a newline is added. */
void link_send(struct link *link, const char *line, size_t len);
/* Closes it once everything sent so far has left, at the latest after LINK_CLOSE_MS: the other side may have
 * stopped reading for good. The owner forgets it now. */
void link_close_when_sent(struct link *link);
void link_close(struct link *link); /* NULL-safe; frees it */

/* The user id at the other end. */
uid_t link_peer(const struct link *link);
/* Its process: of a link that was connected, the one that listens. 0 when it cannot be told. */
pid_t link_peer_pid(const struct link *link);
void link_set_data(struct link *link, void *data);
void *link_data(const struct link *link);

struct listener;
typedef void (*link_accepted)(void *data, struct link *link);

/* Listens at `path` (0600; a stale socket there is replaced: the caller holds the run's lock). Connections of
 * other users are closed without a word. */
int listener_create(uv_loop_t *loop, const char *path, const struct link_events *events,
                    link_accepted accepted, void *data, struct listener **ret, struct err *err) MUST_CHECK;
void listener_destroy(struct listener *listener); /* NULL-safe; removes the socket */

#endif
