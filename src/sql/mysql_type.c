#include "mysql.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a new definition of a column costs (manuals, "Online DDL Operations", measured on MariaDB 10.11). */

static const struct {
    const char *charset;
    long bytes; /* of its longest character */
} charsets[] = {
    { "utf8mb4", 4 }, { "utf8mb3", 3 }, { "utf8", 3 }, { "utf16", 4 },   { "utf16le", 4 }, { "utf32", 4 },
    { "ucs2", 2 },    { "gb18030", 4 }, { "gbk", 2 },  { "gb2312", 2 },  { "big5", 2 },    { "sjis", 2 },
    { "cp932", 2 },   { "euckr", 2 },   { "ujis", 3 }, { "eucjpms", 3 },
};

static bool is_text(const struct ddl_column *column)
{
    return strstr(column->type, "char") || strstr(column->type, "text") ||
           strcmp(column->type, "enum") == 0 || strcmp(column->type, "set") == 0;
}

static bool is_var(const struct ddl_column *column)
{
    return strcmp(column->type, "varchar") == 0 || strcmp(column->type, "varbinary") == 0;
}

static bool is_integer(const char *type)
{
    const char *end = strstr(type, "int");

    return end && strcmp(end, "int") == 0;
}

static const char *charset_of_collation(const char *collation)
{
    for (size_t i = 0; collation && i < ARRAY_LEN(charsets); i++) {
        size_t len = strlen(charsets[i].charset);

        if (strncmp(collation, charsets[i].charset, len) == 0 &&
            (collation[len] == '_' || collation[len] == '\0'))
            return charsets[i].charset;
    }
    return collation ? "latin1" : NULL; /* of one byte, whichever */
}

/* NULL: not known. */
static const char *charset_of(const struct ddl_table *table, const struct ddl_column *column)
{
    const char *charset = column->charset;

    if (!is_text(column))
        return "binary";
    if (!charset)
        charset = charset_of_collation(column->collation);
    if (!charset)
        charset = table->charset;
    if (!charset)
        charset = charset_of_collation(table->collation);
    return charset && strcmp(charset, "utf8") == 0 ? "utf8mb3" : charset;
}

static const char *collation_of(const struct ddl_table *table, const struct ddl_column *column)
{
    if (column->collation || column->charset)
        return column->collation;
    return is_text(column) ? table->collation : NULL;
}

static long bytes_of(const char *charset)
{
    for (size_t i = 0; charset && i < ARRAY_LEN(charsets); i++) {
        if (strcmp(charset, charsets[i].charset) == 0)
            return charsets[i].bytes;
    }
    return charset ? 1 : 4;
}

static struct ddl_price price(enum sql_algorithm algorithm, enum sql_lock_mode lock, bool rebuild,
                              const char *code)
{
    return (struct ddl_price){ algorithm, lock, rebuild, rebuild, code };
}

static struct ddl_price nothing(void)
{
    return price(SQL_INSTANT, SQL_METADATA_NONE, false, NULL);
}

static struct ddl_price copy(const char *code)
{
    return price(SQL_COPY, SQL_METADATA_SHARED, true, code);
}

/* In place, with all rows written anew; a FULLTEXT index keeps writers out meanwhile. */
static struct ddl_price rebuild(struct ddl_view *view, const char *code)
{
    return price(SQL_INPLACE, ddl_has_fulltext(view) ? SQL_METADATA_SHARED : SQL_METADATA_NONE, true, code);
}

static struct ddl_price worse(struct ddl_price a, struct ddl_price b)
{
    struct ddl_price all = a.algorithm > b.algorithm || (a.algorithm == b.algorithm && a.code) ? a : b;

    all.lock = a.lock > b.lock ? a.lock : b.lock;
    all.rebuild = a.rebuild || b.rebuild;
    all.scan = a.scan || b.scan;
    if (!all.code)
        all.code = a.code ? a.code : b.code;
    return all;
}

/* Metadata alone: instant where the version knows that, in place without a rebuild before. */
static struct ddl_price metadata(const struct ddl_view *view)
{
    return price(ddl_since(view, 80012, 100302) ? SQL_INSTANT : SQL_INPLACE, SQL_METADATA_NONE, false, NULL);
}

