#include "dry_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bulk/backfill.h"
#include "base/text.h"

#define TEXT_MAX (512 * 1024)

/* Prints a text of the book, each line behind `indent`. The book refuses control characters, so it is fit to
 * be shown as it is. */
static void print_lines(const char *indent, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        printf("%s%.*s\n", indent, (int)len, text);
        text += len;
        text += *text == '\n';
    }
}

static void print_duration(const char *label, int64_t us)
{
    struct buf buf;

    if (us == 0)
        return;
    buf_init(&buf, 64);
    duration_spell(&buf, us);
    printf("%s%s", label, buf_str(&buf));
    buf_finish(&buf);
}

static void print_range(const char *label, const struct duration_range *range)
{
    if (range->max_us == 0)
        return;
    print_duration(label, range->min_us);
    if (range->min_us == 0)
        printf("%s0s", label);
    if (range->max_us != range->min_us)
        print_duration("..", range->max_us);
}

static void print_query(const char *indent, const char *label, const struct book *book,
                        const struct query *query)
{
    struct buf text;

    if (!query_is_there(query))
        return;
    buf_init(&text, TEXT_MAX);
    expect_text(&text, &query->expect, book);
    printf("%s%s%s%s, expected %s:\n", indent, label, query->target != BOOK_NONE ? " on " : "",
           query->target != BOOK_NONE ? book->targets[query->target].id : "", buf_str(&text));
    buf_clear(&text);
    query_text(&text, query);
    print_lines("            ", buf_str(&text));
    if (query->expect.kind == EXPECT_EQUALS)
        printf("            (the other one%s%s, for at most %" PRId64 " ms)\n",
               query->expect.other->target != BOOK_NONE ? " on " : "",
               query->expect.other->target != BOOK_NONE ? book->targets[query->expect.other->target].id : "",
               query->expect.other->timeout_us / MS_US);
    buf_finish(&text);
}

/* ---- one step, by kind ---- */

static void print_unattended(const struct step *step)
{
    if (!step->unattended)
        return;
    puts("          in a rehearsal instead:");
    print_lines("            ", step->unattended->text);
    for (size_t i = 0; i < step->unattended->argv_count; i++) {
        printf("            argv[%zu] ", i);
        print_lines("", step->unattended->argv[i]);
    }
}

static void print_check(const struct book *book, const struct step *step)
{
    printf("by %s%s%s\n", step->by ? step->by : "operator", step_is_sensed(step) ? ", sensed" : "",
           step->evidence ? ", with evidence" : "");
    if (step->instructions)
        print_lines("          ", step->instructions);
    print_unattended(step);
    print_query("          ", "ticks itself", book, &step->query);
}

static void print_manual(const struct book *book, const struct step *step)
{
    (void)book;
    printf("by %s%s\n", step->by ? step->by : "operator", step->evidence ? ", with evidence" : "");
    if (step->instructions)
        print_lines("          ", step->instructions);
    print_unattended(step);
}

static void print_limits(const struct book *book, const struct step *step)
{
    printf("on %s", book->targets[step->target].id);
    print_duration(", lock_timeout ", step->lock_timeout_us);
    print_duration(", statement_timeout ", step->statement_timeout_us);
    if (step->retry.attempts > 1) {
        printf(", %d attempts", step->retry.attempts);
        print_range(" with a wait of ", &step->retry.backoff);
    }
    putchar('\n');
}

static void print_conditions(const struct step *step, const char *what)
{
    size_t count;
    const struct condition *conditions = step_conditions(step, &count);
    struct buf text;

    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_clear(&text);
        condition_text(&text, &conditions[i]);
        printf("          %s %s\n", what, buf_str(&text));
    }
    buf_finish(&text);
}

