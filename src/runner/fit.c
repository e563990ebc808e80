#include "runner.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/*
 * Whether a server is the one that the book means: its version, and whether it is written to. Asked before
 * each step, because a failover changes the answer.
 */

#define ASK_TIMEOUT_US (10 * SECOND_US)

struct fitting {
    const struct target *target;
    fit_told told;
    void *data;
};

/* What does not fit, in `text`; "" when all does. */
static void judge(const struct target *target, int version, bool in_recovery, char text[256])
{
    text[0] = '\0';
    if (target->version && !version_fits(target->version, version))
        (void)snprintf(text, 256, "target \"%s\" has version %d.%d, and the book wants %s", target->id,
                       version / 10000, version % 10000, target->version);
    else if (target->role == TARGET_PRIMARY && in_recovery)
        (void)snprintf(text, 256,
                       "target \"%s\" is in recovery: it is a replica, and the book means a primary",
                       target->id);
    else if (target->role == TARGET_REPLICA && !in_recovery)
        (void)snprintf(text, 256,
                       "target \"%s\" is not in recovery: it is written to, and the book means a replica",
                       target->id);
}

static void on_answer(void *data, const struct answer *answer)
{
    struct fitting *fitting = data;
    const char *said =
        answer->result->status == DRIVER_OK && answer->row_count == 1 ? answer->cell(answer, 0, 0) : NULL;
    char text[256], *end = NULL;
    long version = said ? strtol(said, &end, 10) : 0;

    if (version <= 0 || end[0] != ' ')
        (void)snprintf(text, sizeof(text), "cannot tell what server \"%s\" is: %.120s", fitting->target->id,
                       answer->result->message && answer->result->message[0] ? answer->result->message
                                                                             : "no answer");
    else
        judge(fitting->target, (int)version, end[1] == 't', text);
    fitting->told(fitting->data, text[0] ? text : NULL);
    free(fitting);
}

void fit_ask(struct runner *runner, size_t target, fit_told told, void *data)
{
    const struct target *definition = &runner->book->targets[target];
    struct fitting *fitting;
    struct err err = ERR_INIT;

    if (!definition->version && definition->role == TARGET_ROLE_UNSTATED) {
        told(data, NULL);
        return;
    }
    fitting = mem_alloc(sizeof(*fitting));
    *fitting = (struct fitting){ definition, told, data };
    if (session_ask(runner->servers[target].steps,
                    "SELECT current_setting('server_version_num') || CASE WHEN pg_is_in_recovery() THEN ' t' "
                    "ELSE ' f' "
                    "END",
                    ASK_TIMEOUT_US, on_answer, fitting, &err) == 0)
        return;
    free(fitting);
    told(data, err.message);
}
