#include "param.h"

#include <string.h>

#include "base/text.h"
#include "sqlscan.h"
#include "url.h"

/* One text may not grow beyond this. */
#define RESOLVED_MAX (256 * 1024)

static void quote_identifier(struct buf *out, const char *value)
{
    buf_quoted(out, value, '"');
}

/* A backslash is an ordinary character here: the driver pins standard_conforming_strings. */
static void quote_literal(struct buf *out, const char *value)
{
    buf_quoted(out, value, '\'');
}

static void (*const sql_quotes[PARAM_TYPE_COUNT])(struct buf *out, const char *value) = {
    [PARAM_IDENTIFIER] = quote_identifier, [PARAM_INTEGER] = buf_text,
    [PARAM_TEXT] = quote_literal,          [PARAM_BOOLEAN] = buf_text,
    [PARAM_DURATION] = quote_literal,
};

/* ---- references ---- */

/* Reads the name of the reference at `text`, which begins with "${". Its length, 0 if it is none. */
static size_t reference_name(const char *text, char ret_name[65])
{
    size_t n = 0;
    while (n < 64 && text[2 + n] && text[2 + n] != '}') {
        ret_name[n] = text[2 + n];
        n++;
    }
    ret_name[n] = '\0';
    return text[2 + n] == '}' && text_is_id(ret_name) ? n + 3 : 0;
}

/* The value that is known only later and that the reference at `text` names; NULL. */
static const struct later_value *later_at(const struct loader *l, const char *text)
{
    char name[65];
    return reference_name(text, name) > 0 ? later_find(l, name) : NULL;
}

static bool is_later(const struct loader *l, const char *text)
{
    return later_at(l, text) != NULL;
}

/* "; did you mean "batch"?", among the params and what is known later here. */
static const char *nearest_name(struct loader *l, const char *name)
{
    const struct id_map *params = &l->ids->params;
    const char **names = arena_array(l->arena, params->count + l->book->later_count + 1, sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < params->count; i++)
        names[count++] = params->names[i];
    for (size_t i = 0; i < l->book->later_count; i++) {
        if (later_find(l, l->book->later[i].name))
            names[count++] = l->book->later[i].name;
    }
    return load_hint(l, name, names, count);
}

void refuse_later(struct loader *l, const struct json *where, const char *text)
{
    for (const char *at = text; at && (at = strstr(at, "${")) != NULL; at += 2) {
        if (is_later(l, at))
            load_fault(l, where, "%.*s is known only later, and nothing puts it in here",
                       (int)strcspn(at, "}") + 1, at);
    }
}

/* The param that the reference at `text` names; NULL after a fault. `*ret_len` is at least 2. */
static struct param *reference(struct loader *l, const struct json *where, const char *text, size_t *ret_len)
{
    char name[65];
    size_t len = reference_name(text, name);
    *ret_len = len ? len : 2;
    if (len == 0) {
        load_fault(l, where, "\"${\" begins a param, as in ${name}; for the two characters write \"$${\"");
        return NULL;
    }
    struct param *param = param_find(l, name);
    if (!param) {
        load_fault(l, where, "no param \"%s\"%s (\"$${\" stands for the two characters themselves)", name,
                   nearest_name(l, name));
        return NULL;
    }
    param->used = true;
    return param;
}

/* The value to put in; NULL when there is none, after a fault. */
static const char *value_of(struct loader *l, const struct json *where, const struct param *param)
{
    if (param->type == PARAM_SECRET)
        load_fault(
            l, where,
            "secret \"%s\" may stand only as a whole value, in \"env\" of a command or as the \"url\" of "
            "a webhook",
            param->name);
    return param->value;
}

/* ---- plain texts, and URLs ---- */

/* What comes behind the reference of `len` bytes at `text` is known too: in a URL it matters. */
static void put_param(struct loader *l, const struct json *where, const char *text, size_t len,
                      const struct param *param, enum landing landing, struct buf *out)
{
    const char *value = value_of(l, where, param);
    if (!value)
        return;
    if (strstr(value, "${") && l->book->later_count > 0)
        load_fault(l, where, "the value of ${%s} holds \"${\"", param->name);
    if (landing == LAND_URL)
        url_put_param(l, where, param->name, value, text + len, out);
    else
        buf_text(out, value);
}

