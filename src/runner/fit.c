#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Answers with the version's number, whether it is written to, and where it matters which server of two it
 * is: "101106 f mariadb". `closed` is what the engine calls a server that is not written to. */
#define MYSQL_QUESTION                                                                                       \
    "SELECT CONCAT(CAST(SUBSTRING_INDEX(v, '.', 1) * 10000 + SUBSTRING_INDEX(SUBSTRING_INDEX(v, '.', 2), "   \
    "'.', -1) * 100 + SUBSTRING_INDEX(v, '.', -1) AS UNSIGNED), IF(@@GLOBAL.read_only, ' t', ' f'), "        \
    "IF(VERSION() LIKE '%MariaDB%', ' mariadb', ' mysql')) FROM (SELECT SUBSTRING_INDEX(VERSION(), '-', 1) " \
    "AS v) AS said"
static const struct {
    const char *question, *closed;
} engines[TARGET_ENGINE_COUNT] = {
    [ENGINE_POSTGRESQL] = { "SELECT current_setting('server_version_num') || CASE WHEN pg_is_in_recovery() "
                            "THEN ' t' ELSE ' f' END || ' postgresql'",
                            "in recovery" },
    [ENGINE_MYSQL] = { MYSQL_QUESTION, "read-only" },
    [ENGINE_MARIADB] = { MYSQL_QUESTION, "read-only" },
};

/* What does not fit, in `text`; "" when all does. */
static void judge(const struct target *target, int version, bool closed, const char *engine, char text[256])
{
    const char *word = engines[target->engine].closed;
    char has[32];

    text[0] = '\0';
    target_version_text(target->engine, version, has);
    if (strcmp(engine, target_engine_word(target->engine)) != 0)
        (void)snprintf(text, 256, "target \"%s\" is a server of %.20s, and the book means %s", target->id,
                       engine, target_engine_word(target->engine));
    else if (!target_version_fits(target, version))
        (void)snprintf(text, 256, "target \"%s\" has version %s, and the book wants %s", target->id, has,
                       target->version);
    else if (target->role == TARGET_PRIMARY && closed)
        (void)snprintf(text, 256, "target \"%s\" is %s: it is a replica, and the book means a primary",
                       target->id, word);
    else if (target->role == TARGET_REPLICA && !closed)
        (void)snprintf(text, 256, "target \"%s\" is not %s: it is written to, and the book means a replica",
                       target->id, word);
}

static void on_answer(void *data, const struct answer *answer)
{
    struct fitting *fitting = data;
    const char *said =
        answer->result->status == DRIVER_OK && answer->row_count == 1 ? answer->cell(answer, 0, 0) : NULL;
    char text[256], *end = NULL;
    long version = said ? strtol(said, &end, 10) : 0;

    if (version <= 0 || end[0] != ' ' || end[1] == '\0' || end[2] != ' ')
        (void)snprintf(text, sizeof(text), "cannot tell what server \"%s\" is: %.120s", fitting->target->id,
                       answer->result->message && answer->result->message[0] ? answer->result->message
                                                                             : "no answer");
    else
        judge(fitting->target, (int)version, end[1] == 't', end + 3, text);
    fitting->told(fitting->data, text[0] ? text : NULL);
    free(fitting);
}

void fit_ask(struct runner *runner, size_t target, fit_told told, void *data)
{
    const struct target *definition = &runner->book->targets[target];
    struct fitting *fitting;
    struct err err = ERR_INIT;

    /* MySQL and MariaDB have one protocol, and are not one server. */
    if (!definition->version && definition->role == TARGET_ROLE_UNSTATED &&
        definition->engine == ENGINE_POSTGRESQL) {
        told(data, NULL);
        return;
    }
    fitting = mem_alloc(sizeof(*fitting));
    *fitting = (struct fitting){ definition, told, data };
    if (session_ask(runner->servers[target].steps, engines[definition->engine].question, ASK_TIMEOUT_US,
                    on_answer, fitting, &err) == 0)
        return;
    free(fitting);
    told(data, err.message);
}
