#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "app.h"
#include "audit/approval.h"
#include "base/file.h"
#include "base/text.h"
#include "clone.h"
#include "cmd.h"
#include "driver/process.h"
#include "engine/statement.h"
#include "identity.h"
#include "launch.h"
#include "runner/remote.h"
#include "sign/policy.h"
#include "wire/remote.h"

/* A vote from another clone: what is approved is shown, signed with a key, and committed there. The runner
 * finds it in its own repository, or at the witness. */

struct approving {
    struct arena *arena;
    const char *where, *key, *push, *policy_path;
    struct action action;
    struct clone clone;
    struct buf text, signature;
    struct approval_written written;
};

static int parse(int argc, char **argv, struct approving *a, struct err *err)
{
    const struct option_row options[] = { { "--key", OPTION_VALUE, &a->key },
                                          { "--role", OPTION_VALUE, &a->action.role },
                                          { "--reason", OPTION_VALUE, &a->action.text },
                                          { "--policy", OPTION_VALUE, &a->policy_path },
                                          { "--push", OPTION_VALUE, &a->push },
                                          { NULL, OPTION_FLAG, NULL } };
    struct arguments arguments;
    int r = arguments_parse(argc, argv, options, &arguments, err);

    if (r == 0)
        r = arguments_count(&arguments, 3, 3, "approve", err);
    if (r < 0)
        return r;
    a->where = arguments.list[0];
    a->action.verb = VERB_VOTE;
    a->action.subject = arguments.list[1];
    a->action.choice = choice_of(arguments.list[2]);
    if (a->action.choice != CHOICE_GO && a->action.choice != CHOICE_NO_GO)
        return err_set(err, ERR_USAGE, "it is go or no-go, not \"%s\"", arguments.list[2]);
    r = identity_key(a->arena, a->key, &a->key, err);
    if (r == 0 && !a->key)
        return err_set(err, ERR_USAGE, "an approval is signed: say with which key, --key FILE");
    if (r == 0 && a->push)
        r = remote_check(a->arena, a->push, &a->push, err);
    return r;
}

/* Who signs: by the policy of this machine, else by the copy in the trail, which is believed for no more than
 * the name: the runner goes by its own. */
static int find_person(struct approving *a, struct err *err)
{
    const char *path = policy_find(a->arena, a->policy_path), *text = NULL;
    size_t len = 0;
    int r = path ? read_document(a->arena, path, &text, &len, err)
                 : clone_file(a->arena, &a->clone, "policy.json", &text, &len, err);

    if (!a->clone.run->policy_sha256)
        return err_set(err, ERR_REFUSED,
                       "run %s goes by no policy: nobody there can tell whose key that is, so it takes votes "
                       "only where it runs",
                       a->clone.id);
    return r < 0 ? r
                 : identity_of(a->arena, path ? path : "of the trail", text, len, a->key, NULL,
                               &a->action.actor, err);
}

/* As of what this clone knows; the runner goes by what it knows itself. */
static int state(struct approving *a, struct err *err)
{
    struct statement statement;
    int r = statement_of(a->clone.run, &a->action, a->clone.last, a->arena, &statement, err);

    if (r < 0)
        return err_prefix(err, "by what this clone knows");
    statement.expires_wall_us = clock_now().wall_us + STATEMENT_VALID_US;
    statement_write(&a->text, &statement);
    return buf_ok(&a->text, "what is to be signed", err);
}

/* Somebody at a terminal types what they are about to sign; what was typed before that does not count. */
static int confirm(const struct approving *a, struct err *err)
{
    char line[256];

    if (!isatty(STDIN_FILENO))
        return 0;
    (void)tcflush(STDIN_FILENO, TCIFLUSH);
    printf("\nType %s to sign %s as %s: ", a->action.subject, choice_word(a->action.choice), a->action.actor);
    (void)fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        return err_set(err, ERR_REFUSED, "nothing was signed");
    line[strcspn(line, "\n")] = '\0';
    return text_equal(line, a->action.subject) ? 0 : err_set(err, ERR_REFUSED, "nothing was signed");
}

