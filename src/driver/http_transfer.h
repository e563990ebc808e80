/*
 * One request as libcurl has it, and what has come of its answer. Knows neither loop nor timeout.
 *
 * The handle points into the struct, which must stay where it is between init and finish.
 */
#ifndef DRIVER_HTTP_TRANSFER_H
#define DRIVER_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "base/buf.h"
#include "driver/http.h"

struct http_transfer {
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;   /* of the request */
    size_t body_sent;  /* how much of it libcurl has taken */
    struct buf answer; /* its overflow is how an answer ends that is too big */
    bool head_ended;
};

/* For a request that was checked. ERR_ENVIRONMENT when this libcurl lacks something; then there is nothing to
 * finish. */
int http_transfer_init(struct http_transfer *transfer, const struct http_request *request,
                       struct err *err) MUST_CHECK;
void http_transfer_finish(struct http_transfer *transfer);

/* The status of the last answer, 0 when there is none. */
long http_transfer_status(const struct http_transfer *transfer);

/* Whether something of the request went out. */
bool http_transfer_sent(const struct http_transfer *transfer);

/* What `code` means, with which libcurl ended it: CURLE_OK is left of it only for a whole answer. */
CURLcode http_transfer_judge(const struct http_transfer *transfer, CURLcode code);

/* The sentence for one that is not whole. */
void http_transfer_failure(const struct http_transfer *transfer, CURLcode code, struct buf *why);

/* The sentence for one that was not over within `limit_us`. */
void http_transfer_late(const struct http_transfer *transfer, int64_t limit_us, struct buf *why);

#endif
