#include "../ui/unit.h"

#include "../../../src/term/private.h"

static const struct {
    int rgb, color;
} cases[] = {
    { 0x000000, 16 },  { 0xFFFFFF, 231 }, { 0xFF0000, 196 }, { 0x00FF00, 46 },  { 0x0000FF, 21 },
    { 0x5F87AF, 67 },  { 0x808080, 244 }, { 0x080808, 232 }, { 0xEEEEEE, 255 }, { 0x121212, 233 },
    { 0xFF8700, 208 }, { 0x5FAFFF, 75 },  { 0x303030, 236 }, { 0xAF5F00, 130 },
};

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (color_nearest_256(cases[i].rgb) != cases[i].color)
            fail_msg("%06x: %d instead of %d", (unsigned)cases[i].rgb, color_nearest_256(cases[i].rgb),
                     cases[i].color);
    }
}

static int rgb_of(int color)
{
    static const int levels[] = { 0, 95, 135, 175, 215, 255 };
    if (color >= 232)
        return (8 + 10 * (color - 232)) * 0x010101;
    color -= 16;
    return levels[color / 36] << 16 | levels[color / 6 % 6] << 8 | levels[color % 6];
}

static int distance(int a, int b)
{
    int sum = 0;
    for (int shift = 0; shift < 24; shift += 8)
        sum += ((a >> shift & 0xFF) - (b >> shift & 0xFF)) * ((a >> shift & 0xFF) - (b >> shift & 0xFF));
    return sum;
}

/* No colour of the palette is nearer than the one that is chosen. */
static void test_nearest(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525 + 1013904223;
        int rgb = (int)(seed >> 8);
        int chosen = distance(rgb, rgb_of(color_nearest_256(rgb)));
        for (int color = 16; color < 256; color++) {
            if (distance(rgb, rgb_of(color)) < chosen)
                fail_msg("%06x: %d is nearer than %d", (unsigned)rgb, color, color_nearest_256(rgb));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
