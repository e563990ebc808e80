/*
 * Comparing numbers as they are written, without a detour over floating point: a count beyond 2^53 or a sum
 * of money must not be equal to its neighbour.
 */
#ifndef RUNBOOK_DECIMAL_H
#define RUNBOOK_DECIMAL_H

#include <stdbool.h>

/* True when both texts are decimal numbers ("-12.50", "1e6"); then `*ret_order` is <0, 0, >0. Anything else,
 * NaN, Infinity and texts over 4 KiB included, is no number. */
bool decimal_compare(const char *left, const char *right, int *ret_order);

#endif
