#include "runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/postgresql.h"
#include "sql/sql.h"

/*
 * Before a step is begun: what it would lock on its server as that is now, what that blocks, and how large
 * and busy the tables are. A round asks for the catalog, judges the statements on it, and counts twice. It
 * goes through the session of the sensed checks, so that no step ever waits for it. What cannot be told is
 * said to be so: it is not shown as harmless.
 */

#define ROUND_US       (10 * SECOND_US)
#define ASK_TIMEOUT_US (2 * SECOND_US)
#define COUNT_AFTER_US SECOND_US
/* The rest is judged before the night: reading more than this would keep the runner from its steps. */
#define CATALOG_ROWS_MAX ((size_t)10000)
#define LINES_MAX        ((size_t)3)
#define TEXT_MAX         ((size_t)4096)
#define SQL_MAX          ((size_t)16 * 1024 * 1024)

struct counted {
    bool known;
    int64_t bytes, rows, writes, scans, at_us; /* the server's clock */
};

struct table {
    const char *name;
    enum sql_lock_mode mode;
    bool rewritten, scanned;
    struct counted before, now;
};

struct foresight {
    struct runner *runner;
    struct arena *arena; /* of the round that is under way; NULL: none is */
    size_t step;         /* of the last round */
    int64_t began_boot_us, counted_boot_us;
    bool out;      /* a question is */
    size_t counts; /* how often it was counted */
    size_t table_count;
    struct table *tables;       /* the strongest lock first */
    const char *worst;          /* what is dangerous about it; NULL */
    const char *not_counted;    /* why; NULL */
    const char *not_understood; /* what of it; NULL */
};

void foresight_create(struct runner *runner)
{
    runner->foresight = arena_alloc(runner->arena, sizeof(*runner->foresight));
    *runner->foresight = (struct foresight){ .runner = runner, .step = BOOK_NONE };
}

static void end_round(struct foresight *foresight)
{
    arena_destroy(foresight->arena);
    foresight->arena = NULL;
}

void foresight_destroy(struct runner *runner)
{
    if (runner->foresight)
        end_round(runner->foresight);
}

static const struct step *definition(const struct foresight *foresight)
{
    return &foresight->runner->book->steps[foresight->step];
}

/* ---- telling ---- */

static void tell(struct foresight *foresight, enum choice choice, const char *text)
{
    struct input input = {
        .type = INPUT_FORESEEN, .now = clock_now(), .step = foresight->step, .choice = choice, .text = text
    };

    if (!foresight->runner->ending)
        runner_take(foresight->runner, &input);
    end_round(foresight);
}

static void tell_unknown(struct foresight *foresight, const char *why)
{
    tell(foresight, CHOICE_UNKNOWN, arena_format(foresight->arena, "cannot be told: %s", why));
}

static void put_rate(struct buf *text, int64_t before, int64_t now, int64_t us, const char *what)
{
    buf_format(text, ", %" PRId64 " %s/s", (now - before) * SECOND_US / us, what);
}

static void put_counted(struct buf *text, const struct table *table)
{
    int64_t us = table->now.at_us - table->before.at_us;

    buf_text(text, " (");
    size_text(text, table->now.bytes);
    buf_text(text, "B, ");
    if (table->now.rows < 0)
        buf_text(text, "rows not known: never analyzed");
    else
        buf_format(text, "about %" PRId64 " rows", table->now.rows);
    /* Counters that went back were reset in between. */
    if (!table->before.known || us <= 0 || table->now.writes < table->before.writes ||
        table->now.scans < table->before.scans) {
        buf_text(text, ", traffic not known");
    } else {
        put_rate(text, table->before.writes, table->now.writes, us, "writes");
        put_rate(text, table->before.scans, table->now.scans, us, "scans");
    }
    buf_text(text, ")");
}

static void put_table(struct buf *text, const struct foresight *foresight, const struct table *table)
{
    buf_format(text, "%s%s on %s: %s", text->len > 0 ? "\n" : "", sql_lock_mode_word(table->mode),
               table->name, sql_lock_blocks(table->mode));
    if (table->rewritten)
        buf_text(text, "; rewrites it");
    else if (table->scanned)
        buf_text(text, "; reads all of it");
    if (table->now.known)
        put_counted(text, table);
    else
        buf_format(text, " (size and traffic cannot be told: %s)",
                   foresight->not_counted ? foresight->not_counted
                                          : "not there, or without files of its own");
}

