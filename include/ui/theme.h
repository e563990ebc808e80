/*
 * A theme: data only. For each role a foreground, a background and attributes, in 256-colour or true-colour
 * terms with a fallback for 8 and 16 colours, from a JSON file; see themes/.
 */
#ifndef UI_THEME_H
#define UI_THEME_H

#include "base/mem.h"
#include "json/json.h"
#include "ui/canvas.h"

#define THEME_DEFAULT_COLOR (-1)

enum theme_attribute {
    THEME_BOLD = 1,
    THEME_UNDERLINE = 2,
    THEME_REVERSE = 4,
    THEME_DIM = 8,
    THEME_ITALIC = 16
};

struct theme_style {
    int foreground, background;     /* 0xRRGGBB, THEME_DEFAULT_COLOR */
    int foreground16, background16; /* 0..15, THEME_DEFAULT_COLOR */
    unsigned attributes;
};

struct theme {
    const char *name;
    struct theme_style styles[ROLE_STYLE_COUNT];
};

/* Decodes a theme; every role must be there. NULL and faults else. */
const struct theme *theme_load(struct arena *arena, const char *text, size_t len, struct json_faults *faults);

/* Always there, without any file: attributes only, no colour. */
const struct theme *theme_monochrome(void);

#endif