/* A value that comes from a server says what is asked for, and never who is asked. */
static void keep_later(struct loader *l, const struct json *where, const char *text, size_t len,
                       enum landing landing, struct buf *out)
{
    if (landing == LAND_URL && !url_has_path(buf_str(out)))
        load_fault(l, where,
                   "%.*s is known only later and stands before the path of this URL: such a value does not "
                   "choose which server is asked",
                   (int)len, text);
    buf_add(out, text, len);
}

static void resolve_plain(struct loader *l, const struct json *where, const char *text, enum landing landing,
                          struct buf *out)
{
    const char *dollar;
    size_t len;
    for (; !out->overflow && (dollar = strchr(text, '$')) != NULL; text = dollar + len) {
        buf_add(out, text, (size_t)(dollar - text));
        len = 1;
        if (text_starts(dollar, "$${")) {
            buf_text(out, "${");
            len = 3;
            if (is_later(l, dollar + 1))
                load_fault(l, where, "\"%.*s\" could not be told from the value of that name later", 67,
                           dollar);
        } else if (dollar[1] == '{' && is_later(l, dollar)) {
            later_used(l, where, later_at(l, dollar));
            len = strcspn(dollar, "}") + 1;
            keep_later(l, where, dollar, len, landing, out);
        } else if (dollar[1] == '{') {
            const struct param *param = reference(l, where, dollar, &len);
            if (param)
                put_param(l, where, dollar, len, param, landing, out);
        } else {
            buf_char(out, '$');
        }
    }
    buf_text(out, text);
}

/* ---- SQL ---- */

static bool clings(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_$'\"`", c)) || (unsigned char)c >= 0x80;
}

/* A value that touches other text would melt into it: a"b" is an alias, E'...' has other escapes, 'a''b' is
 * one literal, and - before -5 begins a comment. */
static bool stands_alone(const struct sql_token *token, const char *begin, const char *value)
{
    char before = token->text > begin ? token->text[-1] : ' ';
    char after = token->text[token->len];
    return !clings(before) && before != '}' && before != '&' && !(before == '-' && value[0] == '-') &&
           !clings(after);
}

static void resolve_sql_param(struct loader *l, const struct json *where, const char *begin,
                              const struct sql_token *token, enum sql_token_kind last, struct buf *out)
{
    size_t len;
    const struct later_value *later = later_at(l, token->text);
    struct param *param = later ? NULL : reference(l, where, token->text, &len);
    const char *value = later ? "" : param ? value_of(l, where, param) : NULL;
    if (!value)
        return;
    if (!stands_alone(token, begin, value))
        load_fault(l, where, "%.*s touches what stands beside it: a param is a whole identifier or value",
                   (int)token->len, token->text);
    else if (last == SQL_LITERAL)
        load_fault(l, where, "%.*s stands right after a quoted literal and could become part of it",
                   (int)token->len, token->text);
    else if (!later)
        sql_quotes[param->type](out, value);
    else
        buf_add(out, token->text, token->len);
    if (later)
        later_used(l, where, later);
}

static const char *quote_word(enum sql_token_kind kind)
{
    return kind == SQL_COMMENT      ? "a comment"
           : kind == SQL_IDENTIFIER ? "a quoted identifier"
                                    : "a quoted literal";
}

static void refuse_quoted(struct loader *l, const struct json *where, enum sql_token_kind kind)
{
    load_fault(l, where, "${ stands inside %s, where its value would be quoted twice", quote_word(kind));
}

/* Inside quotes only "$${" means something. */
static void resolve_quoted(struct loader *l, const struct json *where, const struct sql_token *token,
                           struct buf *out)
{
    size_t done = 0;
    if (token->unterminated)
        load_fault(l, where, "%s is not closed in this SQL", quote_word(token->kind));
    else if (token->divides)
        load_fault(l, where,
                   "a quote or a comment inside a comment that some servers execute holds \"/*\" or \"*/\": "
                   "for the others it ends elsewhere");
    for (size_t i = token->body; i + 1 < token->len; i++) {
        if (token->text[i] != '$' || (token->text[i + 1] != '{' && token->text[i + 1] != '$'))
            continue;
        if (token->text[i + 1] == '{') {
            refuse_quoted(l, where, token->kind);
            return;
        }
        if (i + 2 < token->len && token->text[i + 2] == '{') {
            buf_add(out, token->text + done, i - done);
            done = ++i; /* keep "${" */
        }
    }
    buf_add(out, token->text + done, token->len - done);
}

static const enum landing of_engines[TARGET_ENGINE_COUNT] = {
    [ENGINE_POSTGRESQL] = LAND_POSTGRESQL,
    [ENGINE_MYSQL] = LAND_MYSQL,
    [ENGINE_MARIADB] = LAND_MARIADB,
};

