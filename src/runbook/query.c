#include "load.h"

#include "base/text.h"
#include "json/pointer.h"
#include "shape.h"
#include "sqlscan.h"

struct query_fields {
    const char *target;
    const char *sql;
    const struct json *http;
    const struct json *expect;
    int64_t timeout_us;
};

static const struct json_field fields[] = {
    { "target", JSON_FIELD_TEXT, offsetof(struct query_fields, target), 0, NULL, 0, 0,
      "which server is asked" },
    { "sql", JSON_FIELD_TEXT, offsetof(struct query_fields, sql), JSON_NONEMPTY, NULL, 0, 0,
      "the question, one statement" },
    { "http", JSON_FIELD_OBJECT, offsetof(struct query_fields, http), 0, NULL, 0, 0,
      "the question, a request" },
    { "expect", JSON_FIELD_OBJECT, offsetof(struct query_fields, expect), 0, NULL, 0, 0,
      "the answer; true unless stated, of a request its status; mysql and mariadb need it" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct query_fields, timeout_us), 0, NULL, 0, 0,
      "30s unless stated" },
    { 0 },
};

const char *load_query_sql(struct loader *l, const struct json *where, const char *sql, size_t target)
{
    const char *resolved = resolve(l, where, sql, landing_sql(l, target));
    size_t count = resolved ? sql_facts(resolved, engine_of(l, target)).statements : 1;
    if (count != 1)
        load_fault(l, where, "a query is one statement, these are %zu", count);
    return resolved;
}

/* Whether it stays what it is where it is put into a statement: it ends no statement, opens and closes its
 * own parentheses, for every server, and no comment at its end swallows what comes after it. */
static bool is_part(const char *sql, enum target_engine engine)
{
    struct sql_scan scan = { .text = sql, .engine = engine };
    struct sql_token token;
    int open = 0;
    while (sql_next(&scan, &token)) {
        if (token.kind == SQL_SEMICOLON || token.perhaps || (token.line && !sql[scan.at]))
            return false;
        if (token.kind == SQL_OTHER)
            open += (token.text[0] == '(') - (token.text[0] == ')');
        if (open < 0)
            return false;
    }
    return open == 0 && sql_facts(sql, engine).statements == 1;
}

const char *load_sql_part(struct loader *l, const struct json *source, const char *key, const char *text,
                          size_t target)
{
    const char *sql = resolve(l, load_at(source, key), text, landing_sql(l, target));
    enum target_engine engine = engine_of(l, target);
    if (sql && !is_part(sql, engine))
        load_fault(l, load_at(source, key),
                   "\"%s\" is a part of one statement, without a \";\", a \"--\" %sor a parenthesis that is "
                   "left open",
                   key, engine == ENGINE_POSTGRESQL ? "at its end " : "or \"#\" at its end, a \"/*!\" ");
    return sql;
}

bool query_is_there(const struct query *query)
{
    return query->sql != NULL || query->http != NULL;
}

void query_text(struct buf *buf, const struct query *query)
{
    if (query->http)
        buf_format(buf, "%s %s%s%s", query->http->method, query->http->url, query->http->pointer ? " " : "",
                   query->http->pointer ? query->http->pointer : "");
    else if (query->sql)
        buf_text(buf, query->sql);
}

/* ---- requests ---- */

struct http_fields {
    const char *url;
    int method;
    const char *pointer;
    int64_t status;
};

static const char *const method_words[] = { "GET", "HEAD", NULL };
enum { METHOD_GET, METHOD_HEAD };

static const struct json_field http_fields[] = {
    { "url", JSON_FIELD_TEXT, offsetof(struct http_fields, url), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "http:// or https://" },
    { "method", JSON_FIELD_ENUM, offsetof(struct http_fields, method), 0, method_words, 0, 0,
      "GET unless stated" },
    { "pointer", JSON_FIELD_TEXT, offsetof(struct http_fields, pointer), 0, NULL, 0, 0,
      "where in the JSON of the answer the value stands (RFC 6901), as in \"/error_rate\"; else its body" },
    { "status", JSON_FIELD_INTEGER, offsetof(struct http_fields, status), 0, NULL, 100, 599,
      "what the status has to be for the answer to count; 200 unless stated" },
    { 0 },
};
const struct shape http_shape = { .name = "http", .fields = http_fields };

static const struct shape_part parts[] = {
    { "http", FORM_ONE, .shape = &http_shape },
    { "expect", FORM_ONE, .shape = &expect_shape },
    { 0 },
};
static const char *const either[] = { "sql", "http", NULL };
const struct shape query_shape = { .name = "query", .fields = fields, .parts = parts, .either = either };

const char *load_pointer(struct loader *l, const struct json *where, const char *pointer)
{
    if (pointer && !json_pointer_valid(pointer))
        load_fault(l, where, "\"%s\" is no pointer into JSON, as in \"/checks/0/age\"", pointer);
    return pointer;
}

const struct http_query *load_http(struct loader *l, const struct json *source)
{
    struct http_query *http = arena_alloc(l->arena, sizeof(*http));
    struct http_fields raw = { .status = 200 };
    if (!load_fields(l, source, http_fields, &raw, "http"))
        return NULL;
    http->url = resolve_url(l, load_at(source, "url"), raw.url);
    http->method = method_words[raw.method];
    http->pointer = load_pointer(l, load_at(source, "pointer"), raw.pointer);
    http->status = raw.status;
    if (raw.pointer && raw.method == METHOD_HEAD)
        load_fault(l, load_at(source, "pointer"), "the answer to a HEAD has no body: ask with GET");
    return http;
}

/* ---- queries ---- */

static void load_where(struct loader *l, const struct json *source, const char *what, const char *name,
                       struct query *query)
{
    if (query->http) {
        query->target = BOOK_NONE;
        if (name)
            load_fault(l, load_at(source, "target"),
                       "a request has no \"target\": its URL says where it goes");
    } else if (name) {
        query->target = load_reference(l, load_at(source, "target"), &l->ids->targets, "target", name);
    } else if (query->target == BOOK_NONE && !json_member(source, "target")) {
        load_fault(l, source, "%s needs a \"target\" to ask", what);
    }
}

struct query load_judged_query(struct loader *l, const struct json *source, const char *what, size_t target)
{
    struct query query = load_query(l, source, what, target);
    load_truth(l, source, &query);
    return query;
}

struct query load_query(struct loader *l, const struct json *source, const char *what, size_t target)
{
    struct query query = { .target = target, .expect = expect_true() };
    struct query_fields raw = { .timeout_us = 30 * SECOND_US };
    load_fields(l, source, fields, &raw, what);
    size_t asked = raw.target ? id_map_find(&l->ids->targets, raw.target) : target;
    query.timeout_us = raw.timeout_us;
    query.sql = load_query_sql(l, load_at(source, "sql"), raw.sql, asked);
    if (raw.http)
        query.http = load_http(l, raw.http);
    if (!json_member(source, "sql") == !json_member(source, "http"))
        load_fault(l, source, "%s asks either by \"sql\" or by \"http\"", what);
    if (raw.expect)
        query.expect = load_expect(l, raw.expect);
    else if (raw.http)
        query.expect = (struct expect){ .kind = EXPECT_NOTHING };
    load_where(l, source, what, raw.target, &query);
    return query;
}
