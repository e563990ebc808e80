/* The texts of a step, put together as the server gets them. */
#include "script.h"

#include <string.h>

#include "base/text.h"

#define SCRIPT_MAX ((size_t)16 * 1024 * 1024)

static const char *stand_in(void *data, const struct later_value *later)
{
    (void)data;
    (void)later;
    return "item";
}

const char *filled(struct checking *c, const struct step *work, const char *text, enum fill_in in)
{
    const struct step *step = work->owner_step ? work->owner_step : work;
    const char *result = text;
    if (book_fill(c->book, c->arena, step->index, text, in, stand_in, NULL, &result, NULL) < 0)
        return text;
    return result;
}

static int lines_in(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

struct script script_of(struct checking *c, const struct part *parts, size_t count, bool transaction)
{
    struct text *texts = arena_array(c->arena, count + 1, sizeof(*texts));
    struct script script = { .count = count, .texts = texts, .transaction = transaction };
    struct buf buf;
    int line = 1;
    buf_init(&buf, SCRIPT_MAX);
    for (size_t i = 0; i < count; i++) {
        texts[i] = parts[i].text;
        texts[i].line = line;
        buf_format(&buf, "%s%s", parts[i].sql, count > 1 ? "\n;\n" : "");
        line += lines_in(parts[i].sql) + 2;
    }
    script.text = arena_text(c->arena, buf_str(&buf));
    buf_finish(&buf);
    return script;
}

static struct text text_of(const struct json *source, size_t index)
{
    const struct json *sql = json_member(source, "sql"), *file = json_member(source, "file");
    if (file && file->type == JSON_TEXT)
        return (struct text){ .where = file, .file = file->text };
    if (sql && sql->type == JSON_ARRAY && index < sql->count)
        return (struct text){ .where = &sql->items[index] };
    return (struct text){ .where = sql };
}

/* Of MySQL and MariaDB each text is one statement, so that what one sets for the session holds for the next:
 * they are one script, in a transaction or not. */
static struct scripts statements_of(struct checking *c, const struct step *work,
                                    const struct sql_server *server)
{
    const struct json *source = source_of(c, work);
    struct part *parts = arena_array(c->arena, work->sql_count + 1, sizeof(*parts));
    bool together = work->transaction || server->dialect != SQL_POSTGRESQL;
    struct scripts scripts = { .count = together && work->sql_count > 0 ? 1 : work->sql_count };
    scripts.list = arena_array(c->arena, scripts.count + 1, sizeof(*scripts.list));
    enum fill_in in = fill_in_sql(c->book, work->target);
    for (size_t i = 0; i < work->sql_count; i++)
        parts[i] = (struct part){ filled(c, work, work->sql[i], in), text_of(source, i) };
    for (size_t i = 0; i < scripts.count; i++)
        scripts.list[i] = together ? script_of(c, parts, work->sql_count, work->transaction)
                                   : script_of(c, &parts[i], 1, sql_is_several(parts[i].sql));
    return scripts;
}

/* ---- a backfill ---- */

static bool can_be_read(struct checking *c, const struct sql_server *server, const char *sql)
{
    static const struct sql_options options = { .transaction = true, .reading = SQL_READ_OURS };
    const struct sql_script *judged = sql_judge(c->arena, server, NULL, sql, &options);
    return judged->count == 1 && judged->statements[0].understood;
}

/* The field of which the whole cannot be read; "set" where it can. */
static const char *unread_part(struct checking *c, const struct sql_server *server, const char *table,
                               const char *set, const char *where)
{
    if (!can_be_read(c, server, arena_format(c->arena, "UPDATE %s SET a = 1", table)))
        return "table";
    if (can_be_read(c, server, arena_format(c->arena, "UPDATE a SET a = 1 WHERE (%s)", where)))
        return "set";
    return can_be_read(c, server, arena_format(c->arena, "UPDATE a SET %s", set)) ? "where" : "set";
}

/* A backfill's own statement: what each batch is, told where it stands. */
static struct scripts statement_of_batches(struct checking *c, const struct step *work)
{
    const char *sql = filled(c, work, backfill_batch_text(c->arena, work->backfill), FILL_IN_POSTGRESQL);
    struct part part = { sql, { .where = json_member(source_of(c, work), "statement") } };
    struct scripts scripts = { .count = 1, .list = arena_array(c->arena, 1, sizeof(*scripts.list)) };
    scripts.list[0] = script_of(c, &part, 1, false);
    return scripts;
}

/* The UPDATE that each batch is: of the rows between two keys. */
static struct scripts batches_of(struct checking *c, const struct step *work, const struct sql_server *server)
{
    const struct backfill_def *backfill = work->backfill;
    const struct json *source = source_of(c, work);
    enum fill_in in = fill_in_sql(c->book, work->target);
    const char *set = filled(c, work, backfill->set, in), *where = filled(c, work, backfill->where, in);
    const char *table = filled(c, work, backfill->table, in);
    const char *sql = arena_format(c->arena, "UPDATE %s SET %s WHERE %s IS NOT NULL AND (%s)", table, set,
                                   backfill->key[0], where);
    struct part part = { sql, { .where = json_member(source, unread_part(c, server, table, set, where)) } };
    struct scripts scripts = { .count = 1, .list = arena_array(c->arena, 1, sizeof(*scripts.list)) };
    scripts.list[0] = script_of(c, &part, 1, false);
    return scripts;
}

struct scripts scripts_of(struct checking *c, const struct step *work, const struct sql_server *server)
{
    if (work->kind == STEP_BACKFILL && work->backfill->key_count > 0)
        return work->backfill->statement ? statement_of_batches(c, work) : batches_of(c, work, server);
    return work->kind == STEP_SQL ? statements_of(c, work, server) : (struct scripts){ 0 };
}
