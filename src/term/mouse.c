#include "base/text.h"
#include "private.h"

/*
 * curses reads a report of the mouse to its end as soon as it has seen the beginning, and waits for bytes
 * that may never come: a report that was cut, on the line or by a paste, would stop the screen. So curses
 * only tells that one begins, and what follows is taken as it comes.
 *
 * SGR (1006): ESC [ < button ; column ; row M, with m in place of M for a release. The old one: ESC [ M and
 * three bytes, 32 more than button, column and row. Source: xterm's "Control Sequences", Mouse Tracking.
 */

#define KEY_SGR  (KEY_MAX + 1)
#define KEY_OLD  (KEY_MAX + 2)
#define CELL_MAX 9999

enum { BUTTON, COLUMN, ROW, NUMBERS };

static struct {
    int kind; /* KEY_SGR, KEY_OLD; 0: none has begun */
    int at;
    int numbers[NUMBERS];
} report;

static const struct {
    int button;
    enum ui_key_code code;
} buttons[] = { { 0, KEY_CODE_MOUSE }, { 64, KEY_CODE_WHEEL_UP }, { 65, KEY_CODE_WHEEL_DOWN } };

void mouse_open(void)
{
    report.kind = 0;
    (void)define_key("\033[<", KEY_SGR); /* fails for an empty text only */
    (void)define_key("\033[M", KEY_OLD);
}

const char *mouse_wanted(void)
{
    return capability("kmous") != NULL ? "\033[?1000h\033[?1006h" : "";
}

bool mouse_begins(int code)
{
    if (code != KEY_SGR && code != KEY_OLD)
        return false;
    report.kind = code;
    report.at = BUTTON;
    report.numbers[BUTTON] = report.numbers[COLUMN] = report.numbers[ROW] = 0;
    return true;
}

/* Cells are counted from 1. A button that is let go, moved or held with a key means nothing here. */
static enum mouse_step finish(bool pressed, struct ui_key *ret)
{
    report.kind = 0;
    if (!pressed || report.numbers[COLUMN] < 1 || report.numbers[ROW] < 1)
        return MOUSE_TAKEN;
    for (size_t i = 0; i < ARRAY_LEN(buttons); i++) {
        if (buttons[i].button != report.numbers[BUTTON])
            continue;
        *ret = (struct ui_key){ buttons[i].code, report.numbers[ROW] - 1, report.numbers[COLUMN] - 1 };
        return MOUSE_PRESSED;
    }
    return MOUSE_TAKEN;
}

static enum mouse_step sgr_byte(int byte, struct ui_key *ret)
{
    int *number = &report.numbers[report.at];
    if (byte >= '0' && byte <= '9' && *number <= CELL_MAX) {
        *number = *number * 10 + (byte - '0');
        return MOUSE_TAKEN;
    }
    if (byte == ';' && report.at < ROW) {
        report.at++;
        return MOUSE_TAKEN;
    }
    if ((byte == 'M' || byte == 'm') && report.at == ROW)
        return finish(byte == 'M', ret);
    report.kind = 0;
    return MOUSE_NOT_PART;
}

static enum mouse_step old_byte(int byte, struct ui_key *ret)
{
    if (byte < 32 || byte > 255) {
        report.kind = 0;
        return MOUSE_NOT_PART;
    }
    report.numbers[report.at] = byte - 32;
    return report.at++ == ROW ? finish(true, ret) : MOUSE_TAKEN;
}

enum mouse_step mouse_byte(int key, struct ui_key *ret)
{
    if (report.kind == 0)
        return MOUSE_NOT_PART;
    return report.kind == KEY_SGR ? sgr_byte(key, ret) : old_byte(key, ret);
}