static size_t shown(const struct foresight *foresight)
{
    size_t max = LINES_MAX - (foresight->worst ? 1 : 0) - (foresight->not_understood ? 1 : 0);

    return foresight->table_count < max ? foresight->table_count : max;
}

static void tell_judged(struct foresight *foresight)
{
    struct buf text;

    buf_init(&text, TEXT_MAX);
    if (foresight->not_understood)
        buf_format(&text, "cannot be told: %.1000s", foresight->not_understood);
    for (size_t i = 0; i < shown(foresight); i++)
        put_table(&text, foresight, &foresight->tables[i]);
    if (shown(foresight) < foresight->table_count)
        buf_format(&text, "; and %zu more", foresight->table_count - shown(foresight));
    if (foresight->worst)
        buf_format(&text, "%s%.1000s", text.len > 0 ? "\n" : "", foresight->worst);
    if (text.len == 0)
        buf_text(&text, "locks nothing that is there now");
    if (text.overflow)
        tell_unknown(foresight, "it is longer than fits");
    else
        tell(foresight,
             foresight->not_understood ? CHOICE_UNKNOWN
             : foresight->worst        ? CHOICE_NO
                                       : CHOICE_YES,
             buf_str(&text));
    buf_finish(&text);
}

/* ---- size and traffic ---- */

static const char *failure(const struct answer *answer)
{
    const char *message = answer->result->message;

    return message && message[0] ? message : driver_status_word(answer->result->status);
}

static void take_count(struct foresight *foresight, const struct answer *answer, size_t row)
{
    const char *cells[6];

    for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
        cells[i] = answer->cell(answer, row, i);
        if (!cells[i])
            return; /* it went away just now, or has no size of its own */
    }
    for (size_t i = 0; i < shown(foresight); i++) {
        if (text_equal(foresight->tables[i].name, cells[0]))
            foresight->tables[i].now = (struct counted){
                true,
                strtoll(cells[1], NULL, 10),
                strtoll(cells[2], NULL, 10),
                strtoll(cells[3], NULL, 10),
                strtoll(cells[4], NULL, 10),
                strtoll(cells[5], NULL, 10),
            };
    }
}

static void on_counted(void *data, const struct answer *answer)
{
    struct foresight *foresight = data;

    foresight->out = false;
    foresight->counts++;
    foresight->counted_boot_us = clock_now().boot_us;
    for (size_t i = 0; i < shown(foresight); i++) {
        foresight->tables[i].before = foresight->tables[i].now;
        foresight->tables[i].now.known = false;
    }
    if (answer->result->status != DRIVER_OK)
        foresight->not_counted = arena_text(foresight->arena, failure(answer));
    else if (answer->row_count > 0 && answer->column_count != 6)
        foresight->not_counted = "the server answered something else";
    for (size_t i = 0; !foresight->not_counted && i < answer->row_count; i++)
        take_count(foresight, answer, i);
    if (foresight->not_counted || foresight->counts == 2)
        tell_judged(foresight);
}

static void ask(struct foresight *foresight, const char *sql, session_answered answered)
{
    struct session *session = foresight->runner->servers[definition(foresight)->target].senses;
    struct err err = ERR_INIT;

    foresight->out = true;
    if (session_ask(session, sql, ASK_TIMEOUT_US, answered, foresight, &err) == 0)
        return;
    foresight->out = false;
    tell_unknown(foresight, err.message);
}

static void count(struct foresight *foresight)
{
    struct buf sql;

    buf_init(&sql, SQL_MAX);
    buf_text(&sql,
             "SELECT nspname || '.' || c.relname, CASE WHEN relkind <> 'p' THEN "
             "pg_total_relation_size(c.oid) END, CASE WHEN reltuples < 0 OR (reltuples = 0 AND relpages "
             "= 0) THEN -1 ELSE reltuples::bigint END, coalesce(n_tup_ins + n_tup_upd + n_tup_del, 0), "
             "coalesce(seq_scan, 0) + coalesce(idx_scan, 0), (extract(epoch FROM clock_timestamp()) * "
             "1000000)::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN "
             "pg_stat_all_tables s ON relid = c.oid WHERE nspname || '.' || c.relname IN (");
    for (size_t i = 0; i < shown(foresight); i++) {
        buf_text(&sql, i > 0 ? ", " : "");
        postgresql_literal(&sql, foresight->tables[i].name);
    }
    buf_text(&sql, ")");
    if (sql.overflow)
        tell_unknown(foresight, "its tables have names that are longer than fits");
    else
        ask(foresight, buf_str(&sql), on_counted);
    buf_finish(&sql);
}

