#include "unit.h"

#include "base/file.h"
#include "ui/theme.h"

static const struct theme *load(struct arena *arena, const char *text, struct json_faults *faults)
{
    json_faults_init(faults, arena);
    return theme_load(arena, text, strlen(text), faults);
}

/* Every shipped theme loads; the monochrome one is what the program has built in. */
static void test_shipped(void **state)
{
    (void)state;
    static const char *const names[] = { "dark", "light", "high-contrast", "monochrome" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct arena *arena = arena_create();
        struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
        struct buf text;
        struct err err = ERR_INIT;
        buf_init(&text, JSON_MAX_BYTES);
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s.json", THEMES_DIR, names[i]);
        assert_int_equal(file_read(path, &text, &err), 0);
        const struct theme *theme = load(arena, buf_str(&text), faults);
        assert_non_null(theme);
        assert_string_equal(theme->name, names[i]);
        const struct theme *plain = theme_monochrome();
        for (int role = 0; strcmp(names[i], "monochrome") == 0 && role < ROLE_STYLE_COUNT; role++) {
            assert_int_equal(theme->styles[role].attributes, plain->styles[role].attributes);
            assert_int_equal(theme->styles[role].foreground, THEME_DEFAULT_COLOR);
        }
        /* Bars are drawn with these two: with the background swapped or filled they would be holes. */
        static const enum role_style bars[] = { ROLE_GOOD, ROLE_BAD };
        for (size_t k = 0; k < ARRAY_LEN(bars); k++) {
            assert_false(theme->styles[bars[k]].attributes & THEME_REVERSE);
            assert_int_equal(theme->styles[bars[k]].background, theme->styles[ROLE_TEXT].background);
            assert_int_equal(theme->styles[bars[k]].background16, theme->styles[ROLE_TEXT].background16);
        }
        /* Good, bad and unknown differ by more than nothing, in every depth of colour. */
        assert_int_not_equal(
            theme->styles[ROLE_GOOD].foreground * 32 + (int)theme->styles[ROLE_GOOD].attributes,
            theme->styles[ROLE_BAD].foreground * 32 + (int)theme->styles[ROLE_BAD].attributes);
        buf_finish(&text);
        arena_destroy(arena);
    }
}

#define STYLES(text_style)                                                                                   \
    "{\"tminus_theme\": 1, \"name\": \"x\",\n \"styles\": {\n  \"text\": " text_style ",\n"                  \
    "  \"dim\": {}, \"strong\": {}, \"header\": {}, \"live\": {}, \"border\": {}, \"focus\": {},\n"          \
    "  \"selected\": {}, \"good\": {}, \"busy\": {}, \"warn\": {}, \"bad\": {}, \"unknown\": {},\n"          \
    "  \"limit\": {}, \"key\": {}, \"prompt\": {}, \"held\": {}, \"alarm\": {}}}"

static const struct {
    const char *text;
    int line, column;
    const char *message; /* a part of it; NULL: no fault */
} cases[] = {
    { STYLES("{}"), 0, 0, NULL },
    { STYLES("{\"foreground\": \"#12aBcD\", \"attributes\": [\"bold\", \"dim\"]}"), 0, 0, NULL },
    { STYLES("{\"foreground\": \"default\", \"background16\": \"bright-blue\"}"), 0, 0, NULL },
    { STYLES("{\"foreground\": \"red\"}"), 3, 26, "\"red\" is not a colour" },
    { STYLES("{\"foreground\": \"#12345\"}"), 3, 26, "\"#12345\" is not a colour" },
    { STYLES("{\"foreground\": 7}"), 3, 26, "expected a colour" },
    { STYLES("{\"background16\": \"pink\"}"), 3, 28, "is not one of the 16 colours" },
    { STYLES("{\"attributes\": [\"blink\"]}"), 3, 27, "\"blink\" is not an attribute" },
    { STYLES("{\"attributes\": \"bold\"}"), 3, 26, "an array of attributes" },
    { STYLES("{\"fourground\": \"#000000\"}"), 3, 12, "fourground" },
    { STYLES("{}, \"godo\": {}"), 3, 15, "did you mean \"good\"?" },
    { "{\"tminus_theme\": 1, \"name\": \"x\", \"styles\": {\"text\": {}}}", 1, 44, "missing role \"dim\"" },
    { "{\"tminus_theme\": 2, \"name\": \"x\", \"styles\": {}}", 1, 18, "" },
    { "{\"name\": \"x\", \"styles\": {}}", 1, 1, "tminus_theme" },
    { "{", 1, -1, "" },
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
        const struct theme *theme = load(arena, cases[i].text, faults);
        if (cases[i].message == NULL) {
            assert_non_null(theme);
            assert_int_equal(faults->count, 0);
        } else {
            assert_null(theme);
            assert_true(faults->count > 0);
            if (strstr(faults->list[0].message, cases[i].message) == NULL)
                fail_msg("case %zu: %s", i, faults->list[0].message);
            assert_int_equal(faults->list[0].line, cases[i].line);
            if (cases[i].column >= 0)
                assert_int_equal(faults->list[0].column, cases[i].column);
        }
        arena_destroy(arena);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    const struct theme *theme =
        load(arena,
             STYLES("{\"foreground\": \"#12aBcD\", \"foreground16\": \"bright-white\","
                    "\"attributes\": [\"bold\", \"reverse\"]}"),
             faults);
    assert_non_null(theme);
    assert_int_equal(theme->styles[ROLE_TEXT].foreground, 0x12ABCD);
    assert_int_equal(theme->styles[ROLE_TEXT].background, THEME_DEFAULT_COLOR);
    assert_int_equal(theme->styles[ROLE_TEXT].foreground16, 15);
    assert_int_equal(theme->styles[ROLE_TEXT].attributes, THEME_BOLD | THEME_REVERSE);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
