/*
 * HTTP: one request, one answer, by libcurl in the loop. For checks, monitors and webhooks.
 *
 * Only http and https, as HTTP/1.1; certificates are always verified against what the system trusts. No
 * redirect is followed unless `follow`, and then at most HTTP_REDIRECTS_MAX, of an https URL only to https.
 * Nothing comes from the user's files, and from the environment only the proxy variables (and SSLKEYLOGFILE,
 * at which libcurl looks).
 *
 * A request is sent at most once: each has a connection of its own, so that nothing has to be tried again
 * because an old one was gone, and each looks its name up anew, since a cutover may just have moved it. An
 * answer of more than HTTP_BODY_MAX bytes is an error.
 *
 * No sentence from here holds the URL or the value of a header, which may be secrets.
 */
#ifndef DRIVER_HTTP_H
#define DRIVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"

#define HTTP_BODY_MAX      (256 * 1024) /* bytes, of an answer and of a request */
#define HTTP_URL_MAX       8192         /* bytes */
#define HTTP_HEADER_MAX    8192         /* bytes, of one header */
#define HTTP_HEADERS_MAX   64
#define HTTP_REDIRECTS_MAX 5

/* Copied. The headers go to whoever is redirected to as well, but Authorization and Cookie, which libcurl
 * knows as secrets, only to the same host. */
struct http_request {
    const char *url;
    const char *method;       /* "GET", "HEAD", "POST", "PUT" */
    const char *body;         /* NULL: none, as it has to be for GET and HEAD */
    const char *content_type; /* of the body; NULL: what a header says, else "application/json" */
    size_t header_count;
    const char *const *headers; /* "Name: value" */
    bool follow;
    int64_t timeout_us; /* of the whole, looking up the name and connecting too; more than 0 */
};

/* Borrowed during the callback. */
struct http_answer {
    bool answered;    /* a whole answer came, whatever its status */
    bool sent;        /* something of the request went out: unless `answered`, an effect can remain */
    const char *why;  /* not answered: one sentence; else NULL */
    long status;      /* 200; 0 when not answered */
    const char *body; /* terminated; may hold anything; "" when not answered */
    size_t body_len;
    int64_t elapsed_us; /* since http_ask */
};

typedef void (*http_answered)(void *data, const struct http_answer *answer);

struct http_client;

/* All requests of one loop go through a client. ERR_ENVIRONMENT when libcurl cannot be used. */
int http_client_create(uv_loop_t *loop, struct http_client **ret, struct err *err) MUST_CHECK;
/* What is out is answered ("the client was closed") from inside this call; what the loop still holds goes
 * away when it runs next. May be called from a callback. NULL-safe. */
void http_client_destroy(struct http_client *client);

/* `answered` is called exactly once, later, never from inside this call. Fails only for a request that cannot
 * be (http_request_check), with ERR_CLOSED from inside http_client_destroy, and with ERR_ENVIRONMENT when
 * this libcurl cannot do it: then it is not called. */
int http_ask(struct http_client *client, const struct http_request *request, http_answered answered,
             void *data, struct err *err) MUST_CHECK;

/* Whether a text is a URL that can be asked: http or https, printable ASCII without spaces, no user or
 * password. ERR_INVALID, ERR_LIMIT. */
int http_url_check(const char *url, struct err *err) MUST_CHECK;

/* Whether a request can be asked; what http_ask checks, for those who want to know before. ERR_INVALID,
 * ERR_LIMIT. */
int http_request_check(const struct http_request *request, struct err *err) MUST_CHECK;

#endif
