/*
 * A theme: a whole one or faults, and nothing in it that a terminal could not take.
 */
#include <assert.h>

#include "fuzz.h"
#include "ui/theme.h"

static void check_color(int rgb, int basic)
{
    assert(rgb >= THEME_DEFAULT_COLOR && rgb <= 0xFFFFFF);
    assert(basic >= THEME_DEFAULT_COLOR && basic <= 15);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    struct json_faults faults;
    const struct theme *theme;

    json_faults_init(&faults, arena);
    theme = theme_load(arena, (const char *)data, size, &faults);
    assert((theme != NULL) == (faults.count == 0));
    for (size_t i = 0; theme && i < ROLE_STYLE_COUNT; i++) {
        check_color(theme->styles[i].foreground, theme->styles[i].foreground16);
        check_color(theme->styles[i].background, theme->styles[i].background16);
    }
    arena_destroy(arena);
    return 0;
}
