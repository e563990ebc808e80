#include "showing.h"

#include <inttypes.h>

#include "timeline.h"

/* ---- at a glance ---- */

static void put_fact(struct showing *s, const char *name, const char *value)
{
    if (value && value[0])
        document_row(s->document, (const struct cell[]){ { name, LOOK_STRONG }, { value, LOOK_PLAIN } });
}

static void put_environment(struct showing *s)
{
    const struct json *environment = json_member(s->book->source, "environment");
    const struct json *topology = json_member(environment, "topology"),
                      *volume = json_member(environment, "volume");
    const struct json *application = json_member(environment, "application");
    const struct json *largest = json_member(volume, "largest");
    if (environment)
        put_fact(s, "Database",
                 arena_format(s->arena, "%s %s%s%s", shown_member(s, environment, "engine"),
                              shown_member(s, environment, "version"),
                              shown_member(s, environment, "platform")[0] ? ", " : "",
                              shown_member(s, environment, "platform")));
    if (topology)
        put_fact(s, "Topology",
                 arena_format(s->arena, "primaries: %s; replicas: %s; replication: %s",
                              json_member(topology, "primaries") ? shown_member(s, topology, "primaries")
                                                                 : "not said",
                              json_member(topology, "replicas") ? shown_member(s, topology, "replicas") : "0",
                              json_member(topology, "replication") ? shown_member(s, topology, "replication")
                                                                   : "none"));
    put_fact(s, "Data", shown_member(s, volume, "size"));
    for (size_t i = 0; largest && i < largest->count; i++)
        put_fact(s, i == 0 ? "Largest tables" : "",
                 arena_format(s->arena, "%s: %s rows, %s", shown_member(s, &largest->items[i], "table"),
                              shown_member(s, &largest->items[i], "rows"),
                              shown_member(s, &largest->items[i], "size")));
    put_fact(s, "Application", shown_member(s, application, "orm"));
    put_fact(s, "Longest transaction", shown_member(s, application, "longest_transaction"));
    put_fact(s, "Hardware", shown_member(s, environment, "hardware"));
    put_fact(s, "Network", shown_member(s, environment, "network"));
}

static const char *counted(struct showing *s)
{
    size_t changes = 0, irreversible = 0;
    for (size_t i = 0; i < s->book->step_count; i++) {
        changes += step_kind_changes(s->book->steps[i].kind) && s->book->steps[i].kind != STEP_MARK;
        irreversible += s->book->steps[i].irreversible != NULL;
    }
    return arena_format(
        s->arena, "phases: %zu; steps: %zu; of these change something: %zu; of these cannot be undone: %s",
        s->book->phase_count, s->book->step_count, changes,
        irreversible > 0 ? arena_format(s->arena, "%zu", irreversible) : "none");
}

void show_glance(struct showing *s)
{
    static const char *const head[] = { "", "" };
    const struct book *book = s->book;
    const struct json *objectives = json_member(book->source, "objectives");
    document_heading(s->document, 1, "At a glance");
    document_table(s->document, head, ARRAY_LEN(head));
    put_fact(s, "Book", book->id);
    if (s->facts->hash)
        document_row(s->document, (const struct cell[]){ { "SHA-256 of its file", LOOK_STRONG },
                                                         { s->facts->hash, LOOK_CODE } });
    put_fact(s, "Contents", counted(s));
    put_fact(s, "Window",
             book->window_us ? arena_format(s->arena, "%s, of which the last %s are a margin",
                                            shown_duration(s, book->window_us),
                                            book->margin_us ? shown_duration(s, book->margin_us) : "0s")
                             : "none is stated");
    put_fact(s, "By the estimates",
             s->schedule->total_us ? shown_duration(s, s->schedule->total_us) : "not stated");
    put_fact(s, "Downtime, at most", shown_member(s, objectives, "downtime"));
    put_fact(s, "Time to recovery", shown_member(s, objectives, "rto"));
    put_fact(s, "Data at risk", shown_member(s, objectives, "rpo"));
    put_environment(s);
}

/* ---- why so ---- */

void show_strategy(struct showing *s)
{
    static const char *const head[] = { "Not taken", "Why" };
    const struct json *strategy = json_member(s->book->source, "strategy");
    const struct json *rejected = json_member(strategy, "rejected");
    if (!strategy)
        return;
    document_heading(s->document, 1, "Strategy");
    document_item(s->document, "Approach", shown_member(s, strategy, "approach"));
    document_item(s->document, "Why", shown_member(s, strategy, "why"));
    if (!rejected || rejected->count == 0)
        return;
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < rejected->count; i++)
        document_row(s->document,
                     (const struct cell[]){ { shown_member(s, &rejected->items[i], "approach"), LOOK_PLAIN },
                                            { shown_member(s, &rejected->items[i], "why"), LOOK_PLAIN } });
}