/* ---- judging ---- */

static bool names(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(list[i], name))
            return true;
    }
    return false;
}

static struct table *find_table(struct foresight *foresight, const char *name)
{
    for (size_t i = 0; i < foresight->table_count; i++) {
        if (text_equal(foresight->tables[i].name, name))
            return &foresight->tables[i];
    }
    return NULL;
}

static void add_tables(struct foresight *foresight, const struct sql_statement *statement)
{
    size_t room = foresight->table_count + statement->lock_count;
    struct table *tables = arena_array(foresight->arena, room + 1, sizeof(*tables));

    for (size_t i = 0; i < foresight->table_count; i++)
        tables[i] = foresight->tables[i];
    foresight->tables = tables;
    for (size_t i = 0; i < statement->lock_count; i++) {
        const struct sql_lock *lock = &statement->locks[i];
        struct table *table = find_table(foresight, lock->relation);

        if (!table) {
            table = &tables[foresight->table_count++];
            *table = (struct table){ .name = lock->relation };
        }
        if (table->mode < lock->mode)
            table->mode = lock->mode;
        table->rewritten |= names(statement->rewrites, statement->rewrite_count, lock->relation);
        table->scanned |= names(statement->scans, statement->scan_count, lock->relation);
    }
}

static void add_statement(struct foresight *foresight, const struct sql_statement *statement)
{
    const struct sql_finding *worst = statement->finding_count > 0 ? &statement->findings[0] : NULL;

    add_tables(foresight, statement);
    if (!statement->understood && !foresight->not_understood)
        foresight->not_understood = worst ? worst->message : "a statement is of no form that is known";
    else if (statement->understood && statement->dangerous && !foresight->worst && worst)
        foresight->worst = worst->depends ? arena_format(foresight->arena, "%s; it depends on %s",
                                                         worst->message, worst->depends)
                                          : worst->message;
}

static int stronger_first(const void *left, const void *right)
{
    const struct table *a = left, *b = right;

    return a->mode != b->mode ? (a->mode < b->mode) - (a->mode > b->mode) : strcmp(a->name, b->name);
}

/* A text with a semicolon in the middle is taken for several: the server makes them one transaction. */
static bool more_follows(const char *text)
{
    const char *end = strchr(text, ';');

    return end && end[strspn(end, "; \t\r\n")] != '\0';
}

/* The statements as the server gets them: a transaction is one script, and several in one query are, too. */
static int judge(struct foresight *foresight, const struct sql_server *server, struct sql_catalog *catalog,
                 struct err *err)
{
    const struct step *step = definition(foresight);
    const struct work_place place = { foresight->step, NULL };
    const struct backfill_def *backfill = step->backfill;
    const char *const *texts = step->sql;
    const char *batches;
    size_t count = step->sql_count;
    struct buf whole;

    if (step->kind == STEP_BACKFILL) {
        batches = arena_format(foresight->arena, "UPDATE %s SET %s WHERE %s", backfill->table, backfill->set,
                               backfill->where);
        texts = &batches;
        count = 1;
    }
    if (runner_fill_all(foresight->runner, foresight->arena, &place, texts, count, FILL_IN_SQL, &texts, err) <
        0)
        return ERR_INVALID;
    buf_init(&whole, SQL_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct sql_options options = { .transaction = step->transaction || more_follows(texts[i]) };
        const struct sql_script *script;

        buf_format(&whole, "%s\n;\n", texts[i]);
        if (step->transaction && i + 1 < count)
            continue;
        script = sql_judge(foresight->arena, server, catalog, arena_text(foresight->arena, buf_str(&whole)),
                           &options);
        for (size_t k = 0; k < script->count; k++)
            add_statement(foresight, &script->statements[k]);
        buf_clear(&whole);
    }
    buf_finish(&whole);
    if (foresight->table_count > 0)
        qsort(foresight->tables, foresight->table_count, sizeof(*foresight->tables), stronger_first);
    return 0;
}

