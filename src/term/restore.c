/*
 * Putting the terminal back on every way out. What runs in a signal handler here is write, tcsetattr,
 * sigaction and raise, all async-signal-safe, on bytes that were made ready before.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

#define RESTORE_BYTES_MAX 512
#define STACK_BYTES       (64 * 1024) /* for handlers: a stack that overflowed cannot run them */

static const int fatal[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGHUP, SIGQUIT };

static struct {
    volatile sig_atomic_t armed;
    int fd;
    pid_t owner; /* a child that was forked must not restore its parent's terminal */
    struct termios modes;
    char bytes[RESTORE_BYTES_MAX];
    size_t len;
    bool installed;
    struct sigaction old[ARRAY_LEN(fatal)];
} restore;

static char handler_stack[STACK_BYTES];

void term_restore(void)
{
    if (!restore.armed || getpid() != restore.owner)
        return;
    restore.armed = 0;
    int saved_errno = errno;
    /* In the background these two would stop us; the terminal is to be put back all the same. */
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    sigprocmask(SIG_BLOCK, &stop, &before);
    for (size_t at = 0; at < restore.len;) {
        ssize_t written = write(restore.fd, restore.bytes + at, restore.len - at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break; /* the terminal is gone: nobody is left to see it */
        at += (size_t)written;
    }
    (void)tcsetattr(restore.fd, TCSANOW, &restore.modes); /* the same */
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = saved_errno;
}

static void on_fatal(int signal_number)
{
    term_restore();
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
        if (fatal[i] == signal_number)
            sigaction(signal_number, &restore.old[i], NULL);
    }
    raise(signal_number); /* takes its old effect when the handler returns */
}

static void install(void)
{
    stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof(handler_stack) };
    (void)sigaltstack(&stack, NULL); /* without it only a stack overflow leaves the terminal as it is */
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
        struct sigaction action = { .sa_handler = on_fatal, .sa_flags = SA_ONSTACK };
        sigemptyset(&action.sa_mask);
        sigaction(fatal[i], NULL, &restore.old[i]);
        if (restore.old[i].sa_handler != SIG_IGN) /* nohup stays nohup */
            sigaction(fatal[i], &action, NULL);
    }
    restore.installed = true;
}

void restore_arm(int fd, const struct termios *modes, const char *bytes, size_t len)
{
    static bool at_exit;
    restore.armed = 0;
    restore.fd = fd;
    restore.owner = getpid();
    restore.modes = *modes;
    restore.len = len < sizeof(restore.bytes) ? len : sizeof(restore.bytes);
    memcpy(restore.bytes, bytes, restore.len);
    if (!at_exit)
        at_exit = atexit(term_restore) == 0;
    if (!restore.installed)
        install();
    restore.armed = 1;
}

void restore_disarm(void)
{
    if (!restore.installed)
        return;
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        sigaction(fatal[i], &restore.old[i], NULL);
    restore.installed = false;
}
