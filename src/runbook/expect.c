#include "decimal.h"
#include "load.h"
#include "shape.h"

#include <inttypes.h>
#include <regex.h>

#include "base/text.h"

struct expect_fields {
    const struct json *value;
    int is;
    int64_t rows;
    const struct json *between;
    const char *matches;
    const struct json *equals;
};

static const struct json_field fields[] = {
    { "value", JSON_FIELD_VALUE, offsetof(struct expect_fields, value), 0, NULL, 0, 0,
      "what the first column of the first row has to be" },
    { "is", JSON_FIELD_ENUM, offsetof(struct expect_fields, is), 0, comparison_words, 0, 0,
      "how it is compared; = unless stated" },
    { "rows", JSON_FIELD_INTEGER, offsetof(struct expect_fields, rows), 0, NULL, 0, INT64_C(1) << 53,
      "how many rows there have to be" },
    { "between", JSON_FIELD_ARRAY, offsetof(struct expect_fields, between), JSON_NONEMPTY, NULL, 0, 0,
      "the least and the most that the number may be" },
    { "matches", JSON_FIELD_TEXT, offsetof(struct expect_fields, matches), JSON_NONEMPTY, NULL, 0, 0,
      "a POSIX extended regular expression that has to match somewhere" },
    { "equals", JSON_FIELD_OBJECT, offsetof(struct expect_fields, equals), 0, NULL, 0, 0,
      "another query, whose first value has to be the same" },
    { 0 },
};

static const struct json_field bound = { "between", JSON_FIELD_NUMBER,         0, 0, NULL, 0,
                                         0,         "the least, then the most" };
static const struct shape_part parts[] = {
    { "between", FORM_LIST, .item = &bound },
    { "equals", FORM_ONE, .shape = &query_shape },
    { "value", FORM_ONE,
      .types =
          SHAPE_TYPE(JSON_NULL) | SHAPE_TYPE(JSON_BOOL) | SHAPE_TYPE(JSON_NUMBER) | SHAPE_TYPE(JSON_TEXT) },
    { 0 },
};

static const char *const either[] = { "value", "rows", "between", "matches", "equals", NULL };

const struct shape expect_shape = { .name = "expect", .fields = fields, .parts = parts, .either = either };

static const char *number_text(struct loader *l, const struct json *value)
{
    struct buf buf;
    struct json_writer writer;
    buf_init(&buf, 64);
    json_write_init(&writer, &buf);
    json_put_value(&writer, NULL, value);
    const char *text = arena_text(l->arena, buf_str(&buf));
    buf_finish(&buf);
    return text;
}

static void load_expected_value(struct loader *l, const struct json *value, struct expect *expect)
{
    expect->kind = EXPECT_VALUE;
    expect->numeric = value->type == JSON_NUMBER;
    switch (value->type) {
    case JSON_NULL:
        break;
    case JSON_BOOL:
        expect->value = value->boolean ? "true" : "false";
        break;
    case JSON_NUMBER:
        expect->value = number_text(l, value);
        break;
    case JSON_TEXT:
        refuse_later(l, value, value->text);
        expect->value = resolve(l, value, value->text, LAND_LINE);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        load_fault(l, value, "one value is expected, not %s", json_type_word(value->type));
        break;
    }
    if (!expect->numeric && expect->is != IS_EQUAL && expect->is != IS_NOT_EQUAL)
        load_fault(l, value, "\"%s\" compares numbers: what is expected here is none",
                   comparison_word(expect->is));
}

static void load_between(struct loader *l, const struct json *list, struct expect *expect)
{
    int order;
    expect->kind = EXPECT_BETWEEN;
    if (list->count != 2 || list->items[0].type != JSON_NUMBER || list->items[1].type != JSON_NUMBER) {
        load_fault(l, list, "\"between\" is two numbers, the least and the most");
        return;
    }
    expect->value = number_text(l, &list->items[0]);
    expect->most = number_text(l, &list->items[1]);
    if (decimal_compare(expect->value, expect->most, &order) && order > 0)
        load_fault(l, list, "the least is more than the most");
}

static void load_matches(struct loader *l, const struct json *where, const char *pattern,
                         struct expect *expect)
{
    regex_t regex;
    expect->kind = EXPECT_MATCHES;
    refuse_later(l, where, pattern);
    expect->value = resolve(l, where, pattern, LAND_LINE);
    int r = regcomp(&regex, expect->value, REG_EXTENDED | REG_NOSUB);
    if (r != 0) {
        char why[128];
        (void)regerror(r, &regex, why, sizeof(why)); /* a cut sentence is still one */
        load_fault(l, where, "this is no regular expression: %s", why);
        return;
    }
    regfree(&regex);
}

static void load_equals(struct loader *l, const struct json *source, struct expect *expect)
{
    struct query *other = arena_alloc(l->arena, sizeof(*other));
    expect->kind = EXPECT_EQUALS;
    *other = load_query(l, source, "equals", BOOK_NONE);
    if (json_member(source, "expect"))
        load_fault(l, load_at(source, "expect"), "what is only compared with has nothing to \"expect\"");
    expect->other = other;
}

struct expect expect_true(void)
{
    return (struct expect){ .kind = EXPECT_VALUE, .is = IS_EQUAL, .value = "true" };
}

