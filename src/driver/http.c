/*
 * libcurl in the loop: it says which sockets to watch and when to wake it, and is told what happened. Nobody
 * is called back from inside of libcurl, so a callback may ask again, or destroy the client.
 *
 * The timeout of a request is a timer of ours. With libcurl's own (7.88) one of 1 ms ended its request after
 * 200 ms, when something else woke it; that every request ends must not hang on that.
 */
#include "driver/http.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "driver/http_transfer.h"

/* A socket that libcurl wants to hear of. */
struct watch {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t socket;
    struct watch *next;
};

/* A request that is out. */
struct call {
    struct http_client *client;
    struct http_transfer transfer;
    uv_timer_t deadline;
    int64_t timeout_us;
    http_answered answered;
    void *data;
    uint64_t asked_ns;
    struct call *next;
};

struct http_client {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    struct watch *watches;
    struct call *calls; /* the latest last */
    bool closed;
};

/* ---- answers ---- */

static void keep(struct call *call)
{
    struct call **link = &call->client->calls;
    while (*link != NULL)
        link = &(*link)->next;
    *link = call;
}

static void forget(struct call *call)
{
    struct call **link = &call->client->calls;
    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
}

static void on_deadline_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* `why` is NULL for a whole answer. The call is off the list and libcurl is done with it when the callback
 * comes, since that may be the end of the client. */
static void answer(struct call *call, const char *why)
{
    struct http_answer result = {
        .answered = why == NULL,
        .sent = http_transfer_sent(&call->transfer),
        .why = why,
        .body = why == NULL ? buf_str(&call->transfer.answer) : "",
        .body_len = why == NULL ? call->transfer.answer.len : 0,
        .elapsed_us = (int64_t)((uv_hrtime() - call->asked_ns) / 1000),
    };
    if (why == NULL)
        result.status = http_transfer_status(&call->transfer);
    forget(call);
    (void)curl_multi_remove_handle(call->client->multi, call->transfer.easy); /* it is in there */
    call->answered(call->data, &result);
    http_transfer_finish(&call->transfer);
    uv_close((uv_handle_t *)&call->deadline, on_deadline_closed);
}

static void on_deadline(uv_timer_t *timer)
{
    struct call *call = timer->data;
    struct buf why;
    buf_init(&why, ERR_MESSAGE_MAX);
    http_transfer_late(&call->transfer, call->timeout_us, &why);
    answer(call, buf_str(&why));
    buf_finish(&why);
}

static void end(CURL *easy, CURLcode code)
{
    struct call *call = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call); /* http_ask put it there */
    code = http_transfer_judge(&call->transfer, code);
    if (code == CURLE_OK) {
        answer(call, NULL);
        return;
    }
    if (code == CURLE_OUT_OF_MEMORY)
        mem_exhausted();
    struct buf why;
    buf_init(&why, ERR_MESSAGE_MAX);
    http_transfer_failure(&call->transfer, code, &why);
    answer(call, buf_str(&why));
    buf_finish(&why);
}

/* Those that are out now, and not what a callback asks anew: that could go on for ever. */
static void answer_all(struct http_client *client, const char *why)
{
    size_t count = 0;
    for (const struct call *call = client->calls; call != NULL; call = call->next)
        count++;
    for (; count > 0 && client->calls != NULL; count--)
        answer(client->calls, why);
}

static void act(struct http_client *client, curl_socket_t socket, int events)
{
    int running, left;
    CURLMcode code = curl_multi_socket_action(client->multi, socket, events, &running);
    if (code == CURLM_OUT_OF_MEMORY)
        mem_exhausted();
    if (code != CURLM_OK)
        answer_all(client, curl_multi_strerror(code));
    while (!client->closed) {
        const CURLMsg *message = curl_multi_info_read(client->multi, &left);
        if (message == NULL)
            break;
        end(message->easy_handle, message->data.result); /* DONE is the only message there is */
    }
}

