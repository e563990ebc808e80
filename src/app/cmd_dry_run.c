#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "cmd.h"
#include "launch.h"

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
    struct buf expected;

    if (!query->sql)
        return;
    buf_init(&expected, 4096);
    expect_text(&expected, &query->expect);
    printf("%s%s on %s, expected %s:\n", indent, label, book->targets[query->target].id, buf_str(&expected));
    print_lines("            ", query->sql);
    buf_finish(&expected);
}

/* ---- one step, by kind ---- */

static void print_check(const struct book *book, const struct step *step)
{
    printf("by %s%s%s\n", step->by ? step->by : "operator", step_is_sensed(step) ? ", sensed" : "",
           step->evidence ? ", with evidence" : "");
    if (step->instructions)
        print_lines("          ", step->instructions);
    print_query("          ", "ticks itself", book, &step->query);
}

static void print_manual(const struct book *book, const struct step *step)
{
    (void)book;
    printf("by %s%s\n", step->by ? step->by : "operator", step->evidence ? ", with evidence" : "");
    if (step->instructions)
        print_lines("          ", step->instructions);
}

static void print_sql(const struct book *book, const struct step *step)
{
    printf("on %s", book->targets[step->target].id);
    print_duration(", lock_timeout ", step->lock_timeout_us);
    print_duration(", statement_timeout ", step->statement_timeout_us);
    if (step->retry.attempts > 1) {
        printf(", %d attempts", step->retry.attempts);
        print_range(" with a wait of ", &step->retry.backoff);
    }
    putchar('\n');
    for (size_t i = 0; i < step->lock_count; i++)
        printf("          expected lock: %s on %s\n", step->locks[i].mode, step->locks[i].table);
    print_query("          ", "skipped when done already: asked", book, &step->probe);
    if (step->transaction)
        puts("          BEGIN");
    for (size_t i = 0; i < step->sql_count; i++)
        print_lines("          ", step->sql[i]);
    if (step->transaction)
        puts("          COMMIT");
}

static void print_command(const struct book *book, const struct step *step)
{
    (void)book;
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
}

static void print_verify(const struct book *book, const struct step *step)
{
    putchar('\n');
    print_query("          ", "asked", book, &step->query);
}

static void print_wait(const struct book *book, const struct step *step)
{
    struct buf until;

    (void)book;
    buf_init(&until, 4096);
    condition_text(&until, &step->until);
    printf("until %s", buf_str(&until));
    print_duration(", for at most ", step->timeout_us);
    putchar('\n');
    buf_finish(&until);
}

static void print_none(const struct book *book, const struct step *step)
{
    (void)book;
    printf("nothing to undo: %s\n", step->why);
}

static void (*const prints[STEP_KIND_COUNT])(const struct book *, const struct step *) = {
    [STEP_CHECK] = print_check,     [STEP_MANUAL] = print_manual, [STEP_SQL] = print_sql,
    [STEP_COMMAND] = print_command, [STEP_VERIFY] = print_verify, [STEP_WAIT] = print_wait,
    [STEP_NONE] = print_none,
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

        printf("TARGET %s: %s%s%s, %s\n", target->id, target_engine_word(target->engine),
               target->version ? " " : "", target->version ? target->version : "",
               target->dsn ? target->dsn : "no server given (--targets)");
    }
    for (size_t i = 0; i < book->monitor_count; i++)
        printf("MONITOR %s: %s on %s%s\n", book->monitors[i].id, monitor_kind_word(book->monitors[i].kind),
               book->targets[book->monitors[i].target].id,
               book->monitors[i].heartbeat ? ", with a heartbeat table on its primary" : "");
}

static void print_book(const struct book *book)
{
    printf("BOOK %s: %s", book->id, book->title);
    print_duration("; window ", book->window_us);
    print_duration(", margin ", book->margin_us);
    putchar('\n');
    print_targets(book);
    print_triggers(book);
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

int cmd_dry_run(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct launch_options launch = { 0 };
    struct option_list params = { 0 };
    const struct option_row options[] = {
        { "--targets", OPTION_VALUE, &launch.targets },
        { "--param", OPTION_LIST, &params },
        { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    struct buf report;
    const struct book *book;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    buf_init(&report, REPORT_MAX);
    if (r == 0)
        r = arguments_count(&arguments, 1, 1, "dry-run", &err);
    if (r == 0) {
        launch.book = arguments.list[0];
        launch.param_count = params.count;
        r = parse_params(arena, params.items, params.count, &launch.params, &err);
    }
    if (r == 0)
        r = launch_show(arena, &launch, &book, &report, &err);
    if (r == 0)
        print_book(book);
    (void)fputs(buf_str(&report), stderr);
    buf_finish(&report);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