/* ---- risks ---- */

static int level_of(const char *word)
{
    int level = RISK_UNSTATED;
    for (int i = RISK_LOW; i < RISK_COUNT; i++)
        level = word[0] != '\0' && word[0] == risk_word((enum risk)i)[0] ? i : level;
    return level;
}

/* What is unlikely and harmless is low, what is one of the two is medium; with anything in between, the
 * higher. */
static int severity_of(int likelihood, int impact)
{
    static const int severities[RISK_COUNT][RISK_COUNT] = {
        [RISK_LOW] = { [RISK_LOW] = RISK_LOW, [RISK_MEDIUM] = RISK_LOW, [RISK_HIGH] = RISK_MEDIUM },
        [RISK_MEDIUM] = { [RISK_LOW] = RISK_LOW, [RISK_MEDIUM] = RISK_MEDIUM, [RISK_HIGH] = RISK_HIGH },
        [RISK_HIGH] = { [RISK_LOW] = RISK_MEDIUM, [RISK_MEDIUM] = RISK_HIGH, [RISK_HIGH] = RISK_HIGH },
    };
    return severities[likelihood][impact];
}

static struct cell level_cell(int level)
{
    static const enum look looks[RISK_COUNT] = { [RISK_UNSTATED] = LOOK_PLAIN,
                                                 [RISK_LOW] = LOOK_LOW,
                                                 [RISK_MEDIUM] = LOOK_MEDIUM,
                                                 [RISK_HIGH] = LOOK_HIGH };
    return (struct cell){ level == RISK_UNSTATED ? "not said" : risk_word((enum risk)level), looks[level] };
}

void show_risks(struct showing *s)
{
    static const char *const head[] = { "Risk",     "Likelihood",       "Impact",
                                        "Severity", "Made unlikely by", "If it happens" };
    const struct json *risks = json_member(s->book->source, "risks");
    document_heading(s->document, 1, "Risks");
    if (!risks || risks->count == 0) {
        document_paragraph(s->document, "The book names none.");
        return;
    }
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < risks->count; i++) {
        const struct json *risk = &risks->items[i];
        int likelihood = level_of(shown_member(s, risk, "likelihood")),
            impact = level_of(shown_member(s, risk, "impact"));
        document_row(s->document,
                     (const struct cell[]){ { shown_member(s, risk, "risk"), LOOK_PLAIN },
                                            level_cell(likelihood),
                                            level_cell(impact),
                                            level_cell(severity_of(likelihood, impact)),
                                            { shown_member(s, risk, "mitigation"), LOOK_PLAIN },
                                            { shown_member(s, risk, "contingency"), LOOK_PLAIN } });
    }
}

/* ---- when ---- */

static void put_critical(struct showing *s)
{
    const struct book *book = s->book;
    struct buf path;
    buf_init(&path, TEXT_MAX);
    for (size_t p = 0; p < book->phase_count; p++) {
        const struct phase *phase = &book->phases[p];
        if (s->schedule->phases[p].critical)
            buf_format(&path, "%s%s (as a whole)", path.len > 0 ? " → " : "", phase->id);
        for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
            if (s->schedule->steps[i].critical)
                buf_format(&path, "%s%s", path.len > 0 ? " → " : "", book->steps[i].id);
        }
    }
    document_item(s->document, "Critical path", path.len > 0 ? buf_str(&path) : "nothing has an estimate");
    buf_finish(&path);
}

void show_timeline(struct showing *s)
{
    const struct book *book = s->book;
    struct buf svg, text;
    document_heading(s->document, 1, "Timeline");
    document_paragraph(s->document,
                       "By the upper ends of the estimates, without the time that people take to decide. "
                       "What is on the critical path makes the whole longer when it takes longer.");
    put_critical(s);
    document_item(s->document, "Together",
                  s->schedule->total_us ? shown_duration(s, s->schedule->total_us) : "not stated");
    if (book->window_us > 0 && s->schedule->total_us > book->window_us - book->margin_us)
        document_item(s->document, "Too long",
                      arena_format(s->arena, "the window less its margin is %s",
                                   shown_duration(s, book->window_us - book->margin_us)));
    if (s->schedule->unestimated > 0)
        document_item(
            s->document, "Without an estimate",
            arena_format(s->arena, "%zu steps; they count as nothing here", s->schedule->unestimated));
    if (s->schedule->total_us == 0)
        return;
    buf_init(&svg, TEXT_MAX);
    buf_init(&text, TEXT_MAX);
    timeline_svg(&svg, book, s->schedule);
    timeline_text(&text, book, s->schedule);
    document_figure(s->document, buf_str(&svg), buf_str(&text));
    buf_finish(&svg);
    buf_finish(&text);
}
