#include "osc.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/mysql.h"

/* What there is of a table and around it, in one question: a row for each thing, of a kind and a name. */

#define ASK_TIMEOUT_US (10 * SECOND_US)
#define SQL_MAX        (32 * 1024)
#define TOKEN_LEN      8
#define STEM_LEN       40 /* of the table's name, in a name that has room for 64 */

/* ---- names ---- */

static const char *token_of(const struct runner *runner, struct arena *arena, const struct osc_names *names)
{
    const char *text =
        arena_format(arena, "%s\n%s\n%s", runner->options->frozen->run, names->schema, names->table);
    struct sha256 sha;

    sha256_of(text, strlen(text), &sha);
    return arena_text_len(arena, sha.hex, TOKEN_LEN);
}

int osc_names_make(const struct runner *runner, struct arena *arena, const struct step *work,
                   struct osc_names *ret, struct err *err)
{
    struct dsn_mysql dsn;
    int r = dsn_mysql_parse(arena, runner->book->targets[work->target].dsn, &dsn, err);

    if (r < 0)
        return r;
    *ret = (struct osc_names){ .schema = work->osc->schema ? work->osc->schema : dsn.dbname,
                               .table = work->osc->table };
    if (!ret->schema)
        return err_set(err, ERR_INVALID, "neither the table nor the dsn of target \"%s\" names a database",
                       runner->book->targets[work->target].id);
    ret->token = token_of(runner, arena, ret);
    ret->mark = arena_format(arena, "tminus_osc_%s_", ret->token);
    if (work->osc->tool == OSC_PERCONA) {
        ret->made[ret->made_count++] = arena_format(arena, "_%.*s_%s_new", STEM_LEN, ret->table, ret->token);
        ret->old = arena_format(arena, "%s_old", ret->table);
    } else {
        ret->made[ret->made_count++] = arena_format(arena, "_%.*s_%s_gho", STEM_LEN, ret->table, ret->token);
        ret->made[ret->made_count++] = arena_format(arena, "_%.*s_%s_ghc", STEM_LEN, ret->table, ret->token);
        ret->old = arena_format(arena, "%.*s_%s_del", STEM_LEN, ret->table, ret->token);
    }
    return 0;
}

/* ---- the question ---- */

/* Text in which $S, $T, $O, $K and $1 stand for the schema, the table, the old one, the mark and what is
 * made. */
static const char question[] =
    "SELECT 'table', table_type FROM information_schema.tables WHERE table_schema = $S AND table_name = $T "
    "UNION ALL SELECT IF(LOCATE($1, action_statement) > 0, 'ours', 'theirs'), trigger_name FROM "
    "information_schema.triggers WHERE trigger_schema = $S AND (event_object_table = $T OR "
    "LOCATE($1, action_statement) > 0) "
    "UNION ALL SELECT 'old', table_name FROM information_schema.tables WHERE table_schema = $S AND "
    "TRIM(LEADING '_' FROM table_name) = TRIM(LEADING '_' FROM $O) AND table_name <> $T "
    /* Others' statements with our names are none: nobody else knows the token. Our own questions have it too.
     */
    "UNION ALL SELECT 'session', CAST(id AS CHAR) FROM information_schema.processlist WHERE "
    "IS_USED_LOCK(CONCAT($K, id)) = id OR (LOCATE($1, info) > 0 AND info NOT LIKE '/* tminus:%') ";
/* The server opens every table of the schema for some of these. Of other schemas it would open all, and their
 * views: a foreign key from there the program finds itself, before it begins. */
static const char before_question[] =
    "UNION ALL SELECT 'key', MIN(index_name) FROM information_schema.statistics WHERE table_schema = $S AND "
    "table_name = $T AND non_unique = 0 GROUP BY index_name HAVING SUM(nullable = 'YES') = 0 "
    "UNION ALL SELECT 'child', CONCAT(table_schema, '.', table_name) FROM "
    "information_schema.key_column_usage "
    "WHERE table_schema = $S AND referenced_table_schema = $S AND referenced_table_name = $T "
    "UNION ALL SELECT 'parent', constraint_name FROM information_schema.key_column_usage "
    "WHERE table_schema = $S AND table_name = $T AND referenced_table_name IS NOT NULL ";
static const char made_question[] = "UNION ALL SELECT 'made', table_name FROM information_schema.tables "
                                    "WHERE table_schema = $S AND table_name = $1 ";

