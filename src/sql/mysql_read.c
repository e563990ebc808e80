#include "mysql.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

const struct ddl_token *ddl_peek(const struct ddl_parser *parser, size_t ahead)
{
    size_t last = parser->count - 1;

    return &parser->tokens[parser->at + ahead < last ? parser->at + ahead : last];
}

/* The tokens that `phrase` takes here; 0: it is not here. A word in backticks is a name and never a keyword.
 */
static size_t phrase_length(const struct ddl_parser *parser, const char *phrase)
{
    size_t count = 0;

    while (*phrase) {
        const struct ddl_token *token = ddl_peek(parser, count);
        size_t len = strcspn(phrase, " ");

        if (token->kind != TOKEN_WORD && token->kind != TOKEN_SIGN)
            return 0;
        if (strlen(token->text) != len || strncasecmp(token->text, phrase, len) != 0)
            return 0;
        count++;
        phrase += len + (phrase[len] == ' ');
    }
    return count;
}

bool ddl_is(const struct ddl_parser *parser, const char *phrase)
{
    return phrase_length(parser, phrase) > 0;
}

bool ddl_accept(struct ddl_parser *parser, const char *phrase)
{
    size_t count = phrase_length(parser, phrase);

    parser->at += count;
    return count > 0;
}

bool ddl_fault(struct ddl_parser *parser, const char *expected)
{
    if (!parser->fault) {
        const struct ddl_token *token = ddl_peek(parser, 0);

        parser->fault_at = token;
        if (token->kind == TOKEN_BAD)
            parser->fault = token->text;
        else if (token->kind == TOKEN_END)
            parser->fault = arena_format(parser->arena, "expected %s, found the end", expected);
        else
            parser->fault =
                arena_format(parser->arena, "expected %s, found \"%.60s\"", expected, token->text);
    }
    return false;
}

bool ddl_expect(struct ddl_parser *parser, const char *phrase)
{
    return ddl_accept(parser, phrase) || ddl_fault(parser, phrase);
}

bool ddl_done(const struct ddl_parser *parser)
{
    return ddl_peek(parser, 0)->kind == TOKEN_END;
}

bool ddl_identifier(struct ddl_parser *parser, const char **ret)
{
    const struct ddl_token *token = ddl_peek(parser, 0);

    if ((token->kind != TOKEN_WORD && token->kind != TOKEN_QUOTED) || token->text[0] == '\0')
        return ddl_fault(parser, "a name");
    *ret = token->text;
    parser->at++;
    return true;
}

bool ddl_table_name(struct ddl_parser *parser, struct ddl_name *ret)
{
    ret->schema = "";
    if (!ddl_identifier(parser, &ret->name))
        return false;
    if (ddl_accept(parser, ".")) {
        ret->schema = ret->name;
        return ddl_identifier(parser, &ret->name);
    }
    return true;
}

bool ddl_parentheses(struct ddl_parser *parser, const char **ret_text)
{
    struct buf text;
    size_t depth = 0;

    if (!ddl_is(parser, "("))
        return ddl_fault(parser, "(");
    buf_init(&text, 65536);
    do {
        const struct ddl_token *token = ddl_peek(parser, 0);

        if (token->kind == TOKEN_END || token->kind == TOKEN_BAD) {
            buf_finish(&text);
            return ddl_fault(parser, ")");
        }
        depth += ddl_is(parser, "(");
        depth -= ddl_is(parser, ")");
        if (text.len > 0)
            buf_char(&text, ' ');
        if (token->kind == TOKEN_STRING)
            buf_format(&text, "'%s'", token->text);
        else if (token->kind == TOKEN_QUOTED)
            buf_format(&text, "`%s`", token->text);
        else
            buf_text(&text, token->text);
        parser->at++;
    } while (depth > 0);
    if (ret_text)
        *ret_text = arena_text(parser->arena, buf_str(&text));
    buf_finish(&text);
    return true;
}

/* (a, b(10) DESC, (expression)) */
bool ddl_names_in_parentheses(struct ddl_parser *parser, struct ddl_texts **ret)
{
    if (!ddl_expect(parser, "("))
        return false;
    do {
        struct ddl_texts *text = arena_alloc(parser->arena, sizeof *text);

        text->text = "";
        if (ddl_is(parser, "(")) {
            if (!ddl_parentheses(parser, NULL))
                return false;
        } else if (!ddl_identifier(parser, &text->text)) {
            return false;
        } else if (ddl_is(parser, "(") && !ddl_parentheses(parser, NULL)) {
            return false;
        }
        if (!ddl_accept(parser, "ASC"))
            (void)ddl_accept(parser, "DESC");
        *ret = text;
        ret = &text->next;
    } while (ddl_accept(parser, ","));
    return ddl_expect(parser, ")");
}

char *ddl_lower(struct arena *arena, const char *text)
{
    char *lower = arena_text(arena, text);

    for (char *c = lower; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return lower;
}

bool ddl_same(const char *a, const char *b)
{
    return a && b ? strcasecmp(a, b) == 0 : a == b;
}