/* ---- what libcurl wants ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    int happened = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        happened |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        happened |= CURL_CSELECT_OUT;
    act(watch->client, watch->socket, happened); /* the watch may be closed now */
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *data)
{
    struct http_client *client = data;
    (void)multi;
    if (timeout_ms < 0 || client->closed)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* At once, not when the loop turns: libcurl closes the socket next, and its number may come back. */
static void unwatch(struct watch *watch)
{
    struct watch **link = &watch->client->watches;
    while (*link != watch)
        link = &(*link)->next;
    *link = watch->next;
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static struct watch *watch_new(struct http_client *client, curl_socket_t socket)
{
    struct watch *watch = mem_alloc(sizeof(*watch));
    if (uv_poll_init_socket(client->loop, &watch->poll, socket) < 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->client = client;
    watch->socket = socket;
    watch->next = client->watches;
    client->watches = watch;
    return watch;
}

/* A socket that cannot be watched is left alone: what goes over it ends with its timeout. To tell libcurl
 * would end all the others too. */
static int set_watch(CURL *easy, curl_socket_t socket, int wanted, void *data, void *socket_data)
{
    struct http_client *client = data;
    struct watch *watch = socket_data;
    (void)easy;
    if (wanted == CURL_POLL_REMOVE) {
        if (watch != NULL)
            unwatch(watch);
        return 0;
    }
    if (watch == NULL)
        watch = watch_new(client, socket);
    if (watch == NULL)
        return 0;
    (void)curl_multi_assign(client->multi, socket, watch); /* fails only for a socket that it does not know */
    int events = (wanted & CURL_POLL_IN ? UV_READABLE : 0) | (wanted & CURL_POLL_OUT ? UV_WRITABLE : 0);
    (void)uv_poll_start(&watch->poll, events, on_poll); /* fails only for a handle that is closing */
    return 0;
}

/* ---- client ---- */

int http_client_create(uv_loop_t *loop, struct http_client **ret, struct err *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT); /* counts; given back with the client */
    if (code != CURLE_OK)
        return err_set(err, ERR_ENVIRONMENT, "libcurl cannot be used: %s", curl_easy_strerror(code));
    struct http_client *client = mem_alloc(sizeof(*client));
    client->loop = loop;
    client->multi = curl_multi_init();
    if (client->multi == NULL)
        mem_exhausted();
    (void)uv_timer_init(loop, &client->timer); /* cannot fail */
    client->timer.data = client;
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, set_watch); /* nor can these */
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    *ret = client;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
    curl_global_cleanup();
}

void http_client_destroy(struct http_client *client)
{
    if (client == NULL || client->closed)
        return;
    client->closed = true;
    answer_all(client, "the client was closed");
    (void)curl_multi_cleanup(client->multi); /* nothing is in it */
    while (client->watches != NULL)
        unwatch(client->watches);
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
}

static void start_deadline(struct call *call)
{
    uv_loop_t *loop = call->client->loop;
    uv_update_time(
        loop); /* what the caller did since the loop looked at the clock is not the server's fault */
    (void)uv_timer_init(loop, &call->deadline); /* cannot fail, nor can the start */
    call->deadline.data = call;
    /* And one more: both ends are cut to a whole millisecond. */
    (void)uv_timer_start(&call->deadline, on_deadline, (uint64_t)(call->timeout_us / MS_US) + 1, 0);
}

int http_ask(struct http_client *client, const struct http_request *request, http_answered answered,
             void *data, struct err *err)
{
    if (client->closed)
        return err_set(err, ERR_CLOSED, "the client was closed");
    int r = http_request_check(request, err);
    if (r < 0)
        return r;
    struct call *call = mem_alloc(sizeof(*call));
    r = http_transfer_init(&call->transfer, request, err);
    if (r < 0) {
        free(call);
        return r;
    }
    (void)curl_easy_setopt(call->transfer.easy, CURLOPT_PRIVATE, call); /* only keeps it */
    CURLMcode code = curl_multi_add_handle(client->multi, call->transfer.easy);
    if (code != CURLM_OK) {
        if (code == CURLM_OUT_OF_MEMORY)
            mem_exhausted();
        http_transfer_finish(&call->transfer);
        free(call);
        return err_set(err, ERR_ENVIRONMENT, "libcurl cannot do this: %s", curl_multi_strerror(code));
    }
    call->client = client;
    call->answered = answered;
    call->data = data;
    call->asked_ns = uv_hrtime();
    call->timeout_us = request->timeout_us;
    start_deadline(call);
    keep(call);
    return 0;
}