static bool is_redundant(const struct ddl_view *view)
{
    return ddl_same(view->table->row_format, "redundant");
}

/* varchar and varbinary: the length is kept in one byte up to 255 bytes, in two above. */
static struct ddl_price lengthen(struct ddl_view *view, long old_bytes, long new_bytes)
{
    if (!ddl_since(view, 50700, 100202))
        return copy("mysql-change-type");
    if ((old_bytes > 255) == (new_bytes > 255))
        return price(ddl_is_maria(view) ? SQL_INSTANT : SQL_INPLACE, SQL_METADATA_NONE, false, NULL);
    if (ddl_since(view, 0, 100403) && (old_bytes <= 127 || is_redundant(view)))
        return nothing();
    return copy("mysql-varchar-length-byte");
}

/* MariaDB 10.4.3 and later take over utf8mb3 as utf8mb4, and another collation; an index on it is built anew.
 */
static struct ddl_price recode(struct ddl_view *view, const struct ddl_column *old, const char *from,
                               const char *to)
{
    bool same = from && to && strcmp(from, to) == 0;
    bool widens = from && to && strcmp(from, "utf8mb3") == 0 && strcmp(to, "utf8mb4") == 0;

    if (!ddl_since(view, 0, 100403) || !(same || widens) || is_redundant(view))
        return copy("mysql-change-charset");
    if (!ddl_table_indexes(view->table, old->name) || (widens && view->unknown == UNKNOWN_IS_BEST))
        return nothing();
    if (widens)
        (void)ddl_assume(view, "whether the old and the new collation sort alike", false, true);
    return (struct ddl_price){ SQL_NOCOPY, SQL_METADATA_NONE, false, true, "mysql-change-charset" };
}

/* How many bytes a value of enum or set takes. */
static size_t value_bytes(const struct ddl_column *column)
{
    size_t bytes = (column->value_count + 7) / 8;

    if (strcmp(column->type, "enum") == 0)
        return column->value_count > 255 ? 2 : 1;
    return bytes > 4 ? 8 : bytes;
}

static struct ddl_price change_values(struct ddl_view *view, const struct ddl_column *old,
                                      const struct ddl_column *new)
{
    bool appended = new->value_count >= old->value_count &&value_bytes(old) == value_bytes(new);

    for (size_t i = 0; appended && i < old->value_count; i++)
        appended = strcmp(old->values[i], new->values[i]) == 0;
    return appended ? metadata(view) : copy("mysql-enum-reorder");
}

static struct ddl_price change_type(struct ddl_view *view, const struct ddl_column *old,
                                    const struct ddl_column *new)
{
    const char *from = charset_of(view->table, old), *to = charset_of(view->table, new);
    struct ddl_price all = nothing();
    bool recoded = is_text(old) && is_text(new) &&
                   (!from || !to || strcmp(from, to) != 0 ||
                    (collation_of(view->table, new) &&
                     !ddl_same(collation_of(view->table, old), collation_of(view->table, new))));

    if (strcmp(old->type, new->type) != 0 || old->is_unsigned != new->is_unsigned ||
        old->compressed != new->compressed)
        return copy("mysql-change-type");
    if (recoded)
        all = recode(view, old, from, to);
    if (all.algorithm == SQL_COPY)
        return all;
    if (new->values)
        return worse(all, change_values(view, old, new));
    if (is_integer(old->type) ||
        (old->length == new->length && old->decimals == new->decimals && !is_var(old)))
        return all;
    if (!is_var(old) || new->length < old->length)
        return copy("mysql-change-type");
    if (new->length == old->length && !recoded)
        return all;
    return worse(all, lengthen(view, old->length * bytes_of(from), new->length *bytes_of(to)));
}

static struct ddl_price change_null(struct ddl_view *view, const struct ddl_column *old,
                                    const struct ddl_column *new)
{
    bool was = ddl_column_nullable(view->table, old);
    const struct ddl_column named = {
        .name = old->name, .null = new->null, .primary = new->primary, .auto_increment = new->auto_increment
    };
    bool is = ddl_column_nullable(view->table, &named);

    if (was == is)
        return nothing();
    if (is && is_redundant(view) && ddl_since(view, 0, 100403))
        return nothing();
    if (!is && ddl_is_maria(view) && ddl_keeps_generated(view->table))
        return copy("mysql-nullability");
    return rebuild(view, "mysql-nullability");
}