struct expect load_expect(struct loader *l, const struct json *source)
{
    struct expect expect = { .kind = EXPECT_NOTHING };
    struct expect_fields raw = { .is = IS_EQUAL, .rows = -1 };
    if (!load_fields(l, source, fields, &raw, "expect"))
        return expect;
    int said = (raw.value != NULL) + (raw.rows >= 0) + (raw.between != NULL) + (raw.matches != NULL) +
               (raw.equals != NULL);
    expect.is = (enum comparison)raw.is;
    if (said != 1)
        load_fault(l, source, "expect one of \"value\", \"rows\", \"between\", \"matches\", \"equals\"");
    else if (raw.value)
        load_expected_value(l, raw.value, &expect);
    else if (raw.rows >= 0)
        expect = (struct expect){ .kind = EXPECT_ROWS, .is = expect.is, .rows = raw.rows };
    else if (json_member(source, "is"))
        load_fault(l, load_at(source, "is"), "\"is\" goes with a \"value\" or a number of \"rows\"");
    else if (raw.between)
        load_between(l, raw.between, &expect);
    else if (raw.matches)
        load_matches(l, load_at(source, "matches"), raw.matches, &expect);
    else
        load_equals(l, raw.equals, &expect);
    return expect;
}

/* Of the texts that a server can give, as JSON_VALUE does, "true" is one that is written as a text. */
void load_truth(struct loader *l, const struct json *source, const struct query *query)
{
    static const char one[] = "mysql and mariadb answer 1 where something is true, and 0 where it is not";
    const struct json *expect = json_member(source, "expect");
    const struct json *value = expect ? json_member(expect, "value") : NULL;
    if (!query->sql || query->target == BOOK_NONE || engine_of(l, query->target) == ENGINE_POSTGRESQL)
        return;
    if (!expect)
        load_fault(l, source, "%s: say \"expect\": { \"value\": 1 }", one);
    else if (value && value->type == JSON_BOOL)
        load_fault(l, value, "%s: expect %d", one, value->boolean);
}

/* ---- answers ---- */

static bool order_holds(enum comparison is, int order)
{
    return comparison_holds(is, order, 0);
}

/* Servers say "t", people and books say "true". */
static const char *spelled_out(const char *value)
{
    return text_equal(value, "t") ? "true" : text_equal(value, "f") ? "false" : value;
}

static bool value_met(const struct expect *expect, const char *value)
{
    int order;
    if (!expect->value || !value) {
        /* NULL equals only NULL, and is neither more nor less than anything */
        bool same = !expect->value && !value;
        return expect->is == IS_EQUAL ? same : expect->is == IS_NOT_EQUAL && !same;
    }
    if (expect->numeric)
        return decimal_compare(value, expect->value, &order) && order_holds(expect->is, order);
    bool same = text_equal(spelled_out(value), spelled_out(expect->value));
    return expect->is == IS_NOT_EQUAL ? !same : same;
}

static bool between_met(const struct expect *expect, const char *value)
{
    int least, most;
    return value && decimal_compare(value, expect->value, &least) && least >= 0 &&
           decimal_compare(value, expect->most, &most) && most <= 0;
}

static bool matches(const struct expect *expect, const char *value)
{
    regex_t regex;
    if (!value || regcomp(&regex, expect->value, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool met = regexec(&regex, value, 0, NULL, 0) == 0;
    regfree(&regex);
    return met;
}

bool expect_equal(int64_t rows, const char *value, int64_t other_rows, const char *other)
{
    int order;
    if (rows == 0 || other_rows == 0 || !value || !other)
        return false;
    if (decimal_compare(value, other, &order))
        return order == 0;
    return text_equal(value, other);
}

bool expect_met(const struct expect *expect, int64_t rows, const char *value)
{
    switch (expect->kind) {
    case EXPECT_NOTHING:
        return true;
    case EXPECT_VALUE:
        return value_met(expect, rows > 0 ? value : NULL);
    case EXPECT_ROWS:
        return order_holds(expect->is, (rows > expect->rows) - (rows < expect->rows));
    case EXPECT_BETWEEN:
        return between_met(expect, rows > 0 ? value : NULL);
    case EXPECT_MATCHES:
        return matches(expect, rows > 0 ? value : NULL);
    case EXPECT_EQUALS:
        break;
    }
    return false;
}

void expect_text(struct buf *buf, const struct expect *expect, const struct book *book)
{
    switch (expect->kind) {
    case EXPECT_NOTHING:
        buf_text(buf, "anything");
        break;
    case EXPECT_VALUE:
        buf_format(buf, "%s %s", comparison_word(expect->is), expect->value ? expect->value : "NULL");
        break;
    case EXPECT_ROWS:
        if (expect->is != IS_EQUAL)
            buf_format(buf, "%s ", comparison_word(expect->is));
        buf_format(buf, "%" PRId64 " row%s", expect->rows, expect->rows == 1 ? "" : "s");
        break;
    case EXPECT_BETWEEN:
        buf_format(buf, "from %s to %s", expect->value, expect->most);
        break;
    case EXPECT_MATCHES:
        buf_format(buf, "text like /%s/", expect->value);
        break;
    case EXPECT_EQUALS:
        buf_text(buf, "= what ");
        if (expect->other->target != BOOK_NONE)
            buf_format(buf, "\"%s\" answers to ", book->targets[expect->other->target].id);
        query_text(buf, expect->other);
        if (expect->other->target == BOOK_NONE)
            buf_text(buf, " answers");
        break;
    }
}
