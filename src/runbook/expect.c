#include "decimal.h"
#include "load.h"

#include <inttypes.h>

#include "base/text.h"

struct expect_fields {
    const struct json *value;
    int is;
    int64_t rows;
};

static const struct json_field fields[] = {
    { "value", JSON_FIELD_VALUE, offsetof(struct expect_fields, value), 0, NULL, 0, 0,
      "what the first column of the first row has to be" },
    { "is", JSON_FIELD_ENUM, offsetof(struct expect_fields, is), 0, comparison_words, 0, 0,
      "how it is compared; = unless stated" },
    { "rows", JSON_FIELD_INTEGER, offsetof(struct expect_fields, rows), 0, NULL, 0, INT64_C(1) << 53,
      "how many rows there have to be" },
    { 0 },
};

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
        expect->value = resolve(l, value, value->text, LAND_LINE);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        load_fault(l, value, "one value is expected, not %s", json_type_word(value->type));
        break;
    }
    if (!expect->numeric && expect->is != IS_EQUAL && expect->is != IS_NOT_EQUAL)
        load_fault(l, value, "only numbers are \"%s\" each other", comparison_word(expect->is));
}

struct expect load_expect(struct loader *l, const struct json *source)
{
    struct expect expect = { .kind = EXPECT_NOTHING };
    struct expect_fields raw = { .is = IS_EQUAL, .rows = -1 };
    if (!load_fields(l, source, fields, &raw, "expect"))
        return expect;
    expect.is = (enum comparison)raw.is;
    if ((raw.value != NULL) == (raw.rows >= 0))
        load_fault(l, source, "expect either a \"value\" or a number of \"rows\"");
    else if (raw.value)
        load_expected_value(l, raw.value, &expect);
    else
        expect = (struct expect){ .kind = EXPECT_ROWS, .is = expect.is, .rows = raw.rows };
    return expect;
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

bool expect_met(const struct expect *expect, int64_t rows, const char *value)
{
    switch (expect->kind) {
    case EXPECT_NOTHING:
        return true;
    case EXPECT_VALUE:
        return value_met(expect, rows > 0 ? value : NULL);
    case EXPECT_ROWS:
        return order_holds(expect->is, (rows > expect->rows) - (rows < expect->rows));
    }
    return false;
}

void expect_text(struct buf *buf, const struct expect *expect)
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
    }
}