static bool is_there(const struct ddl_view *view, const struct ddl_action *action)
{
    const struct ddl_column *after;

    if (action->position == POSITION_UNSAID)
        return true;
    if (action->position == POSITION_FIRST)
        return view->table->columns && ddl_same(view->table->columns->name, action->name);
    after = ddl_table_column(view->table, action->value);
    return after && after->next && ddl_same(after->next->name, action->name);
}

static bool has_virtual(const struct ddl_table *table)
{
    for (const struct ddl_column *column = table->columns; column; column = column->next) {
        if (column->generated == GENERATED_VIRTUAL)
            return true;
    }
    return false;
}

static struct ddl_price move(struct ddl_view *view, const struct ddl_action *action)
{
    if (is_there(view, action))
        return nothing();
    if (ddl_is_maria(view) && has_virtual(view->table) &&
        ddl_assume(view, "whether a virtual column changes its place", true, false))
        return copy("mysql-reorder");
    if (!ddl_since(view, 0, 100400) || ddl_has_fulltext(view) || ddl_is_compressed(view))
        return rebuild(view, "mysql-reorder");
    return nothing();
}

static struct ddl_price change_generated(const struct ddl_view *view, const struct ddl_column *old,
                                         const struct ddl_column *new)
{
    if (old->generated != new->generated)
        return copy("mysql-stored-generated");
    if (old->generated == GENERATED_NOT || ddl_same(old->expression, new->expression))
        return nothing();
    if (old->generated == GENERATED_VIRTUAL && ddl_is_maria(view))
        return nothing();
    return copy("mysql-stored-generated");
}

struct ddl_price ddl_price_modify(struct ddl_view *view, const struct ddl_action *action)
{
    const struct ddl_column *new = action->column;
    const struct ddl_column *old = view->table ? ddl_table_column(view->table, action->name) : NULL;
    struct ddl_price all = metadata(view);

    if (!old) {
        if (ddl_assume(view, "the column's definition before", true, false))
            return copy("mysql-change-type");
        return all;
    }
    all = worse(all, change_type(view, old, new));
    all = worse(all, change_null(view, old, new));
    all = worse(all, change_generated(view, old, new));
    all = worse(all, move(view, action));
    if (!ddl_same(action->name, new->name))
        all = worse(all, ddl_price_rename(view));
    if (new->auto_increment && !old->auto_increment)
        all = worse(all, copy("mysql-add-auto-increment"));
    if (new->check && !new->check_idle && ddl_since(view, 80016, 0))
        all = worse(all, copy("mysql-add-check"));
    if ((new->unique && !old->unique) || (new->primary && !old->primary))
        all = worse(
            all, (struct ddl_price){ SQL_INPLACE, SQL_METADATA_NONE, new->primary, true, "mysql-add-index" });
    return all;
}

/* All columns of text in another character set: by MySQL always copied. A TEXT of utf8mb3 needs a wider type.
 */
struct ddl_price ddl_price_convert(struct ddl_view *view, const struct ddl_action *action)
{
    struct ddl_price all = nothing();
    const char *to = action->value;

    if (!ddl_since(view, 0, 100403))
        return copy("mysql-convert-charset");
    if (!view->table)
        return ddl_assume(view, "the columns' character sets before", true, false)
                   ? copy("mysql-convert-charset")
                   : all;
    if (strcmp(to, "utf8") == 0)
        to = "utf8mb3";
    for (const struct ddl_column *column = view->table->columns; column; column = column->next) {
        const char *from = charset_of(view->table, column);
        bool same = from && strcmp(from, to) == 0;

        if (!is_text(column) || (same && ddl_same(collation_of(view->table, column), action->name)))
            continue;
        if (!same && strstr(column->type, "text"))
            return copy("mysql-convert-charset");
        if (!same || action->name)
            all = worse(all, recode(view, column, from, to));
        if (is_var(column) && all.algorithm != SQL_COPY)
            all = worse(all, lengthen(view, column->length * bytes_of(from), column->length * bytes_of(to)));
    }
    if (all.algorithm == SQL_COPY)
        all.code = "mysql-convert-charset";
    return all;
}
