#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server.h"

/*
 * The rows of a backfill, and the batches that change them, as the server gets them. A batch is a
 * transaction: it is there wholly or not at all, and one whose connection broke may still come to be there.
 */

#define ROWS_LEAST 10
#define ROWS_MAX   60

/* Its keys are 1, 2, ... */
struct table {
    int64_t rows;
    bool changed[ROWS_MAX + 1];
};

struct batch {
    struct batch *next;
    struct def *def;
    int64_t pid, from, to, following;
    bool alive, looks;         /* only at rows that are still to be done */
    struct question *question; /* NULL: nobody waits for it */
};

static struct batch *batches;

void batches_create(void)
{
    batches = NULL;
}

struct table *table_create(void)
{
    struct table *table = mem_alloc(sizeof(*table));
    table->rows = (int64_t)(ROWS_LEAST + chance_below(ROWS_MAX - ROWS_LEAST));
    return table;
}

void table_clear(struct table *table)
{
    memset(table->changed, 0, sizeof(table->changed));
}

/* What the way forward changes the way back changes back. */
static bool is_done(const struct def *def, int64_t key)
{
    return def->table->changed[key] == (def->entry == 0);
}

bool table_is_done(const struct def *def, int64_t key)
{
    for (int64_t i = 1; i <= (key > 0 ? key : def->table->rows); i++) {
        if (!is_done(def, i))
            return false;
    }
    return true;
}

bool table_is_begun(const struct def *def)
{
    for (int64_t i = 1; i <= def->table->rows; i++) {
        if (is_done(def, i))
            return true;
    }
    return false;
}

/* Returns how many rows it has changed. */
static int64_t change(const struct batch *batch)
{
    int64_t count = 0;
    for (int64_t i = batch->from + 1; i <= batch->to && i <= batch->def->table->rows; i++) {
        if (is_done(batch->def, i) && batch->looks)
            continue;
        if (is_done(batch->def, i))
            judge_effect_again(batch->def);
        batch->def->table->changed[i] = batch->def->entry == 0;
        count++;
    }
    world()->result->counts.effects += count > 0 ? 1 : 0;
    world_trace("BATCH %s: %lld rows up to %lld", batch->def->step->id, (long long)count,
                (long long)batch->to);
    truth_recount(batch->def->index);
    return count;
}

/* ---- what is asked ---- */

static int64_t number_after(const char *sql, const char *text)
{
    const char *at = strstr(sql, text);
    return at != NULL ? strtoll(at + strlen(text), NULL, 10) : 0;
}

/* Of the rows, not of the keys that follow them. */
static int64_t first_of_batch(const char *sql)
{
    const char *from = strstr(sql, " > '");
    return from != NULL && from < strstr(sql, " <= '") ? number_after(sql, " > '") : 0;
}

static bool is_of(const struct step *step, const char *sql)
{
    const struct backfill_def *def = step->backfill;
    char update[256], keys[256];
    if (step->kind != STEP_BACKFILL)
        return false;
    (void)snprintf(update, sizeof(update), "UPDATE %s SET %s WHERE", def->table, def->set);
    (void)snprintf(keys, sizeof(keys), "FROM %s", def->table);
    return strstr(sql, update) != NULL || (strstr(sql, "tminus_done") == NULL && strstr(sql, keys) != NULL);
}

static struct def *def_asked(const char *sql)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        if (is_of(w->defs[i].step, sql))
            return &w->defs[i];
    }
    return NULL;
}

static void put(struct question *question, size_t column, int64_t value)
{
    (void)snprintf(question->values[column], sizeof(question->values[column]), "%lld", (long long)value);
}

/* Rows changed, keys of the next batch, and its last one. */
static void fill(struct question *question, int64_t count, int64_t keys, int64_t last)
{
    question->status = DRIVER_OK;
    question->rows = 1;
    question->columns = 3;
    put(question, 0, count);
    put(question, 1, keys);
    put(question, 2, last);
    question->null[2] = keys == 0;
}

static void on_first(void *data)
{
    struct question *question = data;
    int64_t from = number_after(question->sql, " > '"), limit = number_after(question->sql, " LIMIT ");
    int64_t left = def_asked(question->sql)->table->rows - from;
    int64_t keys = left < limit ? left : limit;
    fill(question, 0, keys, from + keys);
    question_answer(question);
}

static void on_look(void *data)
{
    struct question *question = data;
    fill(question, -1, 1, 0);
    (void)snprintf(question->values[1], sizeof(question->values[1]), "t");
    (void)snprintf(question->values[2], sizeof(question->values[2]), "1s");
    question_answer(question);
}

