#include <string.h>

#include "judge.h"
#include "postgresql.h"
#include "postgresql_scan.h"

/* Held locks that are told of beside those of a statement itself, so that a long transaction stays readable.
 */
#define KEPT_MAX 32

/* Statements within statements. */
#define DEPTH_MAX 8

static void judge_nothing(struct session *s, const PgQuery__Node *node)
{
    (void)s;
    (void)node; /* locks no relation that others can wait for */
}

/* Each kind of statement; those that are not here are of no form that is known. */
static pg_judge *const judges[] = {
    [PG_QUERY__NODE__NODE_ALTER_TABLE_STMT] = pg_alter_table,
    [PG_QUERY__NODE__NODE_CREATE_STMT] = pg_create_table,
    [PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT] = pg_create_table_as,
    [PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT] = pg_create_foreign_table,
    [PG_QUERY__NODE__NODE_VIEW_STMT] = pg_create_view,
    [PG_QUERY__NODE__NODE_CREATE_SEQ_STMT] = pg_create_sequence,
    [PG_QUERY__NODE__NODE_ALTER_SEQ_STMT] = pg_alter_sequence,
    [PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT] = pg_create_domain,
    [PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT] = pg_alter_domain,
    [PG_QUERY__NODE__NODE_ALTER_ENUM_STMT] = pg_alter_enum,
    [PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT] = pg_create_function,
    [PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT] = pg_create_schema,
    [PG_QUERY__NODE__NODE_CREATE_TRIG_STMT] = pg_create_trigger,
    [PG_QUERY__NODE__NODE_CREATE_POLICY_STMT] = pg_create_policy,
    [PG_QUERY__NODE__NODE_ALTER_POLICY_STMT] = pg_alter_policy,
    [PG_QUERY__NODE__NODE_RULE_STMT] = pg_create_rule,
    [PG_QUERY__NODE__NODE_CREATE_STATS_STMT] = pg_create_statistics,
    [PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT] = pg_publication,
    [PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT] = pg_publication,
    [PG_QUERY__NODE__NODE_COMMENT_STMT] = pg_comment,
    [PG_QUERY__NODE__NODE_INDEX_STMT] = pg_create_index,
    [PG_QUERY__NODE__NODE_REINDEX_STMT] = pg_reindex,
    [PG_QUERY__NODE__NODE_CLUSTER_STMT] = pg_cluster,
    [PG_QUERY__NODE__NODE_VACUUM_STMT] = pg_vacuum,
    [PG_QUERY__NODE__NODE_DROP_STMT] = pg_drop,
    [PG_QUERY__NODE__NODE_RENAME_STMT] = pg_rename,
    [PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT] = pg_set_schema,
    [PG_QUERY__NODE__NODE_ALTER_OWNER_STMT] = pg_owner,
    [PG_QUERY__NODE__NODE_TRUNCATE_STMT] = pg_truncate,
    [PG_QUERY__NODE__NODE_SELECT_STMT] = pg_select,
    [PG_QUERY__NODE__NODE_INSERT_STMT] = pg_insert,
    [PG_QUERY__NODE__NODE_UPDATE_STMT] = pg_update,
    [PG_QUERY__NODE__NODE_DELETE_STMT] = pg_delete,
    [PG_QUERY__NODE__NODE_MERGE_STMT] = pg_merge,
    [PG_QUERY__NODE__NODE_COPY_STMT] = pg_copy,
    [PG_QUERY__NODE__NODE_LOCK_STMT] = pg_lock_table,
    [PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT] = pg_refresh,
    [PG_QUERY__NODE__NODE_EXPLAIN_STMT] = pg_explain,
    [PG_QUERY__NODE__NODE_CALL_STMT] = pg_call,
    [PG_QUERY__NODE__NODE_EXECUTE_STMT] = pg_execute,
    [PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT] = pg_declare,
    [PG_QUERY__NODE__NODE_DO_STMT] = pg_do,
    [PG_QUERY__NODE__NODE_VARIABLE_SET_STMT] = pg_set,
    [PG_QUERY__NODE__NODE_TRANSACTION_STMT] = pg_transaction,
    [PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_PREPARE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_DEALLOCATE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_FETCH_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_DISCARD_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_NOTIFY_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_LISTEN_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_UNLISTEN_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CHECK_POINT_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_LOAD_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_GRANT_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_GRANT_ROLE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_DEFAULT_PRIVILEGES_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_ROLE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_ROLE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_DROP_ROLE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATEDB_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_DROPDB_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_OBJECT_DEPENDS_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_ENUM_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_RANGE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_TYPE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_DEFINE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_CAST_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_CONVERSION_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_TRANSFORM_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_OP_FAMILY_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_OP_FAMILY_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_OPERATOR_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_AM_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_PLANG_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_FDW_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_FDW_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_FOREIGN_SERVER_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_FOREIGN_SERVER_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_USER_MAPPING_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_USER_MAPPING_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_DROP_USER_MAPPING_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_EVENT_TRIG_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_SEC_LABEL_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_COLLATION_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_TSDICTIONARY_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_TSCONFIGURATION_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_STATS_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_ALTER_TABLE_SPACE_OPTIONS_STMT] = judge_nothing,
    [PG_QUERY__NODE__NODE_IMPORT_FOREIGN_SCHEMA_STMT] = judge_nothing,
};

