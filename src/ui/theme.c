#include "ui/theme.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define THEME_FORMAT 1

static const char *const role_words[] = {
#define X(name, word) [name] = word,
    ROLES(X)
#undef X
};

static const struct {
    const char *word;
    enum theme_attribute attribute;
} attribute_words[] = {
    { "bold", THEME_BOLD }, { "underline", THEME_UNDERLINE }, { "reverse", THEME_REVERSE },
    { "dim", THEME_DIM },   { "italic", THEME_ITALIC },
};

/* In the order of their numbers on every terminal. */
static const char *const color16_words[] = {
    "black",        "red",           "green",       "yellow",         "blue",
    "magenta",      "cyan",          "white",       "bright-black",   "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
    "bright-white",
};

struct theme_file {
    int64_t format;
    const char *name;
    const struct json *styles;
};

static const struct json_field file_fields[] = {
    { .key = "tminus_theme",
      .kind = JSON_FIELD_INTEGER,
      .offset = offsetof(struct theme_file, format),
      .flags = JSON_REQUIRED,
      .min = THEME_FORMAT,
      .max = THEME_FORMAT,
      .help = "version of this format" },
    { .key = "name",
      .kind = JSON_FIELD_ID,
      .offset = offsetof(struct theme_file, name),
      .flags = JSON_REQUIRED,
      .help = "what the theme is called" },
    { .key = "styles",
      .kind = JSON_FIELD_OBJECT,
      .offset = offsetof(struct theme_file, styles),
      .flags = JSON_REQUIRED,
      .help = "one style for each role" },
    { .key = NULL },
};

struct style_file {
    const struct json *foreground, *background, *foreground16, *background16, *attributes;
};

#define STYLE_FIELD(word, member, text)                                                                      \
    {                                                                                                        \
        .key = word, .kind = JSON_FIELD_VALUE, .offset = offsetof(struct style_file, member), .help = text   \
    }
static const struct json_field style_fields[] = {
    STYLE_FIELD("foreground", foreground, "\"#rrggbb\" or \"default\""),
    STYLE_FIELD("background", background, "\"#rrggbb\" or \"default\""),
    STYLE_FIELD("foreground16", foreground16, "its name among the 16 colours, or \"default\""),
    STYLE_FIELD("background16", background16, "its name among the 16 colours, or \"default\""),
    STYLE_FIELD("attributes", attributes, "bold, underline, reverse, dim, italic"),
    { .key = NULL },
};

static void fault_at(struct json_faults *faults, const struct json *value, const char *expected)
{
    if (value->type == JSON_TEXT)
        json_fault_add(faults, value->line, value->column, "\"%s\" is not %s", value->text, expected);
    else
        json_fault_add(faults, value->line, value->column, "expected %s, found %s", expected,
                       json_type_word(value->type));
}

/* A colour that is not there is the terminal's own. */
static void decode_rgb(const struct json *value, int *ret_color, struct json_faults *faults)
{
    *ret_color = THEME_DEFAULT_COLOR;
    if (value == NULL || (value->type == JSON_TEXT && strcmp(value->text, "default") == 0))
        return;
    if (value->type == JSON_TEXT && value->text[0] == '#' && strlen(value->text) == 7 &&
        strspn(value->text + 1, "0123456789abcdefABCDEF") == 6)
        *ret_color = (int)strtol(value->text + 1, NULL, 16);
    else
        fault_at(faults, value, "a colour: \"#rrggbb\" or \"default\"");
}

static void decode_color16(const struct json *value, int *ret_color, struct json_faults *faults)
{
    *ret_color = THEME_DEFAULT_COLOR;
    if (value == NULL || (value->type == JSON_TEXT && strcmp(value->text, "default") == 0))
        return;
    for (size_t i = 0; value->type == JSON_TEXT && i < ARRAY_LEN(color16_words); i++) {
        if (strcmp(value->text, color16_words[i]) == 0) {
            *ret_color = (int)i;
            return;
        }
    }
    fault_at(faults, value, "one of the 16 colours (\"black\" ... \"bright-white\") or \"default\"");
}

static void decode_attribute(const struct json *value, unsigned *attributes, struct json_faults *faults)
{
    for (size_t i = 0; value->type == JSON_TEXT && i < ARRAY_LEN(attribute_words); i++) {
        if (strcmp(value->text, attribute_words[i].word) == 0) {
            *attributes |= attribute_words[i].attribute;
            return;
        }
    }
    fault_at(faults, value, "an attribute: bold, underline, reverse, dim, italic");
}

