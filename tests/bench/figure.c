#include "figure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

double now_us(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        cannot("there is no monotonic clock");
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

void timings_add(struct timings *timings, double value)
{
    if (timings->count == timings->capacity) {
        timings->capacity = timings->capacity == 0 ? 256 : timings->capacity * 2;
        timings->values = mem_realloc(timings->values, timings->capacity * sizeof(*timings->values));
    }
    timings->values[timings->count++] = value;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double timings_part(struct timings *timings, double part)
{
    if (timings->count == 0)
        return 0;
    qsort(timings->values, timings->count, sizeof(*timings->values), compare);
    size_t at = (size_t)(part * (double)timings->count);
    return timings->values[at < timings->count ? at : timings->count - 1];
}

void timings_finish(struct timings *timings)
{
    free(timings->values);
    *timings = (struct timings){ 0, 0, NULL };
}

void figure(const char *prefix, const char *name, double value)
{
    printf("%s.%s %.6g\n", prefix, name, value);
}

void figure_timings(const char *prefix, const char *name, struct timings *timings)
{
    printf("%s.%s_p50 %.6g\n", prefix, name, timings_part(timings, 0.5));
    printf("%s.%s_p99 %.6g\n", prefix, name, timings_part(timings, 0.99));
}

void cannot(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(1);
}

void must(int result, const struct err *err)
{
    if (result < 0)
        cannot("%s", err->message);
}
