#include "term/term.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "private.h"

#define FALLBACK_ROWS    24
#define FALLBACK_COLUMNS 80

static struct {
    SCREEN *screen;
    FILE *output; /* curses' own; its descriptor leads into the frame file */
} term;

/* Terminals whose fonts have few glyphs beyond ASCII, whatever the locale says. */
static const char *const poor_fonts[] = { "linux", "vt100", "vt220", "ansi", "dumb" };

bool term_is_utf8(void)
{
    const char *name = getenv("TERM");
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(poor_fonts); i++) {
        if (strcmp(name, poor_fonts[i]) == 0)
            return false;
    }
    (void)setlocale(LC_CTYPE, ""); /* an unknown locale leaves "C", and then the answer is no */
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* A capability's bytes without its padding ("$<5>"); nothing when the terminal has none of that name. */
static void add_capability(struct buf *buf, const char *name)
{
    const char *text = capability(name);
    while (text != NULL && *text != '\0') {
        const char *padding = strstr(text, "$<");
        size_t len = padding != NULL ? (size_t)(padding - text) : strlen(text);
        buf_add(buf, text, len);
        text += len;
        const char *end = padding != NULL ? strchr(padding, '>') : NULL;
        if (end != NULL)
            text = end + 1;
        else if (padding != NULL)
            return;
    }
}

/* Everything that takes back what we and curses switch on, in the order in which a terminal can bear it. */
static void way_back(struct buf *buf)
{
    static const char sync_off[] = "\033[?2026l";
    static const char mouse_off[] = "\033[?1006l\033[?1003l\033[?1002l\033[?1000l";
    buf_text(buf, sync_off);
    if (capability("kmous") != NULL)
        buf_text(buf, mouse_off);
    add_capability(buf, "sgr0");
    add_capability(buf, "op");
    add_capability(buf, "cnorm");
    add_capability(buf, "rmkx");
    if (capability("rmcup") != NULL)
        add_capability(buf, "rmcup");
    else
        buf_text(buf, "\r\n");
}

static int check_capabilities(struct err *err)
{
    static const char *const needed[] = { "cup", "clear" };
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (capability(needed[i]) == NULL)
            return err_set(
                err, ERR_ENVIRONMENT,
                "the terminal \"%s\" cannot move its cursor (no \"%s\"): set TERM, or use `tminus do` "
                "and `tminus status --follow`",
                getenv("TERM") != NULL ? getenv("TERM") : "", needed[i]);
    }
    return 0;
}

/* curses sets handlers of its own; those that are not ours to lose are put back. */
static const int curses_signals[] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };

static int start_curses(struct err *err)
{
    struct sigaction before[ARRAY_LEN(curses_signals)];
    int fd = dup(STDOUT_FILENO);
    term.output = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (term.output == NULL)
        return err_set_errno(err, ERR_ENVIRONMENT, errno, "cannot open the terminal a second time");
    for (size_t i = 0; i < ARRAY_LEN(curses_signals); i++)
        sigaction(curses_signals[i], NULL, &before[i]);
    term.screen = newterm(NULL, term.output, stdin);
    for (size_t i = 0; i < ARRAY_LEN(curses_signals); i++)
        sigaction(curses_signals[i], &before[i], NULL);
    if (term.screen == NULL)
        return err_set(err, ERR_ENVIRONMENT,
                       "the terminal type \"%s\" (TERM) is not known here: set TERM=xterm-256color, or use "
                       "`tminus do` and `tminus status --follow`",
                       getenv("TERM") != NULL ? getenv("TERM") : "");
    return check_capabilities(err);
}

/* The terminal's part of opening, after which every way out has something to put back. */
static int take_over(const struct term_options *options, const struct termios *modes, struct err *err)
{
    struct buf back;
    buf_init(&back, 1024);
    way_back(&back);
    restore_arm(STDOUT_FILENO, modes, buf_str(&back), back.len);
    buf_finish(&back);
    raw();
    noecho();
    nonl();
    typeahead(-1); /* a frame is never cut short because somebody types */
    int r = frame_capture(fileno(term.output), err);
    if (r < 0)
        return r;
    colors_init(options->theme != NULL ? options->theme : theme_monochrome(),
                colors_depth(options->no_color));
    input_open();
    (void)fputs(mouse_wanted(), term.output); /* goes out with the first frame */
    (void)fflush(term.output);
    int rows, columns;
    term_size(&rows, &columns);
    return 0;
}

int term_open(const struct term_options *options, struct err *err)
{
    struct termios modes;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &modes) < 0)
        return err_set(
            err, ERR_ENVIRONMENT,
            "standard input and output are no terminal: use `tminus do` and `tminus status --follow`");
    (void)setlocale(LC_CTYPE, "");
    int r = start_curses(err);
    if (r >= 0)
        r = take_over(options, &modes, err);
    if (r < 0)
        term_close();
    return r;
}

void term_close(void)
{
    term_restore();
    restore_disarm();
    input_close();
    if (term.screen != NULL) {
        endwin(); /* says its goodbyes into the frame file, or into a terminal that was restored already */
        delscreen(term.screen);
    }
    term.screen = NULL;
    if (term.output != NULL)
        fclose(term.output);
    term.output = NULL;
    frame_release();
    paint_forget();
}

void term_size(int *ret_rows, int *ret_columns)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
    *ret_rows = known ? size.ws_row : FALLBACK_ROWS;
    *ret_columns = known ? size.ws_col : FALLBACK_COLUMNS;
    if (term.screen != NULL && (LINES != *ret_rows || COLS != *ret_columns)) {
        (void)resize_term(*ret_rows, *ret_columns); /* fails without memory only: then it paints what fits */
        term_invalidate();
    }
}

void term_invalidate(void)
{
    paint_forget();
    if (term.screen != NULL)
        clearok(curscr, TRUE);
}

void term_bell(void)
{
    if (write(STDOUT_FILENO, "\a", 1) < 0)
        return; /* the next frame finds out that the terminal is gone */
}