static void print_sql(const struct book *book, const struct step *step)
{
    print_limits(book, step);
    for (size_t i = 0; i < step->lock_count; i++)
        printf("          expected lock: %s on %s\n", step->locks[i].mode, step->locks[i].table);
    print_conditions(step, "cancelled and tried again when");
    if (step->copies)
        printf("          MAY COPY A TABLE while writers wait: %s\n", step->copies);
    print_query("          ", "skipped when done already: asked", book, &step->probe);
    if (step->each) {
        printf("          for each ${%s} of%s:\n", step->each->as,
               step->owner_step ? " what had begun, newest first" : "");
        if (!step->owner_step)
            print_lines("            ", step->each->query.sql);
    }
    if (step->transaction)
        puts("          BEGIN");
    if (step->generate.sql) {
        printf("          each row that this answers on %s:\n", book->targets[step->generate.target].id);
        print_lines("            ", step->generate.sql);
    }
    for (size_t i = 0; i < step->sql_count; i++)
        print_lines("          ", step->sql[i]);
    if (step->transaction)
        puts("          COMMIT");
}

static void print_command(const struct book *book, const struct step *step)
{
    print_duration("timeout ", step->timeout_us);
    print_duration(", then SIGTERM and after ", step->timeout_us ? step->grace_us : 0);
    puts(step->timeout_us ? " SIGKILL" : "no timeout");
    for (size_t i = 0; i < step->argv_count; i++) {
        printf("          argv[%zu] ", i);
        print_lines("", step->argv[i]);
    }
    /* Values may be secrets: the names are what is to be known. */
    for (size_t i = 0; i < step->env_count; i++)
        printf("          environment %.*s\n", (int)strcspn(step->env[i], "="), step->env[i]);
    for (size_t i = 0; i < step->secret_count; i++)
        printf("          environment %s, from %s\n", step->secrets[i].name, step->secrets[i].from);
    print_query("          ", "skipped when done already: asked", book, &step->probe);
}

static void print_verify(const struct book *book, const struct step *step)
{
    putchar('\n');
    print_query("          ", "asked", book, &step->query);
}

static void print_queries(const struct book *book, const struct step *step)
{
    print_duration("asked every ", step->until_every_us);
    print_duration(", until all hold for ", step->until_for_us);
    print_duration(", for at most ", step->timeout_us);
    putchar('\n');
    for (size_t i = 0; i < step->until_count; i++)
        print_query("          ", "until", book, &step->until_queries[i]);
}

static void print_wait(const struct book *book, const struct step *step)
{
    struct buf until;

    if (step->until_count > 0) {
        print_queries(book, step);
        return;
    }
    buf_init(&until, TEXT_MAX);
    condition_text(&until, &step->until);
    printf("until %s", buf_str(&until));
    print_duration(", for at most ", step->timeout_us);
    putchar('\n');
    buf_finish(&until);
}

static void print_backfill(const struct book *book, const struct step *step)
{
    const struct backfill_def *def = step->backfill;
    const struct backfill_config config = { .engine = book->targets[step->target].engine == ENGINE_POSTGRESQL
                                                          ? BULK_POSTGRESQL
                                                          : BULK_MYSQL,
                                            .table = def->table,
                                            .set = def->set,
                                            .where = def->where,
                                            .statement = def->statement,
                                            .key_count = def->key_count,
                                            .key = def->key,
                                            .batch = def->batch,
                                            .lock_timeout_us = step->lock_timeout_us };
    struct buf text;

    print_limits(book, step);
    buf_init(&text, TEXT_MAX);
    backfill_show(&text, &config);
    print_lines("          ", buf_str(&text));
    print_duration("          each batch in about ", def->batch_time_us);
    print_duration(", with a pause of ", def->pause_us);
    printf(", tried up to %d times\n", def->attempts);
    buf_finish(&text);
    print_conditions(step, "only while");
    print_query("          ", "skipped when done already: asked", book, &step->probe);
}

/* What is compared, and what is told: as the step itself says it. */
static void print_text(const struct book *book, const struct step *step)
{
    struct buf text;

    putchar('\n');
    buf_init(&text, TEXT_MAX);
    step_text(&text, step, book);
    print_lines("          ", buf_str(&text));
    buf_finish(&text);
    print_duration("          timeout ", step->timeout_us);
    puts(step->timeout_us > 0 ? "" : "          reads only");
}