/* ---- pushing ---- */

struct pushing {
    enum remote_outcome outcome;
    char why[ERR_MESSAGE_MAX];
};

static void on_pushed(void *data, enum remote_outcome outcome, const char *why)
{
    struct pushing *pushing = data;

    pushing->outcome = outcome;
    (void)snprintf(pushing->why, sizeof(pushing->why), "%s", why); /* as long at most */
}

static int push_through(struct approving *a, const char *place, const char *repository, struct err *err)
{
    struct pushing pushing = { REMOTE_UNREACHABLE, "" };
    struct remote_job *job = NULL;
    uv_loop_t loop;
    int r = remote_place(place, repository, err);

    if (r < 0)
        return r;
    uv_loop_init(&loop);
    r = remote_push(&loop, place, a->push, a->written.id, a->written.ref, on_pushed, &pushing, &job, err);
    uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    if (r == 0 && pushing.outcome != REMOTE_HOLDS && pushing.outcome != REMOTE_CREATED)
        r = err_set(err, ERR_IO, "it is signed and stored in %s, but not pushed: %s", a->clone.path,
                    pushing.why);
    return r;
}

static int push(struct approving *a, struct err *err)
{
    char *repository = realpath(a->clone.path, NULL);
    char place[] = "/tmp/tminus-push.XXXXXX";
    int r;

    if (!repository || !mkdtemp(place)) {
        free(repository);
        return err_set(err, ERR_IO, "cannot push from %s", a->clone.path);
    }
    r = push_through(a, place, repository, err);
    (void)!dir_remove(place, NULL); /* it holds nothing of worth */
    free(repository);
    return r;
}

/* ---- the whole ---- */

static int sign_and_store(struct approving *a, struct err *err)
{
    int r = state(a, err);

    if (r == 0)
        r = confirm(a, err);
    if (r == 0)
        r = sign_bytes(a->key, SIGN_DECISION, a->text.data, a->text.len, &a->signature, err);
    if (r == 0)
        r = buf_ok(&a->signature, "the signature", err);
    if (r == 0)
        r = approval_write(a->clone.path, a->clone.id, a->action.subject, a->action.actor, buf_str(&a->text),
                           buf_str(&a->signature), &a->written, err);
    if (r == 0 && a->push)
        r = push(a, err);
    if (r < 0)
        return r;
    printf("\nsigned   %s on %s by %s, good for %d minutes\n", choice_word(a->action.choice),
           a->action.subject, a->action.actor, (int)(STATEMENT_VALID_US / MINUTE_US));
    printf("stored   %s%s\n", a->written.ref, a->push ? ", and pushed" : "");
    return 0;
}

static int approve(struct approving *a, struct err *err)
{
    size_t gate;
    int r = clone_read(a->arena, a->where, &a->clone, err);

    if (r < 0)
        return r;
    gate = book_find_gate(a->clone.book, a->action.subject);
    if (gate == BOOK_NONE)
        r = err_set(err, ERR_REFUSED, "the book has no gate \"%s\"", a->action.subject);
    else
        clone_print_gate(&a->clone, gate);
    if (r == 0)
        r = find_person(a, err);
    if (r == 0)
        r = sign_and_store(a, err);
    clone_finish(&a->clone);
    return r;
}

int cmd_approve(int argc, char **argv)
{
    struct approving a = { .arena = arena_create() };
    struct err err = ERR_INIT;
    int r;

    buf_init(&a.text, STATEMENT_MAX);
    buf_init(&a.signature, SIGN_SIGNATURE_MAX);
    r = parse(argc, argv, &a, &err);
    if (r == 0)
        r = process_init(&err);
    if (r == 0)
        r = approve(&a, &err);
    buf_finish(&a.text);
    buf_finish(&a.signature);
    arena_destroy(a.arena);
    return r < 0 ? fail(&err) : 0;
}
