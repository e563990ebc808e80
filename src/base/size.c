#include <string.h>

#include "base/time.h"

#define KB  INT64_C(1000)
#define KIB INT64_C(1024)

static const struct {
    const char *name;
    int64_t bytes;
} units[] = {
    { "", 1 },
    { "kB", KB },
    { "MB", KB *KB },
    { "GB", KB *KB *KB },
    { "TB", KB *KB *KB *KB },
    { "KiB", KIB },
    { "MiB", KIB *KIB },
    { "GiB", KIB *KIB *KIB },
    { "TiB", KIB *KIB *KIB *KIB },
};

int size_parse(const char *text, int64_t *ret_bytes, struct err *err)
{
    int64_t number = 0;
    bool over = false;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        over = over || __builtin_mul_overflow(number, 10, &number) ||
               __builtin_add_overflow(number, *at - '0', &number);
    for (size_t i = 0; at != text && i < ARRAY_LEN(units); i++) {
        if (strcmp(at, units[i].name) != 0)
            continue;
        if (over || __builtin_mul_overflow(number, units[i].bytes, &number))
            return err_set(err, ERR_INVALID, "size \"%s\" is over what 63 bits hold", text);
        *ret_bytes = number;
        return 0;
    }
    return err_set(
        err, ERR_INVALID,
        "\"%s\" is not a size: expected a whole number of bytes, or one with a unit such as \"200GB\", "
        "\"512MB\" or \"64KiB\"",
        text);
}

void size_text(struct buf *buf, int64_t bytes)
{
    static const char letters[] = "BkMGTPE";
    uint64_t number = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;
    uint64_t unit = 1;
    size_t letter = 0;
    /* The next unit as soon as the number would round to 1000 of this one. */
    while (number / unit >= 1000 || (number % unit * 2 >= unit && number / unit == 999 && unit > 1)) {
        unit *= 1000;
        letter++;
    }
    const char *sign = bytes < 0 ? "-" : "";
    uint64_t tenths = unit > 1 ? (number + unit / 20) / (unit / 10) : number * 10;
    if (unit > 1 && tenths < 100)
        buf_format(buf, "%s%llu.%llu%c", sign, (unsigned long long)(tenths / 10),
                   (unsigned long long)(tenths % 10), letters[letter]);
    else
        buf_format(buf, "%s%llu%c", sign, (unsigned long long)((number + unit / 2) / unit), letters[letter]);
}
