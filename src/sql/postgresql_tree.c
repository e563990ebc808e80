#include "postgresql_tree.h"

#include <inttypes.h>
#include <pg_query.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* What libpg_query tells of a function body is JSON, several times as long as the body. */
#define PLPGSQL_JSON_MAX ((size_t)8 * 1024 * 1024)

/* What protobuf-c unpacks goes into the arena as it comes, and nothing is freed one by one. */
static void *arena_take(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void arena_leave(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

static const char *keep_error(struct arena *arena, const PgQueryError *error, size_t *ret_at)
{
    *ret_at = error->cursorpos > 0 ? (size_t)error->cursorpos - 1 : 0;
    return arena_text(arena, error->message);
}

static const PgQuery__Node *unpack(struct arena *arena, const PgQueryProtobuf *packed,
                                   const char **ret_message)
{
    ProtobufCAllocator allocator = { arena_take, arena_leave, arena };
    const PgQuery__ParseResult *result =
        pg_query__parse_result__unpack(&allocator, packed->len, (const uint8_t *)packed->data);
    if (result == NULL || result->n_stmts != 1 || result->stmts[0]->stmt == NULL) {
        *ret_message = "no statement was found in it";
        return NULL;
    }
    return result->stmts[0]->stmt;
}

const PgQuery__Node *tree_parse(struct arena *arena, const char *text, size_t nesting,
                                const char **ret_message, size_t *ret_at)
{
    const PgQuery__Node *node = NULL;

    *ret_at = 0;
    if (nesting > TREE_DEPTH_MAX) {
        *ret_message = arena_format(arena, "expressions are nested more than %d deep", TREE_DEPTH_MAX);
        return NULL;
    }
    PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);
    if (result.error)
        *ret_message = keep_error(arena, result.error, ret_at);
    else
        node = unpack(arena, &result.parse_tree, ret_message);
    pg_query_free_protobuf_parse_result(result);
    return node;
}

const struct json *tree_parse_plpgsql(struct arena *arena, const char *body, const char **ret_message)
{
    const char *tag = "$tminus$";
    const struct json *read = NULL;
    struct err err = ERR_INIT;

    if (strstr(body, tag)) {
        *ret_message = "it holds the mark that is put around it to read it";
        return NULL;
    }
    char *function =
        arena_format(arena, "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS %s%s%s", tag, body, tag);
    PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(function);
    if (result.error) {
        *ret_message = arena_text(arena, result.error->message);
    } else {
        read = json_parse_line(arena, result.plpgsql_funcs, strlen(result.plpgsql_funcs), PLPGSQL_JSON_MAX,
                               &err);
        if (read == NULL)
            *ret_message = arena_text(arena, err.message);
    }
    pg_query_free_plpgsql_parse_result(result);
    return read;
}

const char *node_text(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : "";
}

const char *names_last(size_t count, PgQuery__Node *const *names)
{
    return count ? node_text(names[count - 1]) : "";
}

const char *names_qualifier(size_t count, PgQuery__Node *const *names)
{
    return count > 1 ? node_text(names[count - 2]) : "";
}

const char *names_joined(struct arena *arena, size_t count, PgQuery__Node *const *names)
{
    const char *joined = count ? node_text(names[0]) : "";
    for (size_t i = 1; i < count; i++)
        joined = arena_format(arena, "%s.%s", joined, node_text(names[i]));
    return joined;
}

size_t node_list(const PgQuery__Node *node, PgQuery__Node *const **ret_items)
{
    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_LIST)
        return 0;
    *ret_items = node->list->items;
    return node->list->n_items;
}

const PgQuery__DefElem *option_find(size_t count, PgQuery__Node *const *options, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
            strcmp(options[i]->def_elem->defname, name) == 0)
            return options[i]->def_elem;
    return NULL;
}

