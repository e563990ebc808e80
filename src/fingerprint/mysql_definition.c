/*
 * What the topics do not say of tables and sequences: each by itself, as SHOW CREATE says it. It is told of
 * only where nothing else of the table has changed (difference.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "driver/mysql.h"
#include "fingerprint/mysql_taking.h"

#define SHOW_TIMEOUT_US (60 * SECOND_US)
#define VALUE_MAX       ((size_t)8 * 1024 * 1024)

struct definition {
    struct mysql_taking *mysql;
    const char *what, *name;
};

/* Behind its columns a table says ") ENGINE=InnoDB AUTO_INCREMENT=7 ...": the number is moved by every row.
 * Before that a comment may say the same, so it is looked for from there on, outside of quotes. */
static const char *find_next_number(const char *text)
{
    static const char word[] = " AUTO_INCREMENT=";
    const char *at = text;
    for (const char *line = text; line != NULL; line = strchr(line + 1, '\n')) {
        if (text_starts(line, "\n)"))
            at = line;
    }
    for (bool quoted = false; *at != '\0'; at++) {
        quoted ^= *at == '\'';
        if (!quoted && text_starts(at, word))
            return at;
    }
    return NULL;
}

/* A password that a table of FEDERATED may have in its connection. */
static const char *find_connection(const char *text)
{
    return strstr(text, " CONNECTION='");
}

/* Without either. */
static void put_without(struct buf *buf, const char *text)
{
    const char *number = find_next_number(text), *connection = find_connection(text);
    if (number != NULL) {
        buf_add(buf, text, (size_t)(number - text));
        text = strchr(number, '=') + 1;
        text += strspn(text, "0123456789");
    }
    if (connection != NULL && connection >= text) {
        buf_add(buf, text, (size_t)(connection - text));
        text = " CONNECTION='***'";
    }
    buf_text(buf, text);
}

/* ---- in an order that nobody depends on ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_column(const char *line)
{
    return strncmp(line, "  \"", 3) == 0 || strncmp(line, "  `", 3) == 0;
}

/* A key that is dropped and made again stands behind the others, and is the same key: so keys and constraints
 * are sorted. Cuts `text` into its lines. */
static void put_sorted(struct arena *arena, struct buf *buf, char *text)
{
    size_t count = 0, room = 1;
    for (const char *at = text; *at != '\0'; at++)
        room += *at == '\n';
    const char **keys = arena_array(arena, room, sizeof(*keys));
    for (char *line = text, *end; line != NULL; line = end) {
        end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        bool inside = text_starts(line, "  ");
        size_t len = strlen(line);
        if (inside && len > 0 && line[len - 1] == ',')
            line[len - 1] = '\0';
        if (inside && !is_column(line)) {
            keys[count++] = line;
            continue;
        }
        if (count > 0)
            qsort(keys, count, sizeof(*keys), by_text);
        for (size_t i = 0; i < count; i++)
            buf_format(buf, "%s\n", keys[i]);
        count = 0;
        buf_format(buf, "%s\n", line);
    }
}

static void read_definition(void *data, const struct answer *answer)
{
    const struct definition *definition = data;
    struct arena *arena = arena_create();
    struct buf text, sorted;
    buf_init(&text, VALUE_MAX);
    buf_init(&sorted, VALUE_MAX);
    put_without(&text, answer->row_count > 0 && answer->column_count > 1 ? taking_cell(answer, 0, 1) : "");
    put_sorted(arena, &sorted, arena_text(arena, buf_str(&text)));
    taking_add(definition->mysql->taking, definition->what, definition->name, buf_str(&sorted));
    buf_finish(&text);
    buf_finish(&sorted);
    arena_destroy(arena);
}

/* As the topics write it. */
static void put_name(struct buf *buf, const char *name)
{
    static const char plain[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$";
    if (name[strspn(name, plain)] == '\0' && name[strspn(name, "0123456789")] != '\0')
        buf_text(buf, name);
    else
        mysql_identifier(buf, name);
}

/* What a server cannot open (a table whose file is damaged, one of another server that is not there) is told
 * to be so: that is what it is. */
static int take_definition(struct mysql_taking *mysql, const char *schema, const char *table, bool sequence,
                           struct err *err)
{
    struct taking *taking = mysql->taking;
    struct definition definition = { .mysql = mysql, .what = sequence ? "sequence" : "definition" };
    struct buf sql, name;
    int r;
    buf_init(&sql, SQL_MAX);
    buf_init(&name, SQL_MAX);
    buf_text(&sql, sequence ? "SHOW CREATE SEQUENCE " : "SHOW CREATE TABLE ");
    mysql_identifier(&sql, schema);
    buf_char(&sql, '.');
    mysql_identifier(&sql, table);
    put_name(&name, schema);
    buf_char(&name, '.');
    put_name(&name, table);
    definition.name = buf_str(&name);
    r = buf_ok(&sql, "the name of a table", err);
    if (r == 0)
        r = asking_ask(&taking->asking, buf_str(&sql), SHOW_TIMEOUT_US, ERR_INVALID, read_definition,
                       &definition, err);
    if (r == ERR_INVALID) {
        taking_add(taking, definition.what, definition.name, "not readable");
        r = 0;
    }
    buf_finish(&sql);
    buf_finish(&name);
    return r;
}

static int take_all(struct mysql_taking *mysql, const char *schema, bool sequences, struct err *err)
{
    struct buf sql;
    int r;
    buf_init(&sql, SQL_MAX);
    buf_text(&sql, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ");
    mysql_literal(&sql, schema);
    buf_text(&sql, sequences ? " AND TABLE_TYPE = 'SEQUENCE'"
                             : " AND TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE', 'SYSTEM VIEW', 'TEMPORARY')");
    r = mysql_ask_names(mysql, buf_str(&sql), ERR_ENVIRONMENT, err);
    size_t count = mysql->name_count;
    const char **names = mysql->names;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = take_definition(mysql, schema, names[i], sequences, err);
    buf_finish(&sql);
    return r;
}

int mysql_take_definitions(struct mysql_taking *mysql, const char *schema, struct err *err)
{
    int r = take_all(mysql, schema, false, err);
    return r < 0 || !mysql->mariadb ? r : take_all(mysql, schema, true, err);
}
