/* Private to the room: a person at a screen, and what they come to say. */
#ifndef SIM_PEOPLE_H
#define SIM_PEOPLE_H

#include "sim.h"
#include "wire/link.h"

struct link {
    void *data; /* the runner's */
};

struct person {
    const char *name;
    bool watch;
    struct link *link; /* NULL: not there */
    int64_t number;
    enum verb verb;      /* of the last action */
    uint64_t seq_before; /* last durable record when it was asked for */
    int refused;         /* actions in a row */
};

/* What the person does now: what helps, or anything. False: nothing. Texts live as long as the run. */
bool choose_action(struct person *person, struct action *ret);

#endif
