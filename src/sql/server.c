#include <stdlib.h>
#include <string.h>

#include "sql/sql.h"

/* How each dialect counts: PostgreSQL's number has two parts since 10, three before; the others have three.
 */
static const struct dialect {
    const char *word;
    int oldest, newest; /* whose facts are known */
} dialects[SQL_DIALECT_COUNT] = {
    [SQL_POSTGRESQL] = { "postgresql", 90600, 180000 },
    [SQL_MYSQL] = { "mysql", 50600, 90700 },
    [SQL_MARIADB] = { "mariadb", 100200, 120000 },
};

#define PART_MAX 99 /* what a part has room for in the number: above every release of a series */

/* The number of `parts`, which stand for a version of that dialect. */
static int number_of(enum sql_dialect dialect, const int parts[3])
{
    if (dialect == SQL_POSTGRESQL && parts[0] >= 10)
        return parts[0] * 10000 + parts[1];
    return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

/* Reads "15", "15.20", "8.0.36" over the first of `parts`; false for anything else. */
static bool read_version(const char *text, int parts[3])
{
    for (size_t count = 0; count < 3; count++) {
        char *end;
        if (*text < '0' || *text > '9')
            return false;
        long part = strtol(text, &end, 10);
        if (part > PART_MAX)
            return false;
        parts[count] = (int)part;
        if (*end != '.')
            return *end == '\0';
        text = end + 1;
    }
    return false;
}

static int find_dialect(const char *text, size_t len)
{
    for (int i = 0; i < SQL_DIALECT_COUNT; i++)
        if (strlen(dialects[i].word) == len && strncmp(dialects[i].word, text, len) == 0)
            return i;
    return -1;
}

int sql_server_parse(const char *text, struct sql_server *ret, struct err *err)
{
    size_t len = strcspn(text, "@");
    int dialect = find_dialect(text, len);
    int parts[3] = { PART_MAX, PART_MAX, PART_MAX };

    if (dialect < 0)
        return err_set(err, ERR_INVALID, "\"%s\": expected postgresql, mysql or mariadb, and @VERSION", text);
    const struct dialect *row = &dialects[dialect];
    int version = row->newest;
    if (text[len] == '@') {
        if (!read_version(text + len + 1, parts))
            return err_set(err, ERR_INVALID, "\"%s\": a version is numbers with points, such as %s@15", text,
                           row->word);
        version = number_of((enum sql_dialect)dialect, parts);
        if (version < row->oldest)
            return err_set(err, ERR_INVALID, "\"%s\": facts are known from %s %d.%d on", text, row->word,
                           row->oldest / 10000, row->oldest / 100 % 100);
    }
    *ret = (struct sql_server){ (enum sql_dialect)dialect, version };
    return 0;
}
