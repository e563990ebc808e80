#include "checking.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *check_severity_word(enum check_severity severity)
{
    static const char *const words[CHECK_SEVERITY_COUNT] = { "error", "warning", "note" };
    return words[severity];
}

/* ---- what the book ignores ---- */

struct ignored_list {
    size_t count;
    const struct ignored *list;
    bool *used;
    size_t phase;
    const struct step *work;
};

/* Lists by whose they are: the book's, each phase's, each step's and after it those of its rollback. */
struct ignoring {
    size_t count;
    struct ignored_list *lists;
    size_t *of_phase, *of_step; /* index of the first list */
};

static void add_list(struct checking *c, size_t count, const struct ignored *list, size_t phase,
                     const struct step *work)
{
    c->ignoring->lists[c->ignoring->count++] =
        (struct ignored_list){ .count = count,
                               .list = list,
                               .used = arena_array(c->arena, count + 1, sizeof(bool)),
                               .phase = phase,
                               .work = work };
}

void ignoring_init(struct checking *c)
{
    const struct book *book = c->book;
    struct ignoring *ignoring = arena_alloc(c->arena, sizeof(*ignoring));
    size_t room = 1 + book->phase_count + book->step_count;
    for (size_t i = 0; i < book->step_count; i++)
        room += book->steps[i].rollback_count;
    c->ignoring = ignoring;
    ignoring->lists = arena_array(c->arena, room, sizeof(*ignoring->lists));
    ignoring->of_phase = arena_array(c->arena, book->phase_count + 1, sizeof(size_t));
    ignoring->of_step = arena_array(c->arena, book->step_count + 1, sizeof(size_t));
    add_list(c, book->ignored_count, book->ignored, BOOK_NONE, NULL);
    for (size_t i = 0; i < book->phase_count; i++) {
        ignoring->of_phase[i] = ignoring->count;
        add_list(c, book->phases[i].ignored_count, book->phases[i].ignored, i, NULL);
    }
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *step = &book->steps[i];
        ignoring->of_step[i] = ignoring->count;
        add_list(c, step->ignored_count, step->ignored, step->phase, step);
        for (size_t k = 0; k < step->rollback_count; k++)
            add_list(c, step->rollback[k].ignored_count, step->rollback[k].ignored, step->phase,
                     &step->rollback[k]);
    }
}

static const char *reason_in(struct ignored_list *list, const char *code)
{
    const char *reason = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (!text_equal(list->list[i].code, code))
            continue;
        list->used[i] = true;
        reason = list->list[i].reason;
    }
    return reason;
}

/* The reason that stands nearest: the entry's, the step's, the phase's, the book's. */
static const char *reason_for(const struct checking *c, const char *code, const struct place *place)
{
    struct ignoring *all = c->ignoring;
    const struct step *step = place->work && place->work->owner_step ? place->work->owner_step : place->work;
    size_t phase = place->work ? place->work->phase : place->phase;
    const char *reason = NULL;
    if (step && step != place->work)
        reason = reason_in(&all->lists[all->of_step[step->index] + 1 + place->work->index], code);
    if (!reason && step)
        reason = reason_in(&all->lists[all->of_step[step->index]], code);
    if (!reason && phase != BOOK_NONE)
        reason = reason_in(&all->lists[all->of_phase[phase]], code);
    return reason ? reason : reason_in(&all->lists[0], code);
}

static void look_at_list(struct checking *c, const struct ignored_list *list,
                         const struct check_rule *unknown, const struct check_rule *unused)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct ignored *ignored = &list->list[i];
        struct place place = {
            .line = ignored->line, .column = ignored->column, .phase = list->phase, .work = list->work
        };
        struct check_rule rule;
        const char *nearest;
        if (list->used[i])
            continue;
        if (check_rule_find(ignored->code, &rule)) {
            found(c, unused, place, "nothing here is \"%s\": what is ignored is not there", ignored->code);
            continue;
        }
        nearest = check_rule_nearest(ignored->code);
        found(c, unknown, place, "no rule has the code \"%s\"%s%s%s", ignored->code,
              nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    }
}

void ignoring_look(struct checking *c, const struct check_rule *unknown, const struct check_rule *unused)
{
    for (size_t i = 0; i < c->ignoring->count; i++)
        look_at_list(c, &c->ignoring->lists[i], unknown, unused);
}

/* ---- findings ---- */

