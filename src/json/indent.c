#include "json/json.h"

#include <string.h>

#define LINE_MAX_COLUMNS 110

/* What is being laid out: canonical JSON, which has no white space outside its texts. */
struct layout {
    struct buf *out;
    const char *at;
    unsigned depth;
    size_t line; /* where in `out` the line begins */
};

static size_t text_length(const char *at)
{
    size_t len = 1;
    while (at[len] != '"')
        len += at[len] == '\\' ? 2 : 1;
    return len + 1;
}

static bool opens(char c)
{
    return c == '{' || c == '[';
}

static bool closes(char c)
{
    return c == '}' || c == ']';
}

/* How long the object or array at `at` becomes on one line. */
static size_t width_of(const char *at)
{
    size_t width = 0;
    unsigned depth = 0;
    do {
        size_t len = *at == '"' ? text_length(at) : 1;
        depth += opens(*at) ? 1 : 0;
        depth -= closes(*at) ? 1 : 0;
        width += len + (strchr(",:{}", *at) != NULL ? 1 : 0); /* a space beside each */
        at += len;
    } while (depth > 0);
    return width;
}

static void break_line(struct layout *layout)
{
    buf_char(layout->out, '\n');
    layout->line = layout->out->len;
    buf_format(layout->out, "%*s", (int)(2 * layout->depth), "");
}

/* Up to the end of the object or array, on one line. */
static void put_line(struct layout *layout)
{
    unsigned depth = 0;
    do {
        const char *at = layout->at;
        size_t len = *at == '"' ? text_length(at) : 1;
        depth += opens(*at) ? 1 : 0;
        depth -= closes(*at) ? 1 : 0;
        if (*at == '}' && at[-1] != '{')
            buf_char(layout->out, ' ');
        buf_add(layout->out, at, len);
        if (*at == ',' || *at == ':' || (*at == '{' && at[1] != '}'))
            buf_char(layout->out, ' ');
        layout->at += len;
    } while (depth > 0);
}

static void put_bracket(struct layout *layout)
{
    bool opening = opens(*layout->at);
    size_t column = layout->out->len - layout->line;
    if (opening && (closes(layout->at[1]) || column + width_of(layout->at) <= LINE_MAX_COLUMNS)) {
        put_line(layout);
        return;
    }
    layout->depth += opening ? 1 : 0;
    layout->depth -= opening ? 0 : 1;
    if (!opening)
        break_line(layout);
    buf_char(layout->out, *layout->at++);
    if (opening)
        break_line(layout);
}

void json_indent(struct buf *out, const char *canonical)
{
    struct layout layout = { .out = out, .at = canonical, .line = out->len };
    while (*layout.at != '\0') {
        char c = *layout.at;
        if (opens(c) || closes(c)) {
            put_bracket(&layout);
            continue;
        }
        size_t len = c == '"' ? text_length(layout.at) : 1;
        buf_add(out, layout.at, len);
        layout.at += len;
        if (c == ':')
            buf_char(out, ' ');
        if (c == ',')
            break_line(&layout);
    }
    buf_char(out, '\n');
}
