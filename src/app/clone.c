#include "clone.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/text.h"
#include "rehearse/certificate.h"

#define SAMPLE_FILES_MAX 99999
#define SAMPLE_LINE_MAX  (1024 * 1024)

/* ---- reading ---- */

int clone_at(struct arena *arena, const char *where, struct clone *clone, struct err *err)
{
    const char *colon = strrchr(where, ':');
    const char *inside;

    memset(clone, 0, sizeof(*clone));
    if (!colon || colon == where || !text_is_id(colon + 1))
        return err_set(err, ERR_USAGE, "say REPOSITORY:RUN, not \"%s\"", where);
    clone->path = arena_text_len(arena, where, (size_t)(colon - where));
    clone->id = arena_text(arena, colon + 1);
    inside = arena_format(arena, "%s/.git", clone->path);
    if (access(inside, F_OK) == 0)
        clone->path = inside;
    return 0;
}

int clone_file(struct arena *arena, const struct clone *clone, const char *name, const char **ret,
               size_t *ret_len, struct err *err)
{
    struct buf text;
    int r;

    buf_init(&text, CERTIFICATE_MAX_BYTES); /* the longest of them */
    r = audit_read_file(clone->path, clone->id, name, &text, err);
    if (r == 0) {
        *ret = arena_text_len(arena, buf_str(&text), text.len);
        *ret_len = text.len;
    }
    buf_finish(&text);
    return r;
}

/* A file that is missing is none. */
static int frozen_file(struct arena *arena, const struct clone *clone, const char *name, const char **ret,
                       size_t *ret_len, struct err *err)
{
    int r = clone_file(arena, clone, name, ret, ret_len, err);

    return r == ERR_NOT_FOUND ? 0 : r;
}

int clone_open(struct arena *arena, const char *where, struct clone *ret, struct err *err)
{
    struct frozen *frozen = &ret->frozen;
    int r;

    r = clone_at(arena, where, ret, err);
    if (r == 0)
        r = clone_file(arena, ret, "book.json", &frozen->book_text, &frozen->book_len, err);
    if (r == 0)
        r = clone_file(arena, ret, "run.json", &frozen->settings_text, &frozen->settings_len, err);
    if (r == 0)
        r = frozen_file(arena, ret, "targets.json", &frozen->targets_text, &frozen->targets_len, err);
    if (r == 0)
        r = frozen_file(arena, ret, "policy.json", &frozen->policy_text, &frozen->policy_len, err);
    if (r == 0)
        r = frozen_file(arena, ret, "certificate.json", &frozen->certificate_text, &frozen->certificate_len,
                        err);
    if (r == 0)
        r = frozen_settings(arena, "run.json", frozen, err);
    return r < 0 ? r : frozen_book(arena, frozen, &ret->book, err);
}

static bool is_hash_of(const char *hash, const char *text, size_t len)
{
    struct sha256 is;

    sha256_of(text ? text : "", len, &is);
    return text_equal(hash, is.hex);
}

/* run.json, which the run was opened with, says which certificate it is. */
static bool is_certified(const struct frozen *frozen)
{
    if (!frozen->certificate_sha256)
        return !frozen->certificate_text;
    return is_hash_of(frozen->certificate_sha256, frozen->certificate_text, frozen->certificate_len);
}

int clone_check(const struct clone *clone, const struct event *opened, struct err *err)
{
    const struct frozen *frozen = &clone->frozen;
    const char *other =
        !is_hash_of(opened->book, frozen->book_text, frozen->book_len)               ? "book.json"
        : !is_hash_of(opened->targets, frozen->targets_text, frozen->targets_len)    ? "targets.json"
        : !is_hash_of(opened->settings, frozen->settings_text, frozen->settings_len) ? "run.json"
        : !is_certified(frozen)                                                      ? "certificate.json"
                                                                                     : NULL;

    return !other ? 0
                  : err_set(err, ERR_CORRUPT, "%s in the trail is not what the run was begun with", other);
}

static int fold(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct clone *clone = data;
    int r = event->type == EVENT_RUN_OPENED ? clone_check(clone, event, err) : 0;

    (void)line;
    (void)len;
    clone->last = event->at;
    return r < 0 ? r : run_apply(clone->run, event, err);
}

/* ---- what the panes showed last ---- */

/* A passing event that does not fold any more says nothing: then that is not known. */
static void apply_line(struct arena *arena, struct clone *clone, const char *line, size_t len)
{
    struct event event;
    const struct json *object = json_parse_line(arena, line, len, SAMPLE_LINE_MAX, NULL);

    if (!object || event_read(arena, object, NULL, &event, NULL) < 0 || event_is_record(event.type) ||
        run_apply(clone->run, &event, NULL) < 0)
        return;
    if (event.at.wall_us > clone->last.wall_us)
        clone->last = event.at;
}

