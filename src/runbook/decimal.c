#include "decimal.h"

#include <stdlib.h>
#include <string.h>

#define DECIMAL_LENGTH_MAX 4096
#define EXPONENT_MAX       100000

static const char digits[] = "0123456789";

/* A number as sign, digits without zeros at either end, and the place of its point: 0.digits * 10^point. */
struct decimal {
    bool negative;
    size_t count; /* 0: the number is zero */
    long point;
    char list[DECIMAL_LENGTH_MAX];
};

/* "e-12" at `text`, or nothing. False when it is neither. */
static bool parse_exponent(const char *text, long *ret_exponent)
{
    *ret_exponent = 0;
    if (*text == '\0')
        return true;
    if (*text != 'e' && *text != 'E')
        return false;
    text++;
    size_t sign = *text == '-' || *text == '+' ? 1 : 0;
    size_t count = strspn(text + sign, digits);
    if (count == 0 || count > 9 || text[sign + count] != '\0')
        return false;
    *ret_exponent = strtol(text, NULL, 10);
    return labs(*ret_exponent) <= EXPONENT_MAX;
}

static bool parse(const char *text, struct decimal *ret)
{
    if (strlen(text) >= DECIMAL_LENGTH_MAX)
        return false;
    ret->negative = *text == '-';
    text += *text == '-' || *text == '+' ? 1 : 0;
    size_t whole = strspn(text, digits);
    bool has_point = text[whole] == '.';
    size_t fraction = has_point ? strspn(text + whole + 1, digits) : 0;
    long exponent;
    if (whole + fraction == 0 || !parse_exponent(text + whole + (has_point ? 1 : 0) + fraction, &exponent))
        return false;
    memcpy(ret->list, text, whole);
    memcpy(ret->list + whole, text + whole + 1, fraction);
    ret->count = whole + fraction;
    ret->point = (long)whole + exponent;
    size_t zeros = 0;
    while (zeros < ret->count && ret->list[zeros] == '0')
        zeros++;
    ret->count -= zeros;
    ret->point -= (long)zeros;
    memmove(ret->list, ret->list + zeros, ret->count);
    while (ret->count > 0 && ret->list[ret->count - 1] == '0')
        ret->count--;
    return true;
}

/* Of two numbers that are not zero, without their signs. */
static int compare_sizes(const struct decimal *left, const struct decimal *right)
{
    if (left->point != right->point)
        return left->point < right->point ? -1 : 1;
    size_t shared = left->count < right->count ? left->count : right->count;
    int order = memcmp(left->list, right->list, shared);
    if (order != 0)
        return order;
    return (left->count > right->count) - (left->count < right->count);
}

static int sign_of(const struct decimal *number)
{
    return number->count == 0 ? 0 : number->negative ? -1 : 1;
}

bool decimal_compare(const char *left_text, const char *right_text, int *ret_order)
{
    struct decimal left;
    struct decimal right;
    if (!parse(left_text, &left) || !parse(right_text, &right))
        return false;
    int sign = sign_of(&left);
    if (sign != sign_of(&right))
        *ret_order = sign < sign_of(&right) ? -1 : 1;
    else
        *ret_order = sign == 0 ? 0 : sign * compare_sizes(&left, &right);
    return true;
}