static void decode_style(struct arena *arena, const struct json *value, struct theme_style *style,
                         struct json_faults *faults)
{
    struct style_file file = { 0 };
    if (json_decode(arena, value, style_fields, &file, "style", faults) < 0)
        return;
    decode_rgb(file.foreground, &style->foreground, faults);
    decode_rgb(file.background, &style->background, faults);
    decode_color16(file.foreground16, &style->foreground16, faults);
    decode_color16(file.background16, &style->background16, faults);
    if (file.attributes == NULL)
        return;
    if (file.attributes->type != JSON_ARRAY) {
        fault_at(faults, file.attributes, "an array of attributes");
        return;
    }
    for (size_t i = 0; i < file.attributes->count; i++)
        decode_attribute(&file.attributes->items[i], &style->attributes, faults);
}

static void decode_styles(struct arena *arena, const struct json *styles, struct theme *theme,
                          struct json_faults *faults)
{
    for (size_t i = 0; i < styles->count; i++) {
        const struct json *member = &styles->items[i];
        size_t role = 0;
        while (role < ROLE_STYLE_COUNT && strcmp(role_words[role], member->key) != 0)
            role++;
        if (role < ROLE_STYLE_COUNT) {
            decode_style(arena, member, &theme->styles[role], faults);
            continue;
        }
        const char *near = text_nearest(member->key, role_words, ROLE_STYLE_COUNT);
        json_fault_add(faults, member->key_line, member->key_column, "unknown role \"%s\"%s%s%s", member->key,
                       near != NULL ? ": did you mean \"" : "", near != NULL ? near : "",
                       near != NULL ? "\"?" : "");
    }
    for (size_t role = 0; role < ROLE_STYLE_COUNT; role++) {
        if (json_member(styles, role_words[role]) == NULL)
            json_fault_add(faults, styles->line, styles->column, "missing role \"%s\"", role_words[role]);
    }
}

const struct theme *theme_load(struct arena *arena, const char *text, size_t len, struct json_faults *faults)
{
    size_t before = faults->count + faults->more;
    const struct json *json = json_parse(arena, text, len, faults);
    struct theme_file file = { 0 };
    if (json == NULL || json_decode(arena, json, file_fields, &file, "theme", faults) < 0)
        return NULL;
    struct theme *theme = arena_alloc(arena, sizeof(*theme));
    theme->name = file.name;
    decode_styles(arena, file.styles, theme, faults);
    return faults->count + faults->more == before ? theme : NULL;
}

#define PLAIN(attributes_)                                                                                   \
    {                                                                                                        \
        THEME_DEFAULT_COLOR, THEME_DEFAULT_COLOR, THEME_DEFAULT_COLOR, THEME_DEFAULT_COLOR, (attributes_)    \
    }
static const struct theme monochrome = {
    .name = "monochrome",
    .styles = {
        [ROLE_TEXT] = PLAIN(0),
        [ROLE_DIM] = PLAIN(THEME_DIM),
        [ROLE_STRONG] = PLAIN(THEME_BOLD),
        [ROLE_HEADER] = PLAIN(THEME_BOLD),
        [ROLE_LIVE] = PLAIN(THEME_BOLD | THEME_REVERSE),
        [ROLE_BORDER] = PLAIN(THEME_DIM),
        [ROLE_FOCUS] = PLAIN(THEME_BOLD | THEME_UNDERLINE),
        [ROLE_SELECTED] = PLAIN(THEME_REVERSE),
        [ROLE_GOOD] = PLAIN(0),
        [ROLE_BUSY] = PLAIN(THEME_BOLD),
        [ROLE_WARN] = PLAIN(THEME_UNDERLINE),
        [ROLE_BAD] = PLAIN(THEME_BOLD | THEME_UNDERLINE),
        [ROLE_UNKNOWN] = PLAIN(THEME_REVERSE),
        [ROLE_LIMIT] = PLAIN(0),
        [ROLE_KEY] = PLAIN(THEME_BOLD),
        [ROLE_PROMPT] = PLAIN(0),
        [ROLE_HELD] = PLAIN(THEME_REVERSE),
        [ROLE_ALARM] = PLAIN(THEME_BOLD | THEME_REVERSE),
    },
};

const struct theme *theme_monochrome(void)
{
    return &monochrome;
}