void found_as(struct checking *c, const struct check_finding *finding, struct place place)
{
    const char *reason = reason_for(c, finding->code, &place);
    if (reason)
        c->ignored++;
    else
        c->by_severity[finding->severity]++;
    if (c->told[finding->severity] == CHECK_FINDINGS_MAX) {
        c->more++;
        return;
    }
    c->told[finding->severity]++;
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        struct check_finding *grown = arena_array(c->arena, room, sizeof(*grown));
        if (c->count > 0)
            memcpy(grown, c->findings, c->count * sizeof(*grown));
        c->findings = grown;
        c->room = room;
    }
    c->findings[c->count] = *finding;
    c->findings[c->count].file = place.file ? place.file : c->book->path;
    c->findings[c->count].line = place.line;
    c->findings[c->count].column = place.column;
    c->findings[c->count++].ignored = reason;
}

void found(struct checking *c, const struct check_rule *rule, struct place place, const char *format, ...)
{
    struct err err = ERR_INIT;
    va_list args;
    va_start(args, format);
    (void)err_setv(&err, ERR_INVALID, format, args); /* wanted for its message */
    va_end(args);
    const struct check_finding finding = {
        .code = rule->code,
        .severity = rule->severity,
        .message = arena_text(c->arena, err.message),
    };
    found_as(c, &finding, place);
}

/* ---- the report ---- */

struct sorted {
    const char *book;
    size_t at; /* of what stands in one place, the first found is told first */
    const struct check_finding *finding;
};

static int by_place(const void *left, const void *right)
{
    const struct sorted *a = left, *b = right;
    bool a_book = text_equal(a->finding->file, a->book), b_book = text_equal(b->finding->file, b->book);
    if (a_book != b_book)
        return a_book ? -1 : 1;
    int order = strcmp(a->finding->file, b->finding->file);
    if (order != 0)
        return order;
    if (a->finding->line != b->finding->line)
        return a->finding->line < b->finding->line ? -1 : 1;
    if (a->finding->column != b->finding->column)
        return a->finding->column < b->finding->column ? -1 : 1;
    return a->at < b->at ? -1 : 1;
}

static void sort(struct checking *c)
{
    struct sorted *list = arena_array(c->arena, c->count + 1, sizeof(*list));
    struct check_finding *ordered = arena_array(c->arena, c->count + 1, sizeof(*ordered));
    for (size_t i = 0; i < c->count; i++)
        list[i] = (struct sorted){ .book = c->book->path, .at = i, .finding = &c->findings[i] };
    qsort(list, c->count, sizeof(*list), by_place);
    for (size_t i = 0; i < c->count; i++)
        ordered[i] = *list[i].finding;
    c->findings = ordered;
}

static const struct check_report *report_of(struct checking *c)
{
    struct check_report *report = arena_alloc(c->arena, sizeof(*report));
    report->count = c->count;
    report->more = c->more;
    report->findings = c->findings;
    report->lock_count = c->lock_count;
    report->locks = c->locks;
    memcpy(report->by_severity, c->by_severity, sizeof(report->by_severity));
    report->ignored = c->ignored;
    return report;
}

const struct check_report *check_book(struct arena *arena, const struct book *book,
                                      const struct check_options *options)
{
    static const struct check_options none = { 0 };
    struct checking c = { .arena = arena, .book = book, .options = options ? options : &none };
    c.sources = sources_of(arena, book);
    ignoring_init(&c);
    for (const struct topic_rule *const *topic = check_topics; *topic; topic++) {
        for (const struct topic_rule *rule = *topic; rule->told.code; rule++) {
            if (rule->look)
                rule->look(&c, &rule->told);
        }
    }
    sort(&c);
    return report_of(&c);
}

static void add_faults(struct checking *c, const char *path, const struct json_faults *faults)
{
    for (size_t i = 0; faults && i < faults->count; i++)
        c->findings[c->count++] = (struct check_finding){ .code = CHECK_CODE_BOOK,
                                                          .severity = CHECK_ERROR,
                                                          .file = path,
                                                          .line = faults->list[i].line,
                                                          .column = faults->list[i].column,
                                                          .message = faults->list[i].message };
    c->more += faults ? faults->more : 0;
    c->by_severity[CHECK_ERROR] += faults ? faults->count + faults->more : 0;
}

const struct check_report *check_faults(struct arena *arena, const char *path,
                                        const struct json_faults *faults, const char *targets_path,
                                        const struct json_faults *targets)
{
    struct checking c = { .arena = arena };
    c.findings = arena_array(arena, 2 * JSON_FAULTS_MAX, sizeof(*c.findings));
    add_faults(&c, path, faults);
    add_faults(&c, targets_path, targets);
    return report_of(&c);
}