static void print_compare(const struct book *book, const struct step *step)
{
    const struct compare_def *def = step->compare;

    print_text(book, step);
    printf("          chunks of %" PRId64 " rows", def->chunk);
    print_duration(", each asked for at most ", def->timeout_us);
    if (def->rechecks > 0) {
        printf(", what differs is looked at %d times more", def->rechecks);
        print_duration(", each time after ", def->recheck_wait_us);
    }
    putchar('\n');
}

static void print_osc(const struct book *book, const struct step *step)
{
    struct buf text;

    putchar('\n');
    buf_init(&text, TEXT_MAX);
    step_text(&text, step, book);
    print_lines("          ", buf_str(&text));
    buf_finish(&text);
    print_duration("          waits for a lock at most ", step->lock_timeout_us);
    print_duration(", takes at most ", step->timeout_us);
    putchar('\n');
    print_query("          ", "skipped when done already: asked", book, &step->probe);
}

static void print_mark(const struct book *book, const struct step *step)
{
    (void)book;
    (void)step;
    puts("begins by itself with the first step of the phase");
}

static void print_none(const struct book *book, const struct step *step)
{
    (void)book;
    printf("nothing to undo: %s\n", step->why);
}

static void (*const prints[STEP_KIND_COUNT])(const struct book *, const struct step *) = {
    [STEP_CHECK] = print_check,       [STEP_MANUAL] = print_manual,   [STEP_SQL] = print_sql,
    [STEP_COMMAND] = print_command,   [STEP_VERIFY] = print_verify,   [STEP_WAIT] = print_wait,
    [STEP_BACKFILL] = print_backfill, [STEP_COMPARE] = print_compare, [STEP_NOTIFY] = print_text,
    [STEP_MARK] = print_mark,         [STEP_NONE] = print_none,       [STEP_OSC] = print_osc,
};

static void print_work(const struct book *book, const struct step *step, const char *indent)
{
    printf("%s%s ", indent, step_kind_word(step->kind));
    prints[step->kind](book, step);
}

static void print_step(const struct book *book, const struct step *step)
{
    printf("  %3zu  %s: %s", step->index + 1, step->id, step->title ? step->title : "");
    print_range("   ~", &step->estimate);
    putchar('\n');
    print_work(book, step, "       ");
    if (step->idempotent)
        puts("       idempotent: doing it once more changes nothing");
    if (step->as)
        printf("       what it answers is ${%s} from then on\n", step->as);
    for (size_t i = 0; i < step->rollback_count; i++) {
        printf("       rollback %zu: ", i + 1);
        print_work(book, &step->rollback[i], "");
    }
    if (step->irreversible)
        printf("       CANNOT BE UNDONE: %s\n", step->irreversible);
}

/* ---- gates, triggers, the whole ---- */

static void print_gate(const struct book *book, const struct gate *gate)
{
    struct buf text;

    buf_init(&text, 4096);
    printf("  GATE %s: votes", gate->id);
    for (size_t i = 0; i < gate->vote_count; i++)
        printf("%s %s", i > 0 ? "," : "", book->roles[gate->votes[i]].id);
    putchar('\n');
    for (size_t i = 0; i < gate->criterion_count; i++) {
        buf_clear(&text);
        condition_text(&text, &gate->criteria[i].when);
        printf("       %s: %s\n", gate->criteria[i].id, buf_str(&text));
    }
    if (gate->witness)
        puts("       waits until the witness holds what was said");
    if (gate->override_allowed)
        printf("       may be overridden by %s, with a reason\n", book->roles[gate->override_by].id);
    buf_finish(&text);
}

