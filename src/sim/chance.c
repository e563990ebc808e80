#include "sim.h"

/* splitmix64: every seed gives a good sequence, neighbours too. */
uint64_t chance_next(void)
{
    uint64_t z = (world()->chance += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

size_t chance_below(size_t n)
{
    return n > 0 ? (size_t)((chance_next() >> 11) % n) : 0;
}

int64_t chance_us(int64_t a, int64_t b)
{
    return a + (int64_t)chance_below((size_t)(b - a + 1));
}

bool chance(unsigned in_thousand)
{
    return chance_below(1000) < in_thousand;
}

bool chance_fault(unsigned in_thousand)
{
    if (world()->well || !chance(in_thousand))
        return false;
    world()->result->counts.faults++;
    return true;
}