static int read_catalog(struct sql_catalog *catalog, const struct answer *answer, struct err *err)
{
    int r = 0;

    if (answer->result->status != DRIVER_OK)
        return err_set(err, ERR_ENVIRONMENT, "the server's catalog was not answered: %s", failure(answer));
    if (answer->row_count > CATALOG_ROWS_MAX)
        return err_set(err, ERR_ENVIRONMENT,
                       "the database has more than %zu objects: `tminus check --online`", CATALOG_ROWS_MAX);
    if (answer->row_count > 0 && answer->column_count != SQL_CATALOG_FIELDS)
        return err_set(err, ERR_ENVIRONMENT, "the server answered something else than its catalog");
    for (size_t row = 0; r == 0 && row < answer->row_count; row++) {
        const char *fields[SQL_CATALOG_FIELDS];

        for (size_t i = 0; i < SQL_CATALOG_FIELDS; i++)
            fields[i] = answer->cell(answer, row, i);
        r = sql_catalog_row(catalog, fields, SQL_CATALOG_FIELDS, err);
    }
    return r;
}

static struct sql_server server_of(const struct session *session)
{
    return (struct sql_server){ SQL_POSTGRESQL, session_server_version(session) };
}

static void on_catalog(void *data, const struct answer *answer)
{
    struct foresight *foresight = data;
    struct runner *runner = foresight->runner;
    struct session *session = runner->servers[definition(foresight)->target].senses;
    struct sql_server server;
    struct sql_catalog *catalog;
    struct err err = ERR_INIT;
    int r;

    foresight->out = false;
    if (runner->finishing || !session_connected(session)) {
        tell_unknown(foresight, failure(answer));
        return;
    }
    server = server_of(session);
    catalog = sql_catalog_create(&server);
    r = read_catalog(catalog, answer, &err);
    if (r == 0)
        r = judge(foresight, &server, catalog, &err);
    sql_catalog_destroy(catalog);
    if (r < 0)
        tell_unknown(foresight, err.message);
    else if (foresight->table_count == 0)
        tell_judged(foresight);
    else
        count(foresight);
}

/* ---- when ---- */

/* What runs there is not to share its server with us. */
static bool is_busy(const struct runner *runner, size_t target)
{
    for (const struct execution *e = runner->executions; e; e = e->next) {
        const struct compare_def *compare = e->definition->compare;

        if (e->definition->target == target ||
            (compare && (compare->left == target || compare->right == target)))
            return true;
    }
    return false;
}

static bool is_connecting(const struct session *session)
{
    return !session_connected(session) && session_trouble(session)[0] == '\0';
}

static void begin_round(struct foresight *foresight, size_t step, struct instant now)
{
    const struct step *def = &foresight->runner->book->steps[step];
    struct session *session = foresight->runner->servers[def->target].senses;
    struct sql_server server;
    const char *query;

    *foresight = (struct foresight){
        .runner = foresight->runner, .arena = arena_create(), .step = step, .began_boot_us = now.boot_us
    };
    if (!session_connected(session)) {
        tell_unknown(foresight, session_trouble(session));
        return;
    }
    server = server_of(session);
    query = sql_catalog_query(&server);
    if (query_is_there(&def->generate))
        tell_unknown(foresight, "its statements are generated when it begins");
    else if (!query)
        tell_unknown(foresight, "the catalog of this server's version is not known");
    else
        ask(foresight, query, on_catalog);
}

void foresight_tick(struct runner *runner, struct instant now)
{
    struct foresight *foresight = runner->foresight;
    size_t step = run_next_step(runner->run);

    if (foresight->out)
        return; /* at most for its timeout */
    if (step == BOOK_NONE || !step_takes_locks(&runner->book->steps[step]) ||
        is_busy(runner, runner->book->steps[step].target)) {
        end_round(foresight);
        foresight->step = BOOK_NONE;
        return;
    }
    if (foresight->arena && foresight->step == step) {
        if (now.boot_us - foresight->counted_boot_us >= COUNT_AFTER_US)
            count(foresight);
        return;
    }
    end_round(foresight);
    if (is_connecting(runner->servers[runner->book->steps[step].target].senses))
        return;
    if (foresight->step != step || now.boot_us - foresight->began_boot_us >= ROUND_US)
        begin_round(foresight, step, now);
}
