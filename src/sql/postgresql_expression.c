#include <string.h>

#include "postgresql.h"

/* Functions of pg_catalog (and uuid-ossp, pgcrypto) whose pg_proc.provolatile is 'v' and that a default may
 * call. */
/* clang-format off */
static const char *const volatile_functions[] = {
    "random", "random_normal", "setseed", "clock_timestamp", "timeofday", "gen_random_uuid", "uuidv4",
    "uuidv7", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes",
    "gen_salt", "nextval", "setval", "currval", "lastval", "pg_sleep", "pg_sleep_for", "pg_sleep_until",
    "set_config", "pg_advisory_lock", "pg_advisory_xact_lock", "pg_current_wal_lsn",
    "pg_current_wal_insert_lsn", "lo_create", "lo_creat", "pg_notify", "pg_stat_clear_snapshot",
    "pg_switch_wal",
};
/* clang-format on */

/* Those that are 'i' or 's' and that people write into defaults and CHECKs. */
/* clang-format off */
static const char *const plain_functions[] = {
    "now", "transaction_timestamp", "statement_timestamp", "current_database", "current_schema",
    "current_setting", "current_user", "session_user", "pg_backend_pid", "txid_current",
    "pg_current_xact_id", "inet_client_addr", "version", "to_char", "to_date", "to_timestamp",
    "to_number", "timezone", "date_trunc", "date_part", "extract", "age", "make_date", "make_time",
    "make_interval", "make_timestamp", "make_timestamptz", "justify_days", "justify_hours",
    "justify_interval", "isfinite", "date", "lower", "upper", "initcap", "length", "char_length",
    "character_length", "octet_length", "bit_length", "btrim", "ltrim", "rtrim", "trim", "lpad", "rpad",
    "left", "right", "substring", "substr", "position", "strpos", "overlay", "replace", "translate",
    "reverse", "repeat", "split_part", "concat", "concat_ws", "format", "md5", "sha224", "sha256",
    "sha384", "sha512", "encode", "decode", "convert_from", "convert_to", "ascii", "chr", "to_hex",
    "quote_ident", "quote_literal", "quote_nullable", "regexp_replace", "regexp_match",
    "regexp_matches", "regexp_like", "regexp_count", "starts_with", "like", "abs", "ceil", "ceiling",
    "floor", "round", "trunc", "mod", "div", "power", "sqrt", "exp", "ln", "log", "sign", "pi",
    "greatest", "least", "width_bucket", "coalesce", "nullif", "array_length", "array_upper",
    "array_lower", "array_append", "array_cat", "array_prepend", "array_remove", "array_replace",
    "array_to_string", "string_to_array", "array_fill", "array_position", "array_ndims", "cardinality",
    "unnest", "num_nonnulls", "num_nulls", "json_build_object", "json_build_array",
    "jsonb_build_object", "jsonb_build_array", "to_json", "to_jsonb", "row_to_json", "jsonb_typeof",
    "json_typeof", "jsonb_set", "jsonb_array_length", "json_array_length", "jsonb_strip_nulls",
    "jsonb_path_exists", "json_object", "jsonb_object", "int4range", "int8range", "numrange", "tsrange",
    "tstzrange", "daterange", "lower_inc", "upper_inc", "isempty", "to_tsvector", "to_tsquery",
    "plainto_tsquery", "setweight", "point", "box", "circle", "host", "network", "masklen", "hashtext",
    "digest", "hmac", "crypt", "int4", "int8", "text", "numeric", "float8", "bool", "unistr",
    "parse_ident", "bit_count",
};
/* clang-format on */

