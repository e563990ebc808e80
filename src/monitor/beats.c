#include "monitor/beats.h"

#include <string.h>

static void merge_neighbours(struct beats *beats)
{
    for (size_t i = 0; i < BEATS_MAX / 2; i++) {
        beats->waiting[i].first_us = beats->waiting[2 * i].first_us;
        beats->waiting[i].last_seq = beats->waiting[2 * i + 1].last_seq;
    }
    beats->count = BEATS_MAX / 2;
}

void beats_acknowledged(struct beats *beats, int64_t seq, int64_t at_us)
{
    if (beats->first_seq == 0)
        beats->first_seq = seq;
    if (beats->count == BEATS_MAX)
        merge_neighbours(beats);
    beats->waiting[beats->count].last_seq = seq;
    beats->waiting[beats->count++].first_us = at_us;
}

void beats_shown(struct beats *beats, int64_t seq)
{
    size_t back = 0;
    while (back < beats->count && beats->waiting[back].last_seq <= seq)
        back++;
    beats->count -= back;
    memmove(beats->waiting, beats->waiting + back, beats->count * sizeof(beats->waiting[0]));
    if (beats->first_seq != 0 && seq >= beats->first_seq)
        beats->any_shown = true;
}

bool beats_lag(const struct beats *beats, int64_t now_us, int64_t *ret_us)
{
    *ret_us = beats->count > 0 ? now_us - beats->waiting[0].first_us : 0;
    return beats->any_shown;
}