const char *option_text(struct arena *arena, const PgQuery__DefElem *option)
{
    if (option->arg == NULL)
        return "true";
    switch ((int)option->arg->node_case) {
    case PG_QUERY__NODE__NODE_STRING:
        return option->arg->string->sval;
    case PG_QUERY__NODE__NODE_BOOLEAN:
        return option->arg->boolean->boolval ? "true" : "false";
    case PG_QUERY__NODE__NODE_INTEGER:
        return arena_format(arena, "%" PRId32, option->arg->integer->ival);
    case PG_QUERY__NODE__NODE_FLOAT:
        return option->arg->float_->fval;
    case PG_QUERY__NODE__NODE_TYPE_NAME:
        return names_last(option->arg->type_name->n_names, option->arg->type_name->names);
    default:
        return "";
    }
}

bool option_true(size_t count, PgQuery__Node *const *options, const char *name)
{
    const PgQuery__DefElem *option = option_find(count, options, name);
    static const char *const words[] = { "false", "off", "0", "no" };

    if (option == NULL || option->arg == NULL)
        return option != NULL;
    if (option->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
        return option->arg->integer->ival != 0;
    if (option->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN)
        return option->arg->boolean->boolval;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(node_text(option->arg), words[i]) == 0)
            return false;
    return true;
}

bool node_constant(struct arena *arena, const PgQuery__Node *node, const char **ret_text)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_A_CONST || node->a_const->isnull)
        return false;
    const PgQuery__AConst *constant = node->a_const;
    switch (constant->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        *ret_text = arena_format(arena, "%" PRId32, constant->ival->ival);
        return true;
    case PG_QUERY__A__CONST__VAL_FVAL:
        *ret_text = constant->fval->fval;
        return true;
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        *ret_text = constant->boolval->boolval ? "true" : "false";
        return true;
    case PG_QUERY__A__CONST__VAL_SVAL:
        *ret_text = constant->sval->sval;
        return true;
    case PG_QUERY__A__CONST__VAL_BSVAL:
        *ret_text = constant->bsval->bsval;
        return true;
    case PG_QUERY__A__CONST__VAL__NOT_SET:
    case _PG_QUERY__A__CONST__VAL__CASE_IS_INT_SIZE:
    default:
        return false;
    }
}

const char *node_column(const PgQuery__Node *node)
{
    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields == 0)
        return NULL;
    const PgQuery__Node *last = node->column_ref->fields[node->column_ref->n_fields - 1];
    return last->node_case == PG_QUERY__NODE__NODE_STRING ? last->string->sval : NULL;
}

/* One message within another, of a field that may hold many. */
static bool walk_field(const void *place, const ProtobufCFieldDescriptor *field, node_visit *visit,
                       void *data)
{
    const char *base = place;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
        *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id)
        return true;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
        ProtobufCMessage *const *list =
            *(ProtobufCMessage *const *const *)(const void *)(base + field->offset);
        for (size_t i = 0; i < count; i++)
            if (!tree_walk_message(list[i], visit, data))
                return false;
        return true;
    }
    const ProtobufCMessage *one = *(const ProtobufCMessage *const *)(const void *)(base + field->offset);
    return one == NULL || tree_walk_message(one, visit, data);
}

/* The fields are told by protobuf-c's descriptors, so every kind of node is walked, also those that no rule
 * names. */
bool tree_walk_message(const ProtobufCMessage *message, node_visit *visit, void *data)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (descriptor == &pg_query__node__descriptor)
        return tree_walk((const PgQuery__Node *)(const void *)message, visit, data);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
            !walk_field(message, &descriptor->fields[i], visit, data))
            return false;
    return true;
}

bool tree_walk(const PgQuery__Node *node, node_visit *visit, void *data)
{
    if (node == NULL || node->node_case == PG_QUERY__NODE__NODE__NOT_SET)
        return true;
    if (!visit(node, data))
        return false;
    /* Every member of the union is a pointer to a message. */
    return tree_walk_message((const ProtobufCMessage *)(const void *)node->alias, visit, data);
}
