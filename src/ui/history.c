#include "history.h"

#include <stddef.h>

static struct history_slot *slot_of(struct history *history, int64_t number)
{
    return &history->slots[number % HISTORY_SLOTS];
}

void history_add(struct history *history, int64_t boot_us, bool known, double value)
{
    int64_t number = boot_us / HISTORY_SLOT_US;
    if (boot_us < 0)
        return;
    if (!history->started) {
        history->first = number;
        history->started = true;
    }
    struct history_slot *slot = slot_of(history, number);
    if (slot->number != number || slot->state == HISTORY_NOTHING)
        *slot = (struct history_slot){ .number = number, .state = HISTORY_UNKNOWN };
    if (known && (slot->state != HISTORY_KNOWN || (float)value > slot->value)) {
        slot->value = (float)value;
        slot->state = HISTORY_KNOWN;
    }
}

enum history_state history_worst(const struct history *history, int64_t from_us, int64_t to_us,
                                 double *ret_value)
{
    int64_t first = from_us / HISTORY_SLOT_US;
    int64_t end = (to_us + HISTORY_SLOT_US - 1) / HISTORY_SLOT_US;
    if (!history->started || from_us < 0 || end <= history->first)
        return HISTORY_NOTHING;
    if (end - first > HISTORY_SLOTS)
        first = end - HISTORY_SLOTS;
    enum history_state state = HISTORY_UNKNOWN;
    *ret_value = 0;
    for (int64_t number = first; number < end; number++) {
        const struct history_slot *slot = &history->slots[number % HISTORY_SLOTS];
        if (slot->number != number || slot->state != HISTORY_KNOWN)
            continue;
        if (state != HISTORY_KNOWN || slot->value > *ret_value)
            *ret_value = slot->value;
        state = HISTORY_KNOWN;
    }
    return state;
}