static struct sql_scan scan_of(const char *text, enum landing landing)
{
    struct sql_scan scan = { .text = text };
    while (of_engines[scan.engine] != landing)
        scan.engine++;
    return scan;
}

static void resolve_sql(struct loader *l, const struct json *where, const char *text, enum landing landing,
                        struct buf *out)
{
    enum sql_token_kind last = SQL_SEMICOLON; /* that was neither space nor comment */
    struct sql_scan scan = scan_of(text, landing);
    struct sql_token token;
    while (!out->overflow && sql_next(&scan, &token)) {
        switch (token.kind) {
        case SQL_PARAM:
            if (token.perhaps)
                refuse_quoted(l, where, SQL_COMMENT);
            else
                resolve_sql_param(l, where, text, &token, last, out);
            break;
        case SQL_COMMENT:
        case SQL_LITERAL:
        case SQL_IDENTIFIER:
        case SQL_DOLLAR:
            resolve_quoted(l, where, &token, out);
            break;
        case SQL_SPACE:
        case SQL_WORD:
        case SQL_SEMICOLON:
        case SQL_OTHER:
            buf_add(out, token.text, token.len);
            break;
        }
        if (token.kind != SQL_SPACE && token.kind != SQL_COMMENT)
            last = token.kind;
    }
}

/* ---- all ---- */

static const struct {
    void (*resolve)(struct loader *l, const struct json *where, const char *text, enum landing landing,
                    struct buf *out);
    bool many_lines;
    bool sql;
} landings[LANDING_COUNT] = {
    [LAND_LINE] = { resolve_plain, false, false },    [LAND_TEXT] = { resolve_plain, true, false },
    [LAND_ARGUMENT] = { resolve_plain, true, false }, [LAND_URL] = { resolve_plain, true, false },
    [LAND_POSTGRESQL] = { resolve_sql, true, true },  [LAND_MYSQL] = { resolve_sql, true, true },
    [LAND_MARIADB] = { resolve_sql, true, true },
};

enum target_engine engine_of(const struct loader *l, size_t target)
{
    return target == BOOK_NONE ? ENGINE_POSTGRESQL : l->book->targets[target].engine;
}

enum landing landing_sql(const struct loader *l, size_t target)
{
    return of_engines[engine_of(l, target)];
}

/* Whoever reads a text before approving it must see all of it. */
static void refuse_controls(struct loader *l, const struct json *where, const char *text, bool many_lines)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0; /* U+0080 to U+009F */
        if ((*c >= 0x20 && *c != 0x7f && !c1) || (*c == '\n' && many_lines))
            continue;
        load_fault(l, where, "a control character (U+%04X) in a text that is shown", c1 ? c[1] : c[0]);
        return;
    }
}

const char *resolve(struct loader *l, const struct json *where, const char *text, enum landing landing)
{
    struct buf out;
    if (!text)
        return NULL;
    refuse_controls(l, where, text, landings[landing].many_lines);
    if (!landings[landing].sql && !strstr(text, "${"))
        return text;
    buf_init(&out, RESOLVED_MAX < l->resolved_left ? RESOLVED_MAX : l->resolved_left);
    landings[landing].resolve(l, where, text, landing, &out);
    if (out.overflow)
        load_fault(l, where, "too long, or the params make the texts of this book too long");
    const char *resolved = out.overflow ? text : arena_text_len(l->arena, buf_str(&out), out.len);
    l->resolved_left -= out.overflow ? 0 : out.len;
    buf_finish(&out);
    return resolved;
}

void resolve_nothing(struct loader *l, const struct json *value)
{
    if (value->type == JSON_TEXT) {
        size_t len;
        refuse_controls(l, value, value->text, true);
        for (const char *at = value->text; (at = strstr(at, "${")) != NULL; at += len) {
            len = 2;
            if ((at == value->text || at[-1] != '$') && !is_later(l, at))
                (void)reference(l, value, at, &len); /* a fault is all that can come of it */
        }
    }
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT) {
        for (size_t i = 0; i < value->count; i++)
            resolve_nothing(l, &value->items[i]);
    }
}

const struct param *resolve_secret(struct loader *l, const char *text)
{
    char name[65];
    if (!text_starts(text, "${") || reference_name(text, name) != strlen(text))
        return NULL;
    struct param *param = param_find(l, name);
    if (!param || param->type != PARAM_SECRET)
        return NULL;
    param->used = true;
    return param;
}