static bool is_in(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

struct volatile_search {
    struct session *s;
    enum volatility worst;
    const char *function;
};

/* One that the catalog knows, by its name or by the one that it has without a schema; NULL. */
static const struct function *own_function(struct session *s, const char *schema, const char *name)
{
    const struct function *own = dict_get(&s->catalog->functions, pg_name(s, schema, name));
    if (own == NULL && schema[0] == '\0')
        own = dict_get(&s->catalog->functions, pg_format(s, "public.%s", name));
    return own;
}

bool pg_may_change(struct session *s, const PgQuery__FuncCall *call)
{
    const struct function *own = own_function(s, names_qualifier(call->n_funcname, call->funcname),
                                              names_last(call->n_funcname, call->funcname));
    return own && own->is_volatile;
}

static enum volatility of_function(struct session *s, const char *schema, const char *name)
{
    const struct function *own = own_function(s, schema, name);
    if (own)
        return own->is_volatile ? VOLATILITY_VOLATILE : VOLATILITY_STABLE;
    if (is_in(name, volatile_functions, ARRAY_LEN(volatile_functions)))
        return VOLATILITY_VOLATILE;
    if (is_in(name, plain_functions, ARRAY_LEN(plain_functions)))
        return VOLATILITY_STABLE;
    return VOLATILITY_UNKNOWN;
}

static bool visit_function(const PgQuery__Node *node, void *data)
{
    struct volatile_search *search = data;
    if (node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return true;
    const PgQuery__FuncCall *call = node->func_call;
    enum volatility found = of_function(search->s, names_qualifier(call->n_funcname, call->funcname),
                                        names_last(call->n_funcname, call->funcname));
    /* What is certain is worse than what is not known. */
    bool worse = found == VOLATILITY_VOLATILE ? search->worst != VOLATILITY_VOLATILE
                                              : search->worst != VOLATILITY_VOLATILE && found > search->worst;
    if (worse) {
        search->worst = found;
        search->function = names_last(call->n_funcname, call->funcname);
    }
    return true;
}

enum volatility pg_volatility(struct session *s, const PgQuery__Node *expression, const char **ret_function)
{
    struct volatile_search search = { s, VOLATILITY_CONSTANT, "" };
    (void)tree_walk(expression, visit_function, &search); /* it visits all */
    *ret_function = search.function;
    return search.worst;
}

struct column_search {
    struct session *s;
    struct names *found;
};

static bool visit_column(const PgQuery__Node *node, void *data)
{
    struct column_search *search = data;
    const char *column = node_column(node);
    if (column)
        names_add(search->found, search->s->catalog->arena, arena_text(search->s->catalog->arena, column));
    return true;
}

void pg_columns(struct session *s, const PgQuery__Node *expression, struct names *ret)
{
    struct column_search search = { s, ret };
    (void)tree_walk(expression, visit_column, &search); /* it visits all */
}

static const struct fact *add_fact(struct session *s, const struct fact *next, const char *column,
                                   const char *op, const char *value)
{
    struct arena *arena = s->catalog->arena;
    struct fact *fact = arena_alloc(arena, sizeof(*fact));
    *fact =
        (struct fact){ next, arena_text(arena, column), arena_text(arena, op), arena_text(arena, value), "" };
    return fact;
}

static const char *flipped(const char *op)
{
    static const char *const pairs[][2] = {
        { "<", ">" }, { "<=", ">=" }, { ">", "<" }, { ">=", "<=" }, { "=", "=" }
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (strcmp(pairs[i][0], op) == 0)
            return pairs[i][1];
    return NULL;
}

static const struct fact *list_facts(struct session *s, const struct fact *facts, const char *column,
                                     const PgQuery__Node *list)
{
    PgQuery__Node *const *items = NULL;
    const struct fact *before = facts;
    const char *value;
    size_t count = node_list(list, &items);

    /* A dump has IN as = ANY (ARRAY[...]). */
    while (list && list->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        list = list->type_cast->arg;
    if (list && list->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR) {
        items = list->a_array_expr->elements;
        count = list->a_array_expr->n_elements;
    }
    for (size_t i = 0; i < count; i++) {
        if (!node_constant(s->scratch, items[i], &value))
            return before;
        facts = add_fact(s, facts, column, "in", value);
    }
    return facts;
}

static const PgQuery__Node *without_cast(const PgQuery__Node *node)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    return node;
}

static const struct fact *compared(struct session *s, const struct fact *facts,
                                   const PgQuery__AExpr *expression)
{
    const char *op = names_last(expression->n_name, expression->name);
    const char *left = node_column(without_cast(expression->lexpr));
    const char *right = node_column(without_cast(expression->rexpr));
    const char *value;

    if (left && (expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_IN ||
                 expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY))
        return strcmp(op, "=") == 0 ? list_facts(s, facts, left, expression->rexpr) : facts;
    if (expression->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || flipped(op) == NULL)
        return facts;
    if (left && node_constant(s->scratch, expression->rexpr, &value))
        return add_fact(s, facts, left, op, value);
    if (right && node_constant(s->scratch, expression->lexpr, &value))
        return add_fact(s, facts, right, flipped(op), value);
    return facts;
}

/* c < low OR c >= high: what the default partition is told to hold before a partition is taken out of it. */
static const struct fact *outside(struct session *s, const struct fact *facts,
                                  const PgQuery__BoolExpr *either)
{
    const struct fact *found = NULL, *below = NULL, *above = NULL;
    for (size_t i = 0; either->n_args == 2 && i < 2; i++)
        if (either->args[i]->node_case == PG_QUERY__NODE__NODE_A_EXPR)
            found = compared(s, found, either->args[i]->a_expr);
    for (; found; found = found->next)
        if (strcmp(found->comparison, "<") == 0)
            below = found;
        else if (strcmp(found->comparison, ">=") == 0)
            above = found;
    if (below == NULL || above == NULL || strcmp(below->column, above->column) != 0)
        return facts;
    struct fact *fact = arena_alloc(s->catalog->arena, sizeof(*fact));
    *fact = (struct fact){ facts, below->column, "outside", below->value, above->value };
    return fact;
}

/* What is joined by AND holds each for itself; of anything else nothing is concluded. */
static const struct fact *more_facts(struct session *s, const struct fact *facts, const PgQuery__Node *node)
{
    if (node == NULL)
        return facts;
    switch ((int)node->node_case) {
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        if (node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR)
            for (size_t i = 0; i < node->bool_expr->n_args; i++)
                facts = more_facts(s, facts, node->bool_expr->args[i]);
        return node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR
                   ? outside(s, facts, node->bool_expr)
                   : facts;
    case PG_QUERY__NODE__NODE_NULL_TEST: {
        const char *column = node_column(node->null_test->arg);
        if (column && node->null_test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL)
            return add_fact(s, facts, column, "not null", "");
        return facts;
    }
    case PG_QUERY__NODE__NODE_A_EXPR:
        return compared(s, facts, node->a_expr);
    default:
        return facts;
    }
}

const struct fact *pg_facts(struct session *s, const PgQuery__Node *expression)
{
    return more_facts(s, NULL, expression);
}