/* ---- a batch ---- */

static void on_committed(void *data)
{
    struct batch *batch = data;
    struct question *question = batch->question;
    int64_t end = batch->to + batch->following;
    bool more = end <= batch->def->table->rows;
    batch->alive = false;
    batch->question = NULL;
    due_forget(batch);
    int64_t count = world_broken(BREAK_BATCH) && chance(200) ? batch->to - batch->from : change(batch);
    if (question == NULL)
        return;
    question->batch = NULL;
    fill(question, count, more ? batch->following : 0, end);
    question_answer(question);
}

static void refuse(struct question *question, enum driver_status status, const char *code)
{
    question->status = status;
    question->code = code;
    question_answer(question);
}

static void on_refused(void *data)
{
    struct question *question = data;
    size_t which = chance_below(10);
    if (which < 5)
        refuse(question, DRIVER_RETRYABLE, "55P03");
    else if (which < 7)
        refuse(question, DRIVER_TIMED_OUT, "57014");
    else if (which < 8)
        refuse(question, DRIVER_REJECTED, "22001");
    else
        refuse(question, DRIVER_LOST, "");
}

/* The connection breaks: perhaps before it came to the server, perhaps the server goes on. */
static void on_broken(void *data)
{
    struct batch *batch = data;
    struct question *question = batch->question;
    if (question == NULL)
        return;
    batch->question = NULL;
    question->batch = NULL;
    if (chance(400)) {
        due_forget(batch);
        batch->alive = false;
    }
    world_trace("connection of %s broke%s", batch->def->step->id, batch->alive ? ", batch out" : "");
    session_broke(question->session);
    refuse(question, DRIVER_AMBIGUOUS, "");
}

static void send_batch(struct question *question, struct def *def, int64_t pid)
{
    int64_t takes_us = chance(100) && !world()->well ? chance_us(0, 3 * SECOND_US) : chance_us(0, 30 * MS_US);
    char where[128];
    (void)snprintf(where, sizeof(where), "AND (%s) RETURNING", def->step->backfill->where);
    judge_batch(def);
    if (chance_fault(60)) {
        due_in(takes_us, true, on_refused, question);
        return;
    }
    struct batch *batch = mem_alloc(sizeof(*batch));
    *batch = (struct batch){ .next = batches,
                             .def = def,
                             .pid = pid,
                             .from = first_of_batch(question->sql),
                             .to = number_after(question->sql, " <= '"),
                             .following = number_after(question->sql, " OFFSET ") + 1,
                             .alive = true,
                             .looks = strstr(question->sql, where) != NULL && !world_broken(BREAK_WHERE),
                             .question = question };
    batches = batch;
    question->batch = batch;
    due_in(takes_us, false, on_committed, batch);
    if (chance_fault(60))
        due_in(chance_us(0, takes_us), true, on_broken, batch);
}

void batch_ask(struct question *question, int64_t pid)
{
    bool looks = strstr(question->sql, "pg_index") != NULL;
    struct def *def = looks ? NULL : def_asked(question->sql);
    if (!looks && def == NULL)
        world_failed(SIM_RULE, "a batch that nobody wrote: %s", question->sql);
    if (!looks && strstr(question->sql, "tminus_done") != NULL)
        send_batch(question, def, pid);
    else
        due_in(chance_us(0, 5 * MS_US), true,
               chance_fault(20) ? on_refused
               : looks          ? on_look
                                : on_first,
               question);
}

void batch_leave(struct question *question)
{
    if (question->batch == NULL)
        return;
    if (world()->in_runner)
        world_failed(SIM_RULE, "the runner ended while it carried out %s", question->batch->def->step->id);
    question->batch->question = NULL;
}

/* ---- what goes on without the runner ---- */

void batches_runner_ended(void)
{
    for (struct batch *batch = batches; batch != NULL; batch = batch->next) {
        if (batch->question != NULL && chance(300)) {
            due_forget(batch);
            batch->alive = false;
        }
        batch->question = NULL;
    }
}

bool batches_busy(void)
{
    for (const struct batch *batch = batches; batch != NULL; batch = batch->next) {
        if (batch->alive && batch->question == NULL)
            return true;
    }
    return false;
}

int64_t batches_find(const char *but)
{
    int64_t found = 0;
    for (const struct batch *batch = batches; batch != NULL; batch = batch->next) {
        if (batch->alive && !backends_leave_out(but, batch->pid) && (found == 0 || batch->pid < found))
            found = batch->pid;
    }
    return found;
}