static void not_understood(struct session *s, const char *why)
{
    s->verdict->understood = false;
    pg_find(s, NULL, PG_NOT_UNDERSTOOD, NULL, "%s (the parser reads PostgreSQL 15's grammar)", why);
}

void pg_judge_node(struct session *s, const PgQuery__Node *node)
{
    pg_judge *judge = (size_t)node->node_case < ARRAY_LEN(judges) ? judges[node->node_case] : NULL;
    if (judge)
        judge(s, node);
    else
        not_understood(s, "it is of no form whose locks are known");
}

/* The transaction's locks that a statement before took, the strongest first. */
static void tell_kept(struct session *s)
{
    size_t told = 0;
    for (int mode = SQL_ACCESS_EXCLUSIVE; mode > SQL_LOCK_NONE && told < KEPT_MAX; mode--)
        for (size_t i = 0; i < s->held_count && told < KEPT_MAX; i++)
            if (s->held[i].mode == (enum sql_lock_mode)mode) {
                verdict_kept(s->verdict, s->held[i].relation, s->held[i].mode);
                told++;
            }
}

static void hold(struct session *s, const char *relation, enum sql_lock_mode mode)
{
    for (size_t i = s->held_count; i > 0; i--)
        if (strcmp(s->held[i - 1].relation, relation) == 0 && s->held[i - 1].mode >= mode)
            return;
    s->held = list_room(s->arena, s->held, s->held_count, &s->held_capacity, sizeof(*s->held));
    s->held[s->held_count++] = (struct held){ relation, mode };
}

/* The strongest of the held locks that keeps writers away. */
static const struct held *worst_held(const struct session *s)
{
    const struct held *worst = NULL;
    for (size_t i = 0; i < s->held_count; i++)
        if (sql_lock_blocks_writes(s->held[i].mode) && (worst == NULL || s->held[i].mode > worst->mode))
            worst = &s->held[i];
    return worst;
}

/* What is done while a statement before keeps everybody waiting. */
static void find_kept(struct session *s, const struct verdict *own)
{
    const struct held *worst = worst_held(s);
    if (worst == NULL)
        return;
    const char *word = sql_lock_mode_word(worst->mode);
    const char *slow = own->rewrites.count ? own->rewrites.list[0]
                       : own->scans.count  ? own->scans.list[0]
                       : own->builds.count ? own->builds.list[0]
                                           : NULL;
    bool writes = false;
    for (size_t i = 0; i < own->lock_count; i++)
        writes = writes || own->locks[i].mode == SQL_ROW_EXCLUSIVE;
    if (slow)
        pg_find(s, NULL, PG_WORK_UNDER_LOCK, NULL, "works on %s while this transaction still has %s on %s",
                slow, word, worst->relation);
    else if (writes)
        pg_find(s, NULL, PG_WORK_UNDER_LOCK, NULL, "changes rows while this transaction still has %s on %s",
                word, worst->relation);
    else if (own->lock_count)
        pg_find(s, NULL, PG_LOCK_KEPT, NULL, "this transaction still has %s on %s: it is kept to the end",
                word, worst->relation);
}

/* Locks of this statement join those that are held; those that were are told beside them. */
static void keep_locks(struct session *s)
{
    size_t count = s->verdict->lock_count;
    if (!s->transaction)
        return;
    find_kept(s, s->verdict);
    struct sql_lock *own = arena_array(s->scratch, count + 1, sizeof(*own));
    if (count)
        memcpy(own, s->verdict->locks, count * sizeof(*own));
    tell_kept(s);
    for (size_t i = 0; i < count; i++)
        hold(s, own[i].relation, own[i].mode);
}