static void print_triggers(const struct book *book)
{
    struct buf text;

    buf_init(&text, 4096);
    for (size_t i = 0; i < book->trigger_count; i++) {
        const struct trigger *trigger = &book->triggers[i];

        buf_clear(&text);
        condition_text(&text, &trigger->when);
        printf("TRIGGER %s: %s: %s%s\n", trigger->id, buf_str(&text),
               trigger->then == THEN_ROLLBACK ? "rolls back" : "holds the run",
               trigger->propose_rollback ? " and proposes a rollback" : "");
    }
    buf_finish(&text);
}

static void print_targets(const struct book *book)
{
    for (size_t i = 0; i < book->target_count; i++) {
        const struct target *target = &book->targets[i];

        printf("TARGET %s: %s%s%s, %s%s\n", target->id, target_engine_word(target->engine),
               target->version ? " " : "", target->version ? target->version : "",
               target->dsn ? target->dsn : "no server given (--targets)", target->live ? ", live" : "");
    }
}

static void print_tools(const struct book *book)
{
    for (size_t i = 0; i < book->tool_count; i++)
        printf("TOOL %s%s%s\n", book->tools[i].name, book->tools[i].version ? " " : "",
               book->tools[i].version ? book->tools[i].version : "");
    for (size_t i = 0; i < book->forbidden_count; i++)
        printf("TOOL %s: no step calls it\n", book->forbidden[i]);
}

static void print_monitors(const struct book *book)
{
    for (size_t i = 0; i < book->monitor_count; i++) {
        const struct monitor_def *monitor = &book->monitors[i];

        printf("MONITOR %s: %s%s%s%s", monitor->id, monitor_kind_word(monitor->kind),
               monitor->target != BOOK_NONE ? " on " : "",
               monitor->target != BOOK_NONE ? book->targets[monitor->target].id : "",
               monitor->heartbeat ? ", with a heartbeat table on its primary" : "");
        print_duration(", every ", monitor->every_us);
        putchar('\n');
        if (monitor->sql)
            print_lines("    ", monitor->sql);
        if (monitor->http)
            printf("    GET %s%s%s\n", monitor->http->url, monitor->http->pointer ? " " : "",
                   monitor->http->pointer ? monitor->http->pointer : "");
    }
}

static void print_rehearsal(const struct book *book)
{
    const struct rehearsal *rehearsal = book->rehearsal;

    if (!rehearsal)
        return;
    fputs("REHEARSAL", stdout);
    print_duration(" live only with a certificate not older than ", rehearsal->required_us);
    if (rehearsal->required_us > 0)
        printf(", without one: %s",
               rehearsal->override_by == BOOK_NONE ? "nobody" : book->roles[rehearsal->override_by].id);
    else
        fputs(" no certificate is required", stdout);
    putchar('\n');
    for (size_t i = 0; i < rehearsal->data_count; i++) {
        printf("    has to be as before on %s:\n", book->targets[rehearsal->data[i].target].id);
        print_lines("      ", rehearsal_data_text(&rehearsal->data[i]));
    }
}

void print_book(const struct book *book)
{
    printf("BOOK %s: %s", book->id, book->title);
    print_duration("; window ", book->window_us);
    print_duration(", margin ", book->margin_us);
    putchar('\n');
    print_targets(book);
    print_tools(book);
    print_monitors(book);
    print_triggers(book);
    print_rehearsal(book);
    for (size_t i = 0; i < book->phase_count; i++) {
        const struct phase *phase = &book->phases[i];

        printf("\nPHASE %zu %s (%s%s%s)%s: %s", i + 1, phase->id, phase_kind_word(phase->kind),
               phase->risk == RISK_UNSTATED ? "" : ", risk ", risk_word(phase->risk),
               phase->parallel ? ", side by side" : "", phase->title ? phase->title : "");
        print_range("   ~", &phase->estimate);
        putchar('\n');
        for (size_t s = 0; s < phase->step_count; s++)
            print_step(book, &book->steps[phase->first_step + s]);
        if (phase->gate != BOOK_NONE)
            print_gate(book, &book->gates[phase->gate]);
    }
    puts("\nNothing was executed and nothing was connected to.");
}
