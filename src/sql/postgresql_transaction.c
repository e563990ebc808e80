#include <string.h>
#include <strings.h>

#include "postgresql.h"

static void save(struct session *s, const char *name)
{
    s->savepoints = list_room(s->arena, s->savepoints, s->savepoint_count, &s->savepoint_capacity,
                              sizeof(*s->savepoints));
    s->savepoints[s->savepoint_count++] =
        (struct savepoint){ pg_format(s, "%s", name), s->now, s->held_count,
                            s->rolls_back ? catalog_snapshot(s->catalog) : NULL };
}

void pg_begin(struct session *s)
{
    if (s->transaction || s->quiet)
        return;
    s->transaction = true;
    s->held_count = s->savepoint_count = 0;
    save(s, "");
}

static void end(struct session *s)
{
    s->transaction = false;
    s->now = s->after;
    s->held_count = s->savepoint_count = 0;
}

/* Back to the savepoint at `index`, whose own locks stay and later ones are given up. */
static void back_to(struct session *s, size_t index)
{
    const struct savepoint *point = &s->savepoints[index];
    if (point->snapshot)
        catalog_restore(s->catalog, point->snapshot);
    s->now = point->settings;
    if (index == 0)
        s->after = s->now;
    s->held_count = point->held_count;
    s->savepoint_count = index + 1;
}

static size_t find_savepoint(const struct session *s, const char *name)
{
    size_t at = s->savepoint_count;
    while (at > 1 && strcmp(s->savepoints[at - 1].name, name) != 0)
        at--;
    return at > 1 ? at - 1 : 0;
}

void pg_transaction(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__TransactionStmt *statement = node->transaction_stmt;
    size_t point;

    if (s->depth || s->quiet)
        return; /* a procedure's own: what it did before is taken for kept */
    switch ((int)statement->kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
        pg_begin(s);
        return;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
        if (s->transaction)
            back_to(s, 0);
        end(s);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
        end(s);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
        /* Its locks stay until COMMIT PREPARED, in whatever session; this one has none any more. */
        if (s->transaction)
            pg_find(s, NULL, PG_LOCK_KEPT, NULL, "the locks stay until COMMIT PREPARED '%s'", statement->gid);
        end(s);
        return;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
        if (s->transaction)
            save(s, statement->savepoint_name);
        return;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
        point = find_savepoint(s, statement->savepoint_name);
        if (point)
            s->savepoint_count = point;
        return;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
        point = find_savepoint(s, statement->savepoint_name);
        if (point)
            back_to(s, point);
        return;
    default:
        return;
    }
    if (statement->chain)
        pg_begin(s);
}

/* The names that the server takes for UTC and that people write. */
static bool is_utc(const char *zone)
{
    static const char *const names[] = { "UTC",  "Etc/UTC", "GMT", "Etc/GMT", "Z",
                                         "Zulu", "UCT",     "0",   "+00",     "Etc/UCT" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcasecmp(names[i], zone) == 0)
            return true;
    return false;
}

void pg_server_zone(struct sql_catalog *catalog, const char *zone)
{
    catalog->zone_known = true;
    catalog->zone_utc = is_utc(zone);
}

void pg_settings_begin(struct session *s)
{
    s->now = (struct settings){ .zone_known = s->catalog->zone_known, .zone_utc = s->catalog->zone_utc };
    names_add(&s->now.path, s->arena, "public");
    s->after = s->now;
}

void pg_set_path(struct session *s, struct names path, bool local)
{
    if (local && !s->transaction && !s->depth)
        return; /* it has no effect there */
    s->now.path = path;
    if (!local)
        s->after.path = path;
}

void pg_set_zone(struct session *s, const char *zone, bool local)
{
    if (s->quiet && zone)
        pg_server_zone(s->catalog, zone);
    if (local && !s->transaction && !s->depth)
        return;
    s->now.zone_known = zone != NULL;
    s->now.zone_utc = zone && is_utc(zone);
    if (local)
        return;
    s->after.zone_known = s->now.zone_known;
    s->after.zone_utc = s->now.zone_utc;
}

static struct names path_of(struct session *s, size_t count, PgQuery__Node *const *values)
{
    struct names path = { 0 };
    const char *text;
    for (size_t i = 0; i < count; i++)
        if (node_constant(s->scratch, values[i], &text) && text[0] && strcmp(text, "$user") != 0)
            names_add(&path, s->arena, pg_format(s, "%s", text));
    return path;
}

void pg_set(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__VariableSetStmt *set = node->variable_set_stmt;
    bool value = set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE;
    struct names usual = { 0 };
    const char *text = NULL;

    names_add(&usual, s->arena, "public");
    if (strcasecmp(set->name, "search_path") == 0) {
        pg_set_path(s, value ? path_of(s, set->n_args, set->args) : usual, set->is_local);
    } else if (strcasecmp(set->name, "timezone") == 0) {
        bool known = value && set->n_args && node_constant(s->scratch, set->args[0], &text);
        pg_set_zone(s, known ? text : NULL, set->is_local);
    }
}
