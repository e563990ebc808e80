/* Writes lines of text as fast as they are taken: `lines BYTES`, or at a pace: `lines BYTES BYTES_A_SECOND`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE  80
#define BLOCK (LINE * 800)

static char block[BLOCK];

static void write_all(size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = write(STDOUT_FILENO, block + at, len - at);
        if (n < 0 && errno != EINTR)
            exit(1);
        at += n > 0 ? (size_t)n : 0;
    }
}

int main(int argc, char **argv)
{
    long long left = argc > 1 ? strtoll(argv[1], NULL, 10) : 0;
    long long rate = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;
    if (left <= 0 || rate < 0) {
        (void)fputs("usage: lines BYTES [BYTES_A_SECOND]\n", stderr);
        return 2;
    }
    for (int i = 0; i < BLOCK; i++)
        block[i] = i % LINE == LINE - 1 ? '\n' : (char)('a' + i % LINE % 26);
    struct timespec pause = { 0, rate > 0 ? (long)(1e9 * BLOCK / (double)rate) : 0 };
    for (; left > 0; left -= BLOCK) {
        write_all(left < BLOCK ? (size_t)left : BLOCK);
        if (rate > 0)
            (void)nanosleep(&pause, NULL); /* sleeping too short once is no harm */
    }
    return 0;
}
