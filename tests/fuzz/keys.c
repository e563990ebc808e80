/*
 * Bytes that a terminal sends, through curses and a terminal of our own. Every key is a character that can be
 * typed or one that has a name; none is lost to a loop.
 */
#include <assert.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"
#include "term/term.h"

/* Less than a terminal holds for a reader that does not come. */
#define BYTES_MAX 1024

static int master = -1;

static void open_once(void)
{
    struct term_options options = { .theme = theme_monochrome() };
    struct winsize size = { .ws_row = 24, .ws_col = 80 };
    struct err err = ERR_INIT;
    int slave;

    if (master >= 0)
        return;
    assert(openpty(&master, &slave, NULL, NULL, &size) == 0);
    assert(dup2(slave, STDIN_FILENO) >= 0 && dup2(slave, STDOUT_FILENO) >= 0);
    close(slave);
    assert(setenv("TERM", "xterm-256color", 1) == 0);
    if (term_open(&options, &err) < 0)
        abort();
}

static void check(const struct ui_key *key)
{
    bool named = key->code >= KEY_CODE_UP && key->code <= KEY_CODE_WHEEL_DOWN;
    bool typed = key->code >= 0x20 && key->code < 0x110000 && key->code != 0x7F &&
                 !(key->code >= 0x80 && key->code < 0xA0) && !(key->code >= 0xD800 && key->code < 0xE000);

    assert(named || typed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ui_key key;
    struct err err = ERR_INIT;
    bool gone = false;
    size_t count = 0;

    open_once();
    if (size > BYTES_MAX)
        size = BYTES_MAX;
    if (fd_write_all(master, data, size, &err) < 0)
        abort();
    while (term_key(&key, &gone)) {
        check(&key);
        assert(++count <= size);
    }
    assert(!gone);
    term_flush_input();
    return 0;
}
