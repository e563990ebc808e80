#include "private.h"

static struct look looks[ROLE_STYLE_COUNT];

enum color_depth colors_depth(bool no_color)
{
    int colors = no_color ? 0 : capability_number("colors"); /* COLORS is not there before start_color */
    if (colors >= 1 << 24 && capability_flag("RGB"))
        return COLORS_DIRECT;
    if (colors >= 256)
        return COLORS_256;
    return colors >= 16 ? COLORS_16 : colors >= 8 ? COLORS_8 : COLORS_NONE;
}

/* The cube of xterm has 0 and then steps of 40 from 95 on; the greys are 8, 18, ... 238. */
static int cube_level(int value)
{
    return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;
}

static int cube_value(int level)
{
    return level == 0 ? 0 : 55 + 40 * level;
}

static int square(int value)
{
    return value * value;
}

static int distance(int rgb, int red, int green, int blue)
{
    return square((rgb >> 16 & 0xFF) - red) + square((rgb >> 8 & 0xFF) - green) + square((rgb & 0xFF) - blue);
}

int color_nearest_256(int rgb)
{
    int red = cube_level(rgb >> 16 & 0xFF);
    int green = cube_level(rgb >> 8 & 0xFF);
    int blue = cube_level(rgb & 0xFF);
    int mean = ((rgb >> 16 & 0xFF) + (rgb >> 8 & 0xFF) + (rgb & 0xFF)) / 3;
    int grey = mean < 8 ? 0 : mean > 238 ? 23 : (mean - 3) / 10;
    int grey_value = 8 + 10 * grey;
    int cube_distance = distance(rgb, cube_value(red), cube_value(green), cube_value(blue));
    if (distance(rgb, grey_value, grey_value, grey_value) < cube_distance)
        return 232 + grey;
    return 16 + 36 * red + 6 * green + blue;
}

/* A theme's colour as the terminal knows it; -1: its own. */
static int color_of(int rgb, int color16, enum color_depth depth)
{
    switch (depth) {
    case COLORS_DIRECT:
        return rgb;
    case COLORS_256:
        return rgb == THEME_DEFAULT_COLOR ? -1 : color_nearest_256(rgb);
    case COLORS_16:
        return color16;
    case COLORS_8:
        return color16 == THEME_DEFAULT_COLOR ? -1 : color16 & 7;
    case COLORS_NONE:
        break;
    }
    return -1;
}

static attr_t attributes_of(const struct theme_style *style)
{
    static const struct {
        enum theme_attribute attribute;
        attr_t curses;
    } rows[] = {
        { THEME_BOLD, A_BOLD }, { THEME_UNDERLINE, A_UNDERLINE }, { THEME_REVERSE, A_REVERSE },
        { THEME_DIM, A_DIM },   { THEME_ITALIC, A_ITALIC },
    };
    attr_t attributes = A_NORMAL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (style->attributes & rows[i].attribute)
            attributes |= rows[i].curses;
    }
    return attributes;
}

#define BRIGHT       8
#define BRIGHT_BLACK 8

static void init_role(int role, const struct theme_style *style, enum color_depth depth)
{
    int foreground = color_of(style->foreground, style->foreground16, depth);
    int background = color_of(style->background, style->background16, depth);
    struct look *look = &looks[role];
    look->attributes = attributes_of(style);
    look->pair = 0;
    if (depth == COLORS_8 && style->foreground16 == BRIGHT_BLACK) {
        foreground = -1; /* as black it could not be seen */
        look->attributes |= A_DIM;
    } else if (depth == COLORS_8 && style->foreground16 >= BRIGHT) {
        look->attributes |= A_BOLD;
    }
    if (depth == COLORS_NONE || (foreground < 0 && background < 0))
        return;
    look->pair = (short)(role + 1);
    if (init_extended_pair(look->pair, foreground, background) == ERR)
        look->pair = 0; /* fewer pairs than roles: plain, but readable */
}

void colors_init(const struct theme *theme, enum color_depth depth)
{
    /* Without colours a theme made of colours alone would say nothing. */
    const struct theme *used = depth == COLORS_NONE ? theme_monochrome() : theme;
    if (depth != COLORS_NONE) {
        start_color();
        use_default_colors();
    }
    for (int role = 0; role < ROLE_STYLE_COUNT; role++)
        init_role(role, &used->styles[role], depth);
}

const struct look *colors_look(uint8_t style)
{
    return &looks[style < ROLE_STYLE_COUNT ? style : ROLE_TEXT];
}
