#include "driver/http_transfer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

/* ---- what libcurl calls ---- */

static size_t take_answer(char *bytes, size_t size, size_t count, void *data)
{
    struct http_transfer *transfer = data;
    buf_add(&transfer->answer, bytes, size * count);
    return transfer->answer.overflow ? 0 : size * count; /* anything else than all of it ends the transfer */
}

/* Line by line. That the connection ends in the middle of the head is no error to libcurl, so its last line
 * is looked for here; each redirect begins a new one. */
static size_t take_head(char *line, size_t size, size_t count, void *data)
{
    struct http_transfer *transfer = data;
    size_t len = size * count;
    if (len > 0 && (line[0] == '\r' || line[0] == '\n'))
        transfer->head_ended = true;
    else if (len >= strlen("HTTP/") && memcmp(line, "HTTP/", strlen("HTTP/")) == 0)
        transfer->head_ended = false;
    return len;
}

static size_t give_body(char *room, size_t size, size_t count, void *data)
{
    struct http_transfer *transfer = data;
    size_t left = transfer->body.len - transfer->body_sent;
    size_t take = left < size * count ? left : size * count;
    if (take > 0)
        memcpy(room, transfer->body.data + transfer->body_sent, take);
    transfer->body_sent += take;
    return take;
}

/* Back to the beginning, for a redirect that wants the body again. */
static int seek_body(void *data, curl_off_t offset, int origin)
{
    struct http_transfer *transfer = data;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > transfer->body.len)
        return CURL_SEEKFUNC_FAIL;
    transfer->body_sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* Children that are started meanwhile must not inherit a connection. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)data;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- making it ---- */

static void add_header(struct http_transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (longer == NULL)
        mem_exhausted();
    transfer->headers = longer;
}

static bool has_value(const char *header)
{
    const char *value = strchr(header, ':') + 1;
    return value[strspn(value, " ")] != '\0';
}

/* To libcurl "Name:" means to leave a header out, and "Name;" one without a value. */
static void add_given(struct http_transfer *transfer, const char *header)
{
    if (has_value(header)) {
        add_header(transfer, header);
        return;
    }
    char *line = mem_text(header);
    *strchr(line, ':') = ';';
    line[strcspn(line, ";") + 1] = '\0';
    add_header(transfer, line);
    free(line);
}

static void add_headers(struct http_transfer *transfer, const struct http_request *request)
{
    static const char name[] = "Content-Type:";
    bool has_type = false;
    for (size_t i = 0; i < request->header_count; i++) {
        bool is_type = strncasecmp(request->headers[i], name, strlen(name)) == 0;
        if (is_type && request->content_type != NULL)
            continue;
        has_type = has_type || is_type;
        add_given(transfer, request->headers[i]);
    }
    add_header(transfer, "Expect:"); /* else a server that does not know it costs a second */
    if (has_type)
        return;
    if (request->body == NULL) {
        add_header(transfer, name); /* libcurl would say that nothing is a form */
        return;
    }
    const char *type = request->content_type != NULL ? request->content_type : "application/json";
    char line[HTTP_HEADER_MAX + sizeof(name) + 1];
    (void)snprintf(line, sizeof(line), "%s %s", name, type); /* fits: the type was checked */
    add_header(transfer, line);
}

static CURLoption option_of(const char *method)
{
    static const struct {
        const char *method;
        CURLoption option;
    } methods[] = {
        { "HEAD", CURLOPT_NOBODY },
        { "POST", CURLOPT_POST },
        { "PUT", CURLOPT_UPLOAD },
    };
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (text_equal(method, methods[i].method))
            return methods[i].option;
    return CURLOPT_HTTPGET;
}

static CURLcode set_numbers(struct http_transfer *transfer, const struct http_request *request)
{
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        { option_of(request->method), 1 },
        { CURLOPT_NOSIGNAL, 1 },
        /* A timeout while the name is looked up would wait for the thread that does it, for as long as the
         * resolver takes: https://github.com/curl/curl/issues/2975. With this the thread is left to end by
         * itself. */
        { CURLOPT_QUICK_EXIT, 1 },
        { CURLOPT_SSL_VERIFYPEER, 1 },
        { CURLOPT_SSL_VERIFYHOST, 2 },
        { CURLOPT_DISALLOW_USERNAME_IN_URL, 1 }, /* also where a redirect goes */
        { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
        { CURLOPT_FOLLOWLOCATION, request->follow },
        { CURLOPT_MAXREDIRS, HTTP_REDIRECTS_MAX },
        { CURLOPT_CONNECTTIMEOUT_MS, INT_MAX }, /* else five minutes; the caller has the limit of the whole */
        { CURLOPT_FORBID_REUSE, 1 },
        { CURLOPT_DNS_CACHE_TIMEOUT, 0 },
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < ARRAY_LEN(numbers) && code == CURLE_OK; i++)
        code = curl_easy_setopt(transfer->easy, numbers[i].option, numbers[i].value);
    return code;
}

