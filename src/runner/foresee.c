#include "foresee.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/mysql.h"

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
#define SQL_MAX          ((size_t)16 * 1024 * 1024)

void foresight_create(struct runner *runner)
{
    runner->foresight = arena_alloc(runner->arena, sizeof(*runner->foresight));
    *runner->foresight = (struct foresight){ .runner = runner, .step = BOOK_NONE };
}

void foresight_destroy(struct runner *runner)
{
    if (runner->foresight)
        foresight_end_round(runner->foresight);
}

static const struct step *definition(const struct foresight *foresight)
{
    return &foresight->runner->book->steps[foresight->step];
}

static bool is_postgresql(const struct foresight *foresight)
{
    return foresight->runner->book->targets[definition(foresight)->target].engine == ENGINE_POSTGRESQL;
}

/* ---- size and traffic ---- */

static const char *failure(const struct answer *answer)
{
    const char *message = answer->result->message;

    if (text_equal(answer->result->code, "55P03")) /* lock_not_available */
        return "somebody has locked what would have to be looked at";
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
    for (size_t i = 0; i < foresight_shown(foresight); i++) {
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
    for (size_t i = 0; i < foresight_shown(foresight); i++) {
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
        foresight_tell_judged(foresight);
}

static void ask(struct foresight *foresight, size_t target, const char *sql, session_answered answered)
{
    struct session *session = foresight->runner->servers[target].senses;
    struct err err = ERR_INIT;

    foresight->out = true;
    if (session_ask(session, sql, ASK_TIMEOUT_US, answered, foresight, &err) == 0)
        return;
    foresight->out = false;
    foresight_tell_unknown(foresight, err.message);
}

/* The same of PostgreSQL, where sizes and most definitions are had by a lock: who waits for one stands in the
 * queue of which tminus tells, and keeps the checks waiting that share the session. */
static void ask_in_passing(struct foresight *foresight, size_t target, const char *sql,
                           session_answered answered)
{
    ask(foresight, target, arena_format(foresight->arena, "SET LOCAL lock_timeout = '100ms'; %s", sql),
        answered);
}

static void count(struct foresight *foresight)
{
    struct buf sql;

    buf_init(&sql, SQL_MAX);
    if (is_postgresql(foresight))
        foresight_put_count_postgresql(foresight, &sql);
    else
        foresight_put_count_mysql(foresight, &sql);
    if (sql.overflow)
        foresight_tell_unknown(foresight, "its tables have names that are longer than fits");
    else if (is_postgresql(foresight))
        ask_in_passing(foresight, definition(foresight)->target, buf_str(&sql), on_counted);
    else
        ask(foresight, definition(foresight)->target, buf_str(&sql), on_counted);
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

/* Code that is not in the text may lock anything. NULL: there is none. */
static const char *unknown_code(const struct sql_statement *statement)
{
    for (size_t i = 0; i < statement->finding_count; i++) {
        if (text_equal(statement->findings[i].rule->code, "unknown-code") ||
            text_equal(statement->findings[i].rule->code, "dynamic-sql"))
            return statement->findings[i].message;
    }
    return NULL;
}

static void add_statement(struct foresight *foresight, const struct sql_statement *statement)
{
    const struct sql_finding *worst = statement->finding_count > 0 ? &statement->findings[0] : NULL;

    add_tables(foresight, statement);
    if (!foresight->not_understood)
        foresight->not_understood = unknown_code(statement);
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

/* The statements as the server gets them: a transaction is one script, and several in one query are, too. */
static int judge(struct foresight *foresight, const struct sql_server *server, struct sql_catalog *catalog,
                 struct err *err)
{
    const struct step *step = definition(foresight);
    const struct work_place place = { foresight->step, foresight->item };
    const char *const *texts = step->sql;
    const char *batches;
    size_t count = step->sql_count;
    struct buf whole;

    if (step->kind == STEP_BACKFILL) {
        batches = backfill_batch_text(foresight->arena, step->backfill);
        texts = &batches;
        count = 1;
    }
    if (runner_fill_all(foresight->runner, foresight->arena, &place, texts, count,
                        fill_in_sql(foresight->runner->book, step->target), &texts, err) < 0)
        return ERR_INVALID;
    buf_init(&whole, SQL_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct sql_options options = { .transaction = step->transaction || sql_is_several(texts[i]),
                                             .guarded = !step->copies && sql_can_be_guarded(server),
                                             .reading = SQL_READ_OURS };
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
    if (answer->row_count == 0 || answer->column_count != SQL_CATALOG_FIELDS)
        return err_set(err, ERR_ENVIRONMENT, "the server answered something else than its catalog");
    for (size_t row = 0; r == 0 && row < answer->row_count; row++) {
        const char *fields[SQL_CATALOG_FIELDS];

        for (size_t i = 0; i < SQL_CATALOG_FIELDS; i++)
            fields[i] = answer->cell(answer, row, i);
        r = sql_catalog_row(catalog, fields, SQL_CATALOG_FIELDS, err);
    }
    return r;
}

static struct sql_server server_of(const struct foresight *foresight, const struct session *session)
{
    enum sql_dialect dialect = is_postgresql(foresight)    ? SQL_POSTGRESQL
                               : mysql_is_mariadb(session) ? SQL_MARIADB
                                                           : SQL_MYSQL;

    return (struct sql_server){ dialect, session_server_version(session) };
}

static void tell_or_count(struct foresight *foresight, int r, const struct err *err)
{
    if (r < 0)
        foresight_tell_unknown(foresight, err->message);
    else if (foresight->table_count == 0)
        foresight_tell_judged(foresight);
    else
        count(foresight);
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
        foresight_tell_unknown(foresight, answer->result->status == DRIVER_OK ? "the connection was lost"
                                                                              : failure(answer));
        return;
    }
    server = server_of(foresight, session);
    catalog = sql_catalog_create(&server);
    r = read_catalog(catalog, answer, &err);
    if (r == 0)
        r = judge(foresight, &server, catalog, &err);
    sql_catalog_destroy(catalog);
    tell_or_count(foresight, r, &err);
}

static void ask_catalog(struct foresight *foresight)
{
    size_t target = definition(foresight)->target;
    struct session *session = foresight->runner->servers[target].senses;
    struct sql_server server = server_of(foresight, session);
    const char *query = sql_catalog_query(&server);
    struct err err = ERR_INIT;

    if (!session_connected(session))
        foresight_tell_unknown(foresight, session_trouble(session));
    else if (!is_postgresql(
                 foresight)) /* how a table is defined is not asked: what depends on it is said to */
        tell_or_count(foresight, judge(foresight, &server, NULL, &err), &err);
    else if (query)
        ask_in_passing(foresight, target, query, on_catalog);
    else
        foresight_tell_unknown(foresight, "the catalog of this server's version is not known");
}

/* ---- what it is done for ---- */

static bool is_done(const struct foresight *foresight, const char *item)
{
    const struct work *work = run_work(foresight->runner->run, foresight->step, 0);

    for (size_t i = 0; i < work->item_count; i++) {
        if (work->items[i].done && text_equal(work->items[i].name, item))
            return true;
    }
    return false;
}

/* All of them would be more than the runner may read beside its steps: the first that is left is judged. */
static void on_items(void *data, const struct answer *answer)
{
    struct foresight *foresight = data;

    foresight->out = false;
    if (answer->result->status != DRIVER_OK) {
        foresight_tell_unknown(
            foresight,
            arena_format(foresight->arena, "what it is done for was not answered: %s", failure(answer)));
        return;
    }
    for (size_t i = 0; i < answer->row_count; i++) {
        const char *item = answer->column_count > 0 ? answer->cell(answer, i, 0) : NULL;

        if (!item) {
            foresight_tell_unknown(foresight, "an item of what it is done for is NULL");
            return;
        }
        if (is_done(foresight, item))
            continue;
        if (foresight->item_count++ == 0)
            foresight->item = arena_text(foresight->arena, item);
    }
    if (foresight->item)
        ask_catalog(foresight);
    else
        foresight_tell_empty(foresight);
}

static void ask_items(struct foresight *foresight, const struct query *query)
{
    const struct work_place place = { foresight->step, NULL };
    struct err err = ERR_INIT;
    const char *sql;

    if (runner_fill(foresight->runner, foresight->arena, &place, query->sql,
                    fill_in_sql(foresight->runner->book, query->target), &sql, &err) < 0)
        foresight_tell_unknown(foresight, err.message);
    else
        ask(foresight, query->target, sql, on_items);
}

/* ---- when ---- */

/* What runs there is not to share its server with us; NULL: nothing does. */
static const struct step *busy_with(const struct runner *runner, size_t target)
{
    for (const struct execution *e = runner->executions; e; e = e->next) {
        const struct compare_def *compare = e->definition->compare;

        if (e->definition->target == target ||
            (compare && (compare->left == target || compare->right == target)))
            return e->definition;
    }
    return NULL;
}

/* It is not left to look as if there were nothing to say; what was told before has its age. */
static void tell_busy(struct foresight *foresight, size_t step, const struct step *with)
{
    if (foresight->runner->run->steps[step].foreseen != CHOICE_NONE)
        return;
    foresight_end_round(foresight);
    foresight->arena = arena_create();
    foresight->step = step;
    foresight_tell_unknown(foresight,
                           arena_format(foresight->arena, "\"%s\" is at work on its server", with->id));
}

static bool is_connecting(const struct session *session)
{
    return !session_connected(session) && session_trouble(session)[0] == '\0';
}

static void begin_round(struct foresight *foresight, size_t step, struct instant now)
{
    const struct step *def = &foresight->runner->book->steps[step];

    *foresight = (struct foresight){
        .runner = foresight->runner, .arena = arena_create(), .step = step, .began_boot_us = now.boot_us
    };
    if (query_is_there(&def->generate))
        foresight_tell_unknown(foresight, "its statements are generated when it begins");
    else if (def->each)
        ask_items(foresight, &def->each->query);
    else
        ask_catalog(foresight);
}

void foresight_tick(struct runner *runner, struct instant now)
{
    struct foresight *foresight = runner->foresight;
    size_t step = run_next_step(runner->run);
    bool takes_locks = step != BOOK_NONE && step_takes_locks(&runner->book->steps[step]);
    const struct step *with = takes_locks ? busy_with(runner, runner->book->steps[step].target) : NULL;

    if (foresight->out)
        return; /* at most for its timeout */
    if (with)
        tell_busy(foresight, step, with);
    if (!takes_locks || with) {
        foresight_end_round(foresight);
        foresight->step = BOOK_NONE;
        return;
    }
    if (foresight->arena && foresight->step == step) {
        if (now.boot_us - foresight->counted_boot_us >= COUNT_AFTER_US)
            count(foresight);
        return;
    }
    foresight_end_round(foresight);
    if (is_connecting(runner->servers[runner->book->steps[step].target].senses))
        return;
    if (foresight->step != step || now.boot_us - foresight->began_boot_us >= ROUND_US)
        begin_round(foresight, step, now);
}