int clone_samples(struct arena *arena, const struct clone *clone, unsigned number, const char **ret,
                  size_t *ret_len, struct err *err)
{
    return clone_file(arena, clone, arena_format(arena, "samples/%03u/%06u.jsonl", number / 100, number), ret,
                      ret_len, err);
}

static void apply_samples(struct arena *arena, struct clone *clone, unsigned number)
{
    const char *text = NULL, *end;
    size_t len = 0;

    if (number == 0 || clone_samples(arena, clone, number, &text, &len, NULL) < 0)
        return;
    for (const char *at = text; (end = memchr(at, '\n', len - (size_t)(at - text))); at = end + 1)
        apply_line(arena, clone, at, (size_t)(end - at));
}

static unsigned last_samples(struct arena *arena, const struct clone *clone)
{
    const char *text;
    size_t len;
    unsigned number = 0;

    while (number < SAMPLE_FILES_MAX && clone_samples(arena, clone, number + 1, &text, &len, NULL) == 0)
        number++;
    return number;
}

int clone_read(struct arena *arena, const char *where, struct clone *ret, struct err *err)
{
    unsigned samples;
    int r = clone_open(arena, where, ret, err);

    if (r < 0)
        return r;
    ret->run = run_create(ret->book);
    r = audit_read(ret->path, ret->id, fold, ret, err);
    if (r < 0) {
        clone_finish(ret);
        return r;
    }
    samples = last_samples(arena, ret);
    apply_samples(arena, ret, samples > 0 ? samples - 1 : 0);
    apply_samples(arena, ret, samples);
    return 0;
}

void clone_finish(struct clone *clone)
{
    run_destroy(clone->run);
    clone->run = NULL;
}

/* ---- showing ---- */

static void print_text(const char *label, const char *text)
{
    struct buf shown;

    buf_init(&shown, 64 * 1024);
    text_visible(&shown, text ? text : "-", text ? strlen(text) : 1, false);
    printf("%-9s%s\n", label, buf_str(&shown));
    buf_finish(&shown);
}

static void print_votes(const struct clone *clone, const struct gate *gate)
{
    for (size_t i = 0; i < gate->vote_count; i++) {
        const struct run_vote *vote = &clone->run->gates[gate->index].votes[i];

        printf("vote     %s: %s%s%s\n", clone->book->roles[gate->votes[i]].id,
               vote->vote == CHOICE_NONE ? "not in" : choice_word(vote->vote), vote->actor ? " by " : "",
               vote->actor ? vote->actor : "");
    }
}

static void print_criteria(const struct clone *clone, const struct gate *gate)
{
    struct buf text;

    buf_init(&text, 64 * 1024);
    for (size_t i = 0; i < gate->criterion_count; i++) {
        buf_clear(&text);
        run_condition_evidence(clone->run, &clone->run->gates[gate->index].criteria[i], clone->last, &text);
        print_text("seen", buf_str(&text));
    }
    buf_finish(&text);
}

static void print_missing(const struct clone *clone, const struct gate *gate)
{
    const struct phase *phase = &clone->book->phases[gate->phase];

    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
        if (!run_step_complete(clone->run, i))
            printf("missing  %s is %s\n", clone->book->steps[i].id,
                   step_state_word(run_step_shown(clone->run, i)));
    }
}

void clone_print_gate(const struct clone *clone, size_t index)
{
    const struct gate *gate = &clone->book->gates[index];
    const struct run *run = clone->run;
    struct buf when;

    buf_init(&when, 64);
    wall_clock(&when, clone->last.wall_us);
    printf("run      %s, environment %s, operator %s, %s\n", clone->id,
           run->environment ? run->environment : "-", run->operator ? run->operator : "-",
           run_state_word(run_state(run)));
    print_text("book", clone->book->title);
    print_text("", run->book_sha256);
    print_text("targets", run->targets_sha256);
    print_text("settings", run->settings_sha256);
    printf("trail    up to record %llu, %s UTC\n", (unsigned long long)run->last_seq, buf_str(&when));
    printf("gate     %s: %s\n", gate->id,
           run->gates[index].decision == CHOICE_NONE ? "undecided" : choice_word(run->gates[index].decision));
    print_missing(clone, gate);
    print_votes(clone, gate);
    print_criteria(clone, gate);
    buf_finish(&when);
}