static const char *value_of(const struct osc_names *names, const char *made, char letter)
{
    switch (letter) {
    case 'S':
        return names->schema;
    case 'T':
        return names->table;
    case 'O':
        return names->old;
    case 'K':
        return names->mark;
    default:
        return made;
    }
}

static void put(struct buf *sql, const char *text, const struct osc_names *names, const char *made)
{
    for (const char *at = text; *at; at++) {
        if (*at == '$')
            mysql_literal(sql, value_of(names, made, *++at));
        else
            buf_char(sql, *at);
    }
}

/* ---- the answer ---- */

struct looking {
    struct arena *arena;
    struct osc_names names;
    osc_seen seen;
    void *data;
    struct osc_state state;
    const char **drops;
};

static void add(struct looking *looking, const char **list, const char *text)
{
    *list = *list ? arena_format(looking->arena, "%s, %s", *list, text) : arena_text(looking->arena, text);
}

static void add_left(struct looking *looking, const char *what, const char *statement, const char *name)
{
    struct buf quoted;

    buf_init(&quoted, ERR_MESSAGE_MAX);
    mysql_identifier(&quoted, looking->names.schema);
    buf_char(&quoted, '.');
    mysql_identifier(&quoted, name);
    add(looking, &looking->state.left, arena_format(looking->arena, "%s %s", what, buf_str(&quoted)));
    looking->drops[looking->state.drop_count++] =
        arena_format(looking->arena, "%s IF EXISTS %s", statement, buf_str(&quoted));
    buf_finish(&quoted);
}

static void take(struct looking *looking, const char *kind, const char *name)
{
    struct osc_state *state = &looking->state;

    if (strcmp(kind, "table") == 0)
        state->is_table = strcmp(name, "BASE TABLE") == 0;
    else if (strcmp(kind, "key") == 0)
        state->has_key = true;
    else if (strcmp(kind, "child") == 0)
        add(looking, &state->children, name);
    else if (strcmp(kind, "parent") == 0)
        add(looking, &state->parents, name);
    else if (strcmp(kind, "theirs") == 0)
        add(looking, &state->triggers, name);
    else if (strcmp(kind, "old") == 0)
        add(looking, &state->olds, name);
    else if (strcmp(kind, "session") == 0)
        add(looking, &state->sessions, name);
    else if (strcmp(kind, "ours") == 0)
        add_left(looking, "trigger", "DROP TRIGGER", name);
}

static void on_answer(void *data, const struct answer *answer)
{
    struct looking *looking = data;
    const struct driver_result *result = answer->result;
    bool whole = result->status == DRIVER_OK;

    looking->drops =
        arena_array(looking->arena, (whole ? answer->row_count : 0) + 1, sizeof(*looking->drops));
    for (size_t i = 0; whole && i < answer->row_count; i++) {
        const char *kind = answer->cell(answer, i, 0), *name = answer->cell(answer, i, 1);

        whole = kind && name;
        if (whole)
            take(looking, kind, name);
    }
    /* A table goes after what writes to it. */
    for (size_t i = 0; whole && i < answer->row_count; i++) {
        if (strcmp(answer->cell(answer, i, 0), "made") == 0)
            add_left(looking, "table", "DROP TABLE", answer->cell(answer, i, 1));
    }
    looking->state.drops = looking->drops;
    if (!whole)
        looking->state = (struct osc_state){ .why = result->message && result->message[0] ? result->message
                                                                                          : "no answer" };
    looking->seen(looking->data, &looking->state);
    arena_destroy(looking->arena);
    free(looking);
}

void osc_look(struct runner *runner, size_t target, const struct osc_names *names, enum osc_scope scope,
              osc_seen seen, void *data)
{
    struct looking *looking = mem_alloc(sizeof(*looking));
    struct err err = ERR_INIT;
    struct buf sql;
    int r;

    *looking = (struct looking){ .arena = arena_create(), .names = *names, .seen = seen, .data = data };
    buf_init(&sql, SQL_MAX);
    put(&sql, question, names, names->made[0]);
    if (scope == OSC_WHOLE)
        put(&sql, before_question, names, names->made[0]);
    for (size_t i = 0; i < names->made_count; i++)
        put(&sql, made_question, names, names->made[i]);
    r = runner->finishing ? err_set(&err, ERR_CLOSED, "the runner ends")
                          : session_ask(runner->servers[target].steps, buf_str(&sql), ASK_TIMEOUT_US,
                                        on_answer, looking, &err);
    buf_finish(&sql);
    if (r == 0)
        return;
    arena_destroy(looking->arena);
    free(looking);
    seen(data, &(struct osc_state){ .why = err.message });
}
