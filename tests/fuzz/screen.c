/*
 * Keys, with time passing and the terminal changing its size between them, on the screen of a run. Two bytes
 * are one thing that happens. Nothing that is drawn is a control character, and no key can ask for more than
 * a person could.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/ui/scene.h"
#include "fuzz.h"

static const char *const moments[] = { "opened", "gate", "swapping", "held", "unknown", "trigger" };

static const struct {
    int rows, columns;
} sizes[] = { { 24, 80 }, { 40, 120 }, { 5, 20 }, { 60, 200 }, { 15, 60 }, { 1, 1 } };

/* The first 40 stand for keys with a name, the rest for a character. */
static void press(struct scene *scene, uint8_t what, uint8_t with)
{
    struct ui_key key = { .code = what, .row = with % 64, .column = with };

    if (what < 40)
        key.code = KEY_CODE_UP + what % (KEY_CODE_WHEEL_DOWN - KEY_CODE_UP + 1);
    else if (what >= 0x7F)
        key.code = 0x100u + what * 256u + with;
    ui_key(scene->ui, &key, scene->now);
}

static void check_drawn(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        assert(c == '\n' || (c >= 0x20 && c != 0x7F));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene *scene;
    size_t shape = 0;

    if (size < 2 || size > 512)
        return 0;
    scene = moment_play(moments[data[0] % (sizeof(moments) / sizeof(moments[0]))], data[1] & 1);
    assert(scene);
    for (size_t i = 2; i + 1 < size; i += 2) {
        if (data[i] == 0xFF)
            scene_wait(scene, data[i + 1] * (int64_t)10000);
        else if (data[i] == 0xFE)
            shape = data[i + 1] % (sizeof(sizes) / sizeof(sizes[0]));
        else
            press(scene, data[i], data[i + 1]);
        if (data[i] >= 0xFE || i + 3 >= size)
            check_drawn(scene_draw(scene, sizes[shape].rows, sizes[shape].columns));
        scene_carry_out(scene);
    }
    scene_destroy(scene);
    return 0;
}