static CURLcode set_texts(struct http_transfer *transfer, const struct http_request *request)
{
    bool secure = strncasecmp(request->url, "https:", strlen("https:")) == 0;
    const struct {
        CURLoption option;
        const char *text;
    } texts[] = {
        { CURLOPT_URL, request->url },
        { CURLOPT_PROTOCOLS_STR, "http,https" },
        { CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https" },
        { CURLOPT_USERAGENT, "tminus/" TMINUS_VERSION },
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < ARRAY_LEN(texts) && code == CURLE_OK; i++)
        code = curl_easy_setopt(transfer->easy, texts[i].option, texts[i].text);
    return code;
}

/* None of these fails in a libcurl that has them, and they are older than the version that is asked for. */
static void set_places(struct http_transfer *transfer)
{
    CURL *easy = transfer->easy;
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    (void)curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
    (void)curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.len);
    (void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->body.len);
}

int http_transfer_init(struct http_transfer *transfer, const struct http_request *request, struct err *err)
{
    *transfer = (struct http_transfer){ .easy = curl_easy_init() };
    if (transfer->easy == NULL)
        mem_exhausted();
    buf_init(&transfer->body, HTTP_BODY_MAX);
    buf_init(&transfer->answer, HTTP_BODY_MAX);
    if (request->body != NULL)
        buf_text(&transfer->body, request->body);
    add_headers(transfer, request);
    set_places(transfer);
    CURLcode code = set_numbers(transfer, request);
    if (code == CURLE_OK)
        code = set_texts(transfer, request);
    if (code == CURLE_OUT_OF_MEMORY)
        mem_exhausted();
    if (code == CURLE_OK)
        return 0;
    http_transfer_finish(transfer);
    return err_set(err, ERR_ENVIRONMENT, "libcurl cannot do this: %s", curl_easy_strerror(code));
}

void http_transfer_finish(struct http_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    buf_finish(&transfer->body);
    buf_finish(&transfer->answer);
}

/* ---- what came of it ---- */

static long number_of(const struct http_transfer *transfer, CURLINFO info)
{
    long number = 0;
    (void)curl_easy_getinfo(transfer->easy, info, &number); /* what is not known stays 0 */
    return number;
}

long http_transfer_status(const struct http_transfer *transfer)
{
    return number_of(transfer, CURLINFO_RESPONSE_CODE);
}

bool http_transfer_sent(const struct http_transfer *transfer)
{
    return number_of(transfer, CURLINFO_REQUEST_SIZE) > 0;
}

CURLcode http_transfer_judge(const struct http_transfer *transfer, CURLcode code)
{
    return code == CURLE_OK && !transfer->head_ended ? CURLE_PARTIAL_FILE : code;
}

void http_transfer_late(const struct http_transfer *transfer, int64_t limit_us, struct buf *why)
{
    curl_off_t connected_us = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &connected_us); /* 0: not connected */
    buf_text(why, connected_us > 0 ? "no whole answer within " : "no connection within ");
    duration_spell(why, limit_us);
}

static void say_connect(const struct http_transfer *transfer, struct buf *why)
{
    int error_number = (int)number_of(transfer, CURLINFO_OS_ERRNO);
    buf_text(why, "cannot connect");
    if (error_number > 0)
        buf_format(why, ": %s", strerror(error_number));
}

/* The same code is a redirect to where none may go, and an answer of HTTP/0.9, which could be anything. */
static void say_unsupported(const struct http_transfer *transfer, struct buf *why)
{
    long status = http_transfer_status(transfer);
    buf_text(why,
             status >= 300 && status < 400
                 ? "it redirects to where no request may go: only http and https, and from https only https"
                 : "what came is not HTTP");
}

/* Our words where libcurl's own are not enough; its longer messages name hosts and are not used at all. */
void http_transfer_failure(const struct http_transfer *transfer, CURLcode code, struct buf *why)
{
    static const struct {
        CURLcode code;
        const char *text; /* or: */
        void (*say)(const struct http_transfer *transfer, struct buf *why);
    } sentences[] = {
        { CURLE_COULDNT_RESOLVE_HOST, "the name of the server has no address", NULL },
        { CURLE_COULDNT_RESOLVE_PROXY, "the name of the proxy has no address", NULL },
        { CURLE_COULDNT_CONNECT, NULL, say_connect },
        { CURLE_GOT_NOTHING, "the server closed the connection without an answer", NULL },
        { CURLE_PARTIAL_FILE, "the server closed the connection in the middle of its answer", NULL },
        { CURLE_RECV_ERROR, "the connection was lost before the answer was whole", NULL },
        { CURLE_SEND_ERROR, "the connection was lost before the answer was whole", NULL },
        { CURLE_SSL_CONNECT_ERROR, "no TLS with this server: it may speak plain HTTP", NULL },
        { CURLE_PEER_FAILED_VERIFICATION,
          "the certificate of the server is not trusted, is out of date, or is for another name", NULL },
        { CURLE_TOO_MANY_REDIRECTS, "it redirects too often", NULL },
        { CURLE_LOGIN_DENIED, "it redirects to a URL with a user or a password", NULL },
        { CURLE_WEIRD_SERVER_REPLY, "what came is not HTTP", NULL },
        { CURLE_UNSUPPORTED_PROTOCOL, NULL, say_unsupported },
    };
    if (transfer->answer.overflow) {
        buf_format(why, "the answer is over its maximum of %d bytes", HTTP_BODY_MAX);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
        if (sentences[i].code != code)
            continue;
        if (sentences[i].say != NULL)
            sentences[i].say(transfer, why);
        else
            buf_text(why, sentences[i].text);
        return;
    }
    buf_text(why, curl_easy_strerror(code));
}
