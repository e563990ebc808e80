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

void measured_add(struct measured *measured, double value)
{
    if (measured->count == measured->capacity) {
        measured->capacity = measured->capacity == 0 ? 256 : measured->capacity * 2;
        measured->values = mem_realloc(measured->values, measured->capacity * sizeof(*measured->values));
    }
    measured->values[measured->count++] = value;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double measured_part(struct measured *measured, double part)
{
    if (measured->count == 0)
        return 0;
    qsort(measured->values, measured->count, sizeof(*measured->values), compare);
    size_t at = (size_t)(part * (double)measured->count);
    return measured->values[at < measured->count ? at : measured->count - 1];
}

void measured_finish(struct measured *measured)
{
    free(measured->values);
    *measured = (struct measured){ 0, 0, NULL };
}

void figure(const char *prefix, const char *name, double value)
{
    printf("%s.%s %.6g\n", prefix, name, value);
}

void figure_measured(const char *prefix, const char *name, struct measured *measured)
{
    printf("%s.%s_p50 %.6g\n", prefix, name, measured_part(measured, 0.5));
    printf("%s.%s_p99 %.6g\n", prefix, name, measured_part(measured, 0.99));
}

void figure_ratios(const char *prefix, struct measured *ratios)
{
    figure(prefix, "ratio", measured_part(ratios, 0.5));
    figure(prefix, "ratio_least", measured_part(ratios, 0));
    figure(prefix, "ratio_most", measured_part(ratios, 1));
    measured_finish(ratios);
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
