#include "tty.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

static int on_property(VTermProp property, VTermValue *value, void *data)
{
    struct pty *pty = data;
    if (property == VTERM_PROP_ALTSCREEN)
        pty->alternate = value->boolean;
    else if (property == VTERM_PROP_CURSORVISIBLE)
        pty->cursor_hidden = !value->boolean;
    return 1;
}

static int on_bell(void *data)
{
    struct pty *pty = data;
    pty->bells++;
    return 1;
}

static const VTermScreenCallbacks callbacks = { .settermprop = on_property, .bell = on_bell };

static void become_terminal_user(const struct pty *pty, const struct pty_options *options)
{
    setsid();
    ioctl(pty->slave, TIOCSCTTY, 0);
    dup2(pty->slave, STDIN_FILENO);
    dup2(pty->slave, STDOUT_FILENO);
    close(pty->master);
    if (pty->slave > STDERR_FILENO)
        close(pty->slave);
    setenv("TERM", options->term, 1);
    setenv("LC_ALL", options->locale, 1);
    unsetenv("LINES");
    unsetenv("COLUMNS");
    for (int signal_number = 1; signal_number < 32; signal_number++)
        signal(signal_number, SIG_DFL);
}

struct pty *pty_start(const struct pty_options *options, int (*run)(void *data), void *data)
{
    struct pty *pty = mem_alloc(sizeof(*pty));
    struct winsize size = { .ws_row = (unsigned short)options->rows,
                            .ws_col = (unsigned short)options->columns };
    if (openpty(&pty->master, &pty->slave, NULL, NULL, &size) < 0) {
        perror("openpty");
        abort();
    }
    tcgetattr(pty->slave, &pty->modes);
    buf_init(&pty->written, 64 * 1024 * 1024);
    pty->vterm = vterm_new(options->rows, options->columns);
    vterm_set_utf8(pty->vterm, 1);
    pty->screen = vterm_obtain_screen(pty->vterm);
    vterm_screen_enable_altscreen(pty->screen, 1);
    vterm_screen_set_callbacks(pty->screen, &callbacks, pty);
    vterm_screen_reset(pty->screen, 1);
    fflush(NULL);
    pty->child = fork();
    if (pty->child == 0) {
        become_terminal_user(pty, options);
        _exit(run(data));
    }
    return pty;
}

void pty_destroy(struct pty *pty)
{
    if (pty->child > 0) {
        kill(pty->child, SIGKILL);
        (void)pty_wait(pty);
    }
    pty_hang_up(pty);
    close(pty->slave);
    vterm_free(pty->vterm);
    buf_finish(&pty->written);
    free(pty);
}

static bool ended(struct pty *pty)
{
    siginfo_t info = { 0 };
    return waitid(P_PID, (id_t)pty->child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pty->child;
}

bool pty_read(struct pty *pty, int timeout_ms, const char *until)
{
    char bytes[65536];
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;;) {
        struct pollfd wait = { .fd = pty->master, .events = POLLIN };
        bool over = ended(pty);
        int ready = poll(&wait, 1, over ? 0 : 20);
        ssize_t got = ready > 0 ? read(pty->master, bytes, sizeof(bytes)) : 0;
        if (got > 0) {
            buf_add(&pty->written, bytes, (size_t)got);
            vterm_input_write(pty->vterm, bytes, (size_t)got);
        }
        if (until != NULL && strstr(buf_str(&pty->written), until) != NULL)
            return true;
        if (over && got <= 0)
            return until == NULL;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 > timeout_ms)
            return false;
    }
}

void pty_type(struct pty *pty, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(pty->master, bytes, len);
        assert(written > 0);
        bytes += written;
        len -= (size_t)written;
    }
}

int pty_wait(struct pty *pty)
{
    int status = 0;
    while (waitpid(pty->child, &status, 0) < 0 && errno == EINTR)
        ;
    pty->child = 0;
    return status;
}

void pty_hang_up(struct pty *pty)
{
    if (pty->master >= 0)
        close(pty->master);
    pty->master = -1;
}

void pty_resize(struct pty *pty, int rows, int columns)
{
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };
    vterm_set_size(pty->vterm, rows, columns);
    ioctl(pty->master, TIOCSWINSZ, &size);
}

void pty_row(struct pty *pty, int row, struct buf *buf)
{
    int rows, columns;
    vterm_get_size(pty->vterm, &rows, &columns);
    size_t end = buf->len;
    for (int column = 0; column < columns;) {
        VTermScreenCell cell;
        vterm_screen_get_cell(pty->screen, (VTermPos){ row, column }, &cell);
        if (cell.chars[0] == 0)
            buf_char(buf, ' ');
        for (size_t i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
            text_encode(buf, cell.chars[i]);
        if (cell.chars[0] != 0 && cell.chars[0] != ' ')
            end = buf->len;
        column += cell.width > 0 ? cell.width : 1;
    }
    buf->len = end;
    if (buf->data != NULL)
        buf->data[end] = '\0';
}

/* Where `text` stands last; -1. */
static long last_place(const char *in, const char *text)
{
    long place = -1;
    for (const char *at = strstr(in, text); at != NULL; at = strstr(at + 1, text))
        place = at - in;
    return place;
}

bool pty_mouse(const struct pty *pty)
{
    return last_place(buf_str(&pty->written), "1000h") > last_place(buf_str(&pty->written), "1000l");
}

bool pty_restored(struct pty *pty)
{
    struct termios now;
    tcgetattr(pty->slave, &now);
    bool modes = now.c_iflag == pty->modes.c_iflag && now.c_oflag == pty->modes.c_oflag &&
                 now.c_lflag == pty->modes.c_lflag && now.c_cflag == pty->modes.c_cflag;
    const char *written = buf_str(&pty->written);
    bool synced = strstr(written, "\033[?2026l") != NULL;
    return modes && synced && !pty->alternate && !pty->cursor_hidden && !pty_mouse(pty);
}
