/*
 * What a lag monitor said over the last minutes, for its chart: bounded, one slot for each HISTORY_SLOT_US.
 */
#ifndef UI_PRIVATE_HISTORY_H
#define UI_PRIVATE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#define HISTORY_SLOTS   900
#define HISTORY_SLOT_US (500 * INT64_C(1000))

/* A slot keeps the worst that was seen in it. */
enum history_state { HISTORY_NOTHING, HISTORY_UNKNOWN, HISTORY_KNOWN };
struct history_slot {
    int64_t number; /* boot time / HISTORY_SLOT_US; tells a slot of now from one that was never overwritten */
    float value;
    uint8_t state; /* enum history_state */
};

struct history {
    int64_t first; /* number of the first slot ever filled: before it there was no monitor */
    bool started;
    struct history_slot slots[HISTORY_SLOTS];
};

void history_add(struct history *history, int64_t boot_us, bool known, double value);

/* The worst of [from_us, to_us): KNOWN with its value; UNKNOWN when samples should have come and none did, or
 * none was known; NOTHING before the first sample ever. */
enum history_state history_worst(const struct history *history, int64_t from_us, int64_t to_us,
                                 double *ret_value);

#endif
