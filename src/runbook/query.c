#include "load.h"

#include "base/text.h"
#include "sqlscan.h"

struct query_fields {
    const char *target;
    const char *sql;
    const struct json *expect;
    int64_t timeout_us;
};

static const struct json_field fields[] = {
    { "target", JSON_FIELD_TEXT, offsetof(struct query_fields, target), 0, NULL, 0, 0,
      "which server is asked" },
    { "sql", JSON_FIELD_TEXT, offsetof(struct query_fields, sql), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "the question, one statement" },
    { "expect", JSON_FIELD_OBJECT, offsetof(struct query_fields, expect), 0, NULL, 0, 0,
      "the answer; true unless stated" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct query_fields, timeout_us), 0, NULL, 0, 0,
      "30s unless stated" },
    { 0 },
};

const char *load_query_sql(struct loader *l, const struct json *where, const char *sql)
{
    const char *resolved = resolve(l, where, sql, LAND_SQL);
    if (resolved && sql_facts(resolved).statements != 1)
        load_fault(l, where, "a query is one statement, these are %zu", sql_facts(resolved).statements);
    return resolved;
}

struct query load_query(struct loader *l, const struct json *source, const char *what, size_t target)
{
    struct query query = { .target = target,
                           .expect = { .kind = EXPECT_VALUE, .is = IS_EQUAL, .value = "true" } };
    struct query_fields raw = { .timeout_us = 30 * SECOND_US };
    load_fields(l, source, fields, &raw, what);
    query.timeout_us = raw.timeout_us;
    query.sql = load_query_sql(l, load_at(source, "sql"), raw.sql);
    if (raw.expect)
        query.expect = load_expect(l, raw.expect);
    if (raw.target)
        query.target = load_reference(l, load_at(source, "target"), &l->ids->targets, "target", raw.target);
    else if (target == BOOK_NONE && !json_member(source, "target"))
        load_fault(l, source, "%s needs a \"target\" to ask", what);
    return query;
}