static void judge_piece(struct session *s, const struct piece *piece)
{
    const char *message;
    size_t at;
    bool was_open = s->transaction;

    char *text = arena_text_len(s->scratch, piece->text, piece->len);
    const PgQuery__Node *node = tree_parse(s->scratch, text, piece->nesting, &message, &at);
    if (node == NULL) {
        not_understood(s, message);
        return;
    }
    pg_judge_node(s, node);
    if (was_open && s->transaction)
        keep_locks(s);
}

void pg_judge_text(struct session *s, const char *text)
{
    struct scan scan;
    struct piece piece;

    if (s->depth == DEPTH_MAX) {
        not_understood(s, "statements are nested too deep");
        return;
    }
    s->depth++;
    scan_init(&scan, text, false);
    while (scan_next(&scan, &piece)) {
        struct verdict *outer = s->verdict;
        struct verdict inner;
        verdict_init(&inner, s->arena);
        s->verdict = &inner;
        bool transaction = s->transaction;
        size_t held = s->held_count;
        s->transaction = true;
        for (size_t i = 0; i < outer->lock_count; i++)
            hold(s, outer->locks[i].relation, outer->locks[i].mode);
        judge_piece(s, &piece);
        s->held_count = held;
        s->transaction = transaction;
        s->verdict = outer;
        verdict_merge(outer, &inner);
    }
    s->depth--;
}

static void judge_statement(struct session *s, const struct piece *piece, struct sql_statement *ret)
{
    struct verdict verdict;

    s->scratch = arena_create();
    verdict_init(&verdict, s->arena);
    s->verdict = &verdict;
    *ret =
        (struct sql_statement){ .line = piece->line,
                                .column = piece->column,
                                .text = s->quiet ? "" : arena_text_len(s->arena, piece->text, piece->len) };
    judge_piece(s, piece);
    if (!s->quiet)
        verdict_finish(&verdict, ret);
    else
        ret->understood = verdict.understood;
    arena_destroy(s->scratch);
}

/* Only a script that rolls back somewhere pays for snapshots. */
static bool rolls_back(const char *text)
{
    struct scan scan;
    struct piece piece;

    if (!strcasestr(text, "rollb") && !strcasestr(text, "abort"))
        return false;
    scan_init(&scan, text, false);
    while (scan_next(&scan, &piece))
        if (piece.len >= 5 &&
            (strncasecmp(piece.text, "rollb", 5) == 0 || strncasecmp(piece.text, "abort", 5) == 0))
            return true;
    return false;
}

const struct sql_script *judge_postgresql(struct arena *arena, const struct sql_server *server,
                                          struct sql_catalog *catalog, const char *text,
                                          const struct sql_options *options)
{
    struct session s = { .arena = arena, .server = server, .catalog = catalog, .options = options };
    struct sql_script *script = arena_alloc(arena, sizeof(*script));
    struct sql_statement *statements = NULL;
    struct scan scan;
    struct piece piece;
    size_t capacity = 0;

    s.rolls_back = rolls_back(text);
    pg_settings_begin(&s);
    s.scratch = arena;
    if (options->transaction)
        pg_begin(&s);
    scan_init(&scan, text, false);
    while (scan_next(&scan, &piece)) {
        statements = list_room(arena, statements, script->count, &capacity, sizeof(*statements));
        judge_statement(&s, &piece, &statements[script->count++]);
    }
    script->statements = statements;
    return script;
}

size_t split_postgresql(struct arena *arena, const struct sql_server *server, const char *text,
                        const size_t **ret_begins)
{
    struct scan scan;
    struct piece piece;
    size_t *begins = NULL;
    size_t count = 0, capacity = 0;

    (void)server;
    scan_init(&scan, text, false);
    while (scan_next(&scan, &piece)) {
        begins = list_room(arena, begins, count, &capacity, sizeof(*begins));
        begins[count++] = (size_t)(piece.text - text);
    }
    *ret_begins = begins;
    return count;
}

size_t load_postgresql(struct sql_catalog *catalog, const char *dump, size_t *ret_ignored)
{
    static const struct sql_options nothing;
    struct arena *arena = arena_create();
    struct session s = {
        .arena = arena, .server = &catalog->server, .catalog = catalog, .options = &nothing, .quiet = true
    };
    unsigned script = catalog->script;
    struct sql_statement statement;
    struct scan scan;
    struct piece piece;
    size_t read = 0;

    catalog->script = 0;
    *ret_ignored = 0;
    pg_settings_begin(&s);
    scan_init(&scan, dump, true);
    while (scan_next(&scan, &piece)) {
        judge_statement(&s, &piece, &statement);
        if (statement.understood)
            read++;
        else
            ++*ret_ignored;
    }
    catalog->script = script;
    arena_destroy(arena);
    return read;
}
