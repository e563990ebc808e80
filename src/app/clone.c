#include "clone.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/text.h"

#define SAMPLE_FILES_MAX 99999
#define SAMPLE_LINE_MAX  (1024 * 1024)

/* ---- reading ---- */

static int split(struct arena *arena, const char *where, struct clone *clone, struct err *err)
{
    const char *colon = strrchr(where, ':');
    const char *inside;

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

    buf_init(&text, JSON_MAX_BYTES);
    r = audit_read_file(clone->path, clone->id, name, &text, err);
    if (r == 0) {
        *ret = arena_text_len(arena, buf_str(&text), text.len);
        *ret_len = text.len;
    }
    buf_finish(&text);
    return r;
}

struct texts {
    const char *book, *targets;
    size_t book_len, targets_len;
};

static int load_book(struct arena *arena, const struct texts *texts, size_t param_count,
                     const struct book_param *params, struct clone *clone, struct err *err)
{
    struct json_faults *faults = arena_alloc(arena, 2 * sizeof(*faults));
    struct book_options options = { .targets_path = texts->targets ? "targets.json" : NULL,
                                    .targets_text = texts->targets,
                                    .targets_len = texts->targets_len,
                                    .param_count = param_count,
                                    .params = params };
    const struct json_fault *first;

    json_faults_init(&faults[0], arena);
    json_faults_init(&faults[1], arena);
    clone->book =
        book_load(arena, "book.json", texts->book, texts->book_len, &options, &faults[0], &faults[1]);
    if (clone->book)
        return 0;
    first = faults[0].count > 0 ? &faults[0].list[0] : &faults[1].list[0];
    return err_set(err, ERR_INVALID, "the book in the trail does not load: %d:%d: %s", first->line,
                   first->column, first->message);
}

static int fold(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct clone *clone = data;

    (void)line;
    (void)len;
    clone->last = event->at;
    return run_apply(clone->run, event, err);
}

/* What is shown is what was frozen, or nothing is shown. */
static int check_frozen(const struct clone *clone, const struct texts *texts, struct err *err)
{
    struct sha256 book, targets;

    sha256_of(texts->book, texts->book_len, &book);
    sha256_of(texts->targets ? texts->targets : "", texts->targets_len, &targets);
    if (text_equal(clone->run->book_sha256, book.hex) && text_equal(clone->run->targets_sha256, targets.hex))
        return 0;
    return err_set(err, ERR_CORRUPT,
                   "book.json or targets.json in the trail is not what the run was begun with");
}

/* ---- what the panes showed last ---- */

static const char *sample_path(struct arena *arena, unsigned number)
{
    return arena_format(arena, "samples/%03u/%06u.jsonl", number / 100, number);
}

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

static void apply_samples(struct arena *arena, struct clone *clone, unsigned number)
{
    const char *text = NULL, *end;
    size_t len = 0;

    if (number == 0 || clone_file(arena, clone, sample_path(arena, number), &text, &len, NULL) < 0)
        return;
    for (const char *at = text; (end = memchr(at, '\n', len - (size_t)(at - text))); at = end + 1)
        apply_line(arena, clone, at, (size_t)(end - at));
}

static unsigned last_samples(struct arena *arena, const struct clone *clone)
{
    const char *text;
    size_t len;
    unsigned number = 0;

    while (number < SAMPLE_FILES_MAX &&
           clone_file(arena, clone, sample_path(arena, number + 1), &text, &len, NULL) == 0)
        number++;
    return number;
}

int clone_read(struct arena *arena, const char *where, size_t param_count, const struct book_param *params,
               struct clone *ret, struct err *err)
{
    struct texts texts = { NULL, NULL, 0, 0 };
    unsigned samples;
    int r;

    memset(ret, 0, sizeof(*ret));
    r = split(arena, where, ret, err);
    if (r == 0)
        r = clone_file(arena, ret, "book.json", &texts.book, &texts.book_len, err);
    if (r == 0) {
        r = clone_file(arena, ret, "targets.json", &texts.targets, &texts.targets_len, err);
        r = r == ERR_NOT_FOUND ? 0 : r;
    }
    if (r == 0)
        r = load_book(arena, &texts, param_count, params, ret, err);
    if (r < 0)
        return r;
    ret->run = run_create(ret->book);
    r = audit_read(ret->path, ret->id, fold, ret, err);
    if (r == 0)
        r = check_frozen(ret, &texts, err);
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
