#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/text.h"
#include "private.h"

/* A pad, because reading from a window would refresh it. */
static WINDOW *source;

static const struct {
    int curses;
    enum ui_key_code code;
} named[] = {
    { KEY_UP, KEY_CODE_UP },         { KEY_DOWN, KEY_CODE_DOWN },           { KEY_LEFT, KEY_CODE_LEFT },
    { KEY_RIGHT, KEY_CODE_RIGHT },   { KEY_HOME, KEY_CODE_HOME },           { KEY_END, KEY_CODE_END },
    { KEY_PPAGE, KEY_CODE_PAGE_UP }, { KEY_NPAGE, KEY_CODE_PAGE_DOWN },     { KEY_ENTER, KEY_CODE_ENTER },
    { KEY_BTAB, KEY_CODE_BACKTAB },  { KEY_BACKSPACE, KEY_CODE_BACKSPACE }, { KEY_DC, KEY_CODE_DELETE },
};

static const struct {
    int control;
    enum ui_key_code code;
} controls[] = {
    { 3, KEY_CODE_CTRL_C },  { 8, KEY_CODE_BACKSPACE }, { 9, KEY_CODE_TAB },
    { 10, KEY_CODE_ENTER },  { 12, KEY_CODE_CTRL_L },   { 13, KEY_CODE_ENTER },
    { 21, KEY_CODE_CTRL_U }, { 27, KEY_CODE_ESCAPE },   { 127, KEY_CODE_BACKSPACE },
};

void input_open(void)
{
    set_escdelay(25);
    source = newpad(1, 1);
    keypad(source, TRUE);
    nodelay(source, TRUE);
    mouse_open();
}

void input_close(void)
{
    if (source != NULL)
        delwin(source);
    source = NULL;
}

static bool decode_named(int code, struct ui_key *ret)
{
    if (mouse_begins(code))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (named[i].curses == code) {
            *ret = (struct ui_key){ .code = named[i].code };
            return true;
        }
    }
    return false;
}

/* A control key, or a byte of ASCII. */
static bool decode_ascii(int byte, struct ui_key *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(controls); i++) {
        if (controls[i].control == byte) {
            *ret = (struct ui_key){ .code = controls[i].code };
            return true;
        }
    }
    if (byte < 0x20)
        return false; /* a control key that means nothing here */
    *ret = (struct ui_key){ .code = (uint32_t)byte };
    return true;
}

/* Bytes of one character that have come so far. curses would decode them too, but on a broken one it swallows
 * all that is typed after it. */
static struct {
    char bytes[4];
    size_t len;
} partial;

static bool decode_byte(int byte, struct ui_key *ret)
{
    bool continues = (byte & 0xC0) == 0x80;
    if (byte < 0x80) {
        partial.len = 0;
        return decode_ascii(byte, ret);
    }
    if (!continues || partial.len == sizeof(partial.bytes))
        partial.len = 0;
    partial.bytes[partial.len++] = (char)byte;
    uint32_t rune;
    if (text_decode(partial.bytes, partial.len, &rune) < 0)
        return false;
    partial.len = 0;
    if (rune < 0xA0)
        return false; /* C1: no key says that */
    *ret = (struct ui_key){ .code = rune };
    return true;
}

static bool hung_up(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    return poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

bool term_key(struct ui_key *ret, bool *ret_gone)
{
    int key;
    *ret_gone = false;
    while ((key = wgetch(source)) != ERR) {
        enum mouse_step step = mouse_byte(key, ret);
        if (step == MOUSE_PRESSED)
            return true;
        if (step == MOUSE_NOT_PART && (key >= KEY_MIN ? decode_named(key, ret) : decode_byte(key, ret)))
            return true;
    }
    *ret_gone = hung_up();
    return false;
}

void term_flush_input(void)
{
    flushinp();                            /* what curses has read already */
    (void)tcflush(STDIN_FILENO, TCIFLUSH); /* what it has not; fails only when the terminal is gone */
}
