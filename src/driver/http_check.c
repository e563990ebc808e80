/*
 * What may be asked. URLs and headers come from books and params: what would end a line, or begin another
 * request, is refused before libcurl sees it.
 */
#include "driver/http.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

static int check_with_libcurl(const char *url, struct err *err)
{
    CURLU *handle = curl_url();
    if (handle == NULL)
        mem_exhausted();
    CURLUcode code = curl_url_set(handle, CURLUPART_URL, url, 0);
    curl_url_cleanup(handle);
    if (code == CURLUE_OUT_OF_MEMORY)
        mem_exhausted();
    if (code != CURLUE_OK)
        return err_set(err, ERR_INVALID, "this is not a URL: %s", curl_url_strerror(code));
    return 0;
}

/* What stands behind "http://" or "https://", NULL for anything else. */
static const char *after_scheme(const char *url)
{
    static const char *const schemes[] = { "http://", "https://" };
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return url + strlen(schemes[i]);
    return NULL;
}

int http_url_check(const char *url, struct err *err)
{
    size_t len = strlen(url);
    if (len > HTTP_URL_MAX)
        return err_set(err, ERR_LIMIT, "the URL has %zu bytes, at most %d", len, HTTP_URL_MAX);
    for (size_t i = 0; i < len; i++)
        if (url[i] <= ' ' || url[i] > '~' || url[i] == '\\')
            return err_set(
                err, ERR_INVALID,
                "the URL holds a space, a backslash, or what is not printable ASCII, as its byte %zu: "
                "write such bytes as \"%%20\"",
                i + 1);
    const char *authority = after_scheme(url);
    if (authority == NULL)
        return err_set(err, ERR_INVALID, "the URL begins neither with \"http://\" nor with \"https://\"");
    size_t authority_len = strcspn(authority, "/?#");
    if (authority_len == 0) /* libcurl would take the path for one */
        return err_set(err, ERR_INVALID, "the URL names no server");
    if (memchr(authority, '@', authority_len) != NULL)
        return err_set(err, ERR_INVALID,
                       "the URL holds a user or a password, which are not sent: they show where it does");
    return check_with_libcurl(url, err);
}

static bool holds_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

/* Length of the name before the colon, 0 when there is none; of the letters of RFC 9110, section 5.6.2. */
static size_t name_length(const char *header)
{
    static const char letters[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len = strspn(header, letters);
    return header[len] == ':' ? len : 0;
}

/* A second length of the body would make two requests of one in the eyes of some server. */
static bool is_ours(const char *header, size_t name_len)
{
    static const char *const names[] = { "Content-Length", "Transfer-Encoding", "Expect" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strlen(names[i]) == name_len && strncasecmp(header, names[i], name_len) == 0)
            return true;
    return false;
}

static int check_headers(const struct http_request *request, struct err *err)
{
    if (request->header_count > HTTP_HEADERS_MAX)
        return err_set(err, ERR_LIMIT, "the request has %zu headers, at most %d", request->header_count,
                       HTTP_HEADERS_MAX);
    for (size_t i = 0; i < request->header_count; i++) {
        const char *header = request->headers[i];
        size_t len = name_length(header);
        if (strlen(header) > HTTP_HEADER_MAX)
            return err_set(err, ERR_LIMIT, "header %zu has over %d bytes", i + 1, HTTP_HEADER_MAX);
        if (len == 0)
            return err_set(err, ERR_INVALID, "header %zu has not the form \"Name: value\"", i + 1);
        if (holds_control_character(header))
            return err_set(err, ERR_INVALID, "the value of header \"%.*s\" holds a control character",
                           (int)len, header);
        if (is_ours(header, len))
            return err_set(err, ERR_INVALID, "header \"%.*s\" follows from the body and cannot be given",
                           (int)len, header);
    }
    return 0;
}

static int check_body(const struct http_request *request, struct err *err)
{
    if (request->body == NULL)
        return 0;
    if (!text_equal(request->method, "POST") && !text_equal(request->method, "PUT"))
        return err_set(err, ERR_INVALID, "a body goes with POST and PUT, not with %s", request->method);
    if (strlen(request->body) > HTTP_BODY_MAX)
        return err_set(err, ERR_LIMIT, "the body has %zu bytes, at most %d", strlen(request->body),
                       HTTP_BODY_MAX);
    return 0;
}

static int check_content_type(const char *type, struct err *err)
{
    if (type != NULL && (type[0] == '\0' || holds_control_character(type)))
        return err_set(err, ERR_INVALID, "the content type is empty or holds a control character");
    if (type != NULL && strlen(type) > HTTP_HEADER_MAX)
        return err_set(err, ERR_LIMIT, "the content type has over %d bytes", HTTP_HEADER_MAX);
    return 0;
}

static int check_method(const char *method, struct err *err)
{
    static const char *const methods[] = { "GET", "HEAD", "POST", "PUT" };
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (text_equal(method, methods[i]))
            return 0;
    return err_set(err, ERR_INVALID, "the method is \"%s\", expected GET, HEAD, POST or PUT", method);
}

int http_request_check(const struct http_request *request, struct err *err)
{
    int r = http_url_check(request->url, err);
    if (r == 0)
        r = check_method(request->method, err);
    if (r == 0)
        r = check_headers(request, err);
    if (r == 0)
        r = check_body(request, err);
    if (r == 0)
        r = check_content_type(request->content_type, err);
    if (r == 0 && request->timeout_us <= 0)
        r = err_set(err, ERR_INVALID, "the timeout of a request is %" PRId64 " us, expected more than 0",
                    request->timeout_us);
    return r;
}
