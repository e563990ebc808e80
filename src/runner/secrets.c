#include "runner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/mem.h"
#include "base/text.h"
#include "runner/secret.h"

#define MISSING_MAX 700 /* bytes of the names of what is missing */

struct secret_value {
    struct secret_value *next;
    const char *from, *value;
};

const char *secrets_value(const struct runner *runner, const char *from)
{
    const struct secret_value *secret = runner->secrets;

    while (secret && strcmp(secret->from, from) != 0)
        secret = secret->next;
    return secret ? secret->value : NULL;
}

const char *clean_text(const struct runner *runner, struct arena *arena, const char *text)
{
    return redact_text(runner->redactor, arena, text);
}

static int fetch(struct runner *runner, const struct secret_env *wanted, const char **ret, struct err *err)
{
    int r = secret_fetch(runner->arena, wanted->from, ret, err);

    if (r == 0 && !(*ret)[0])
        r = err_set(err, ERR_ENVIRONMENT, "it is empty");
    return r < 0 ? err_prefix(err, "the secret %s", wanted->label) : 0;
}

static int add(struct runner *runner, const struct secret_env *wanted, struct buf *missing, struct err *err)
{
    struct secret_value *secret;
    const char *value;
    int r;

    if (secrets_value(runner, wanted->from))
        return 0;
    if (text_starts(wanted->from, "env:") && !getenv(wanted->from + strlen("env:"))) {
        buf_format(missing, "%s%s", missing->len > 0 ? ", " : "", wanted->label);
        return 0;
    }
    r = fetch(runner, wanted, &value, err);
    if (r < 0)
        return r;
    secret = arena_alloc(runner->arena, sizeof(*secret));
    secret->from = wanted->from;
    secret->value = value;
    secret->next = runner->secrets;
    runner->secrets = secret;
    return redactor_add(runner->redactor, wanted->label, value, err);
}

static int add_step(struct runner *runner, const struct step *step, struct buf *missing, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < step->secret_count; i++)
        r = add(runner, &step->secrets[i], missing, err);
    if (r == 0 && step->notice && step->notice->url_from) {
        struct secret_env url = { step->notice->url_label, step->notice->url_from, step->notice->url_label };

        r = add(runner, &url, missing, err);
    }
    for (size_t i = 0; r == 0 && i < step->rollback_count; i++)
        r = add_step(runner, &step->rollback[i], missing, err);
    return r;
}

/* The block with which this process was started can be read in /proc by whoever is the same user, and is not
 * changed by unsetenv. */
static void forget(const char *name)
{
    char *value = getenv(name);

    if (!value)
        return;
    explicit_bzero(value, strlen(value));
    (void)unsetenv(name); /* fails only for a name with "=" */
}

static void forget_source(const char *from)
{
    if (text_starts(from, "env:"))
        forget(from + strlen("env:"));
}

static void forget_all(const struct runner *runner)
{
    for (const struct secret_value *secret = runner->secrets; secret; secret = secret->next)
        forget_source(secret->from);
    for (size_t i = 0; i < runner->book->target_count; i++) {
        if (runner->book->targets[i].password_from)
            forget_source(runner->book->targets[i].password_from);
    }
    /* No core of this process, and nobody looks into its memory, from here on. */
    if (!redactor_is_empty(runner->redactor))
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* fails only for another number */
}

int secrets_begin(struct runner *runner, struct err *err)
{
    struct buf missing;
    int r = 0;

    buf_init(&missing, MISSING_MAX);
    for (size_t i = 0; r == 0 && i < runner->book->step_count; i++)
        r = add_step(runner, &runner->book->steps[i], &missing, err);
    if (r == 0 && (missing.len > 0 || missing.overflow))
        r = err_set(err, ERR_ENVIRONMENT, "the environment lacks what commands of this book need: %s%s",
                    buf_str(&missing), missing.overflow ? ", ..." : "");
    buf_finish(&missing);
    if (r == 0)
        forget_all(runner);
    return r;
}
