#include "json/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "json/scan.h"

/* Walks cJSON's tree beside the places that the scan found, in the same order. */
struct walk {
    struct arena *arena;
    const struct json_places *places;
    size_t next_place;
    struct json_faults *faults;
};

static const char *const type_words[] = {
    [JSON_NULL] = "null",   [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
    [JSON_TEXT] = "a text", [JSON_ARRAY] = "an array",     [JSON_OBJECT] = "an object",
};

static int convert(struct walk *walk, const cJSON *from, struct json *to);

static void use_our_memory(void)
{
    cJSON_Hooks hooks = { .malloc_fn = mem_alloc, .free_fn = free };
    cJSON_InitHooks(&hooks);
}

/* By key, and where keys are equal by place: an earlier member is at a lower address. */
static int compare_members(const void *a, const void *b)
{
    const struct json *left = *(const struct json *const *)a;
    const struct json *right = *(const struct json *const *)b;
    int order = strcmp(left->key, right->key);
    return order != 0 ? order : (left > right) - (left < right);
}

/* Keys are compared as they read after unescaping; sorted, because a hostile object has as many as fit. */
static int check_duplicates(struct walk *walk, const struct json *object)
{
    if (object->count < 2)
        return 0;
    const struct json **sorted = mem_array(object->count, sizeof(const struct json *));
    for (size_t i = 0; i < object->count; i++)
        sorted[i] = &object->items[i];
    qsort(sorted, object->count, sizeof(const struct json *), compare_members);
    const struct json *first = NULL;
    const struct json *again = NULL;
    for (size_t i = 1; i < object->count; i++) {
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0 && (again == NULL || sorted[i] < again)) {
            first = sorted[i - 1];
            again = sorted[i];
        }
    }
    free(sorted);
    if (again == NULL)
        return 0;
    json_fault_add(walk->faults, again->key_line, again->key_column,
                   "the key \"%.200s\" stands here for the second time; the first is at line %d, column %d",
                   again->key, first->key_line, first->key_column);
    return ERR_INVALID;
}

static int convert_items(struct walk *walk, const cJSON *from, struct json *to)
{
    for (const cJSON *item = from->child; item != NULL; item = item->next)
        to->count++;
    struct json *items = arena_array(walk->arena, to->count, sizeof(*items));
    to->items = items;
    for (const cJSON *item = from->child; item != NULL; item = item->next) {
        int r = convert(walk, item, items++);
        if (r < 0)
            return r;
    }
    return to->type == JSON_OBJECT ? check_duplicates(walk, to) : 0;
}

static int convert_number(struct walk *walk, const struct json_place *place, const cJSON *from,
                          struct json *to)
{
    to->type = JSON_NUMBER;
    to->number = from->valuedouble;
    to->integer = place->integer;
    if (isfinite(to->number) && (fpclassify(to->number) != FP_ZERO || !place->nonzero))
        return 0;
    json_fault_add(walk->faults, to->line, to->column, "the number is too %s for a double to hold",
                   isfinite(to->number) ? "small" : "big");
    return ERR_INVALID;
}

static int convert(struct walk *walk, const cJSON *from, struct json *to)
{
    assert(walk->next_place < walk->places->count);
    const struct json_place *place = &walk->places->list[walk->next_place++];
    to->line = place->line;
    to->column = place->column;
    to->key_line = place->key_line;
    to->key_column = place->key_column;
    to->key = arena_text(walk->arena, from->string);
    switch (from->type) {
    case cJSON_False:
    case cJSON_True:
        to->type = JSON_BOOL;
        to->boolean = from->type == cJSON_True;
        return 0;
    case cJSON_Number:
        return convert_number(walk, place, from, to);
    case cJSON_String:
        to->type = JSON_TEXT;
        to->text = arena_text(walk->arena, from->valuestring);
        return 0;
    case cJSON_Array:
        to->type = JSON_ARRAY;
        return convert_items(walk, from, to);
    case cJSON_Object:
        to->type = JSON_OBJECT;
        return convert_items(walk, from, to);
    default:
        assert(from->type == cJSON_NULL);
        to->type = JSON_NULL;
        return 0;
    }
}

/* The tree of bytes that the scan found good. */
static const struct json *build(struct arena *arena, const char *bytes, size_t len,
                                const struct json_places *places, struct json_faults *faults)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int r = pthread_once(&once, use_our_memory);
    assert(r == 0);
    cJSON *tree = cJSON_ParseWithLengthOpts(bytes, len, NULL, 0);
    if (tree == NULL) {
        /* The two readers disagree: a fault and not an assertion, because the input chose it. */
        json_fault_add(faults, 1, 1, "cJSON does not read this text");
        return NULL;
    }
    struct walk walk = { .arena = arena, .places = places, .faults = faults };
    struct json *root = arena_alloc(arena, sizeof(*root));
    r = convert(&walk, tree, root);
    assert(r < 0 || walk.next_place == places->count);
    cJSON_Delete(tree);
    return r < 0 ? NULL : root;
}

static const struct json *parse(struct arena *arena, const char *bytes, size_t len,
                                struct json_faults *faults)
{
    struct json_places places = { .list = NULL };
    const struct json *root = NULL;
    if (json_scan(bytes, len, &places, faults) == 0)
        root = build(arena, bytes, len, &places, faults);
    json_places_finish(&places);
    return root;
}

const struct json *json_parse(struct arena *arena, const char *bytes, size_t len, struct json_faults *faults)
{
    if (len > JSON_MAX_BYTES) {
        json_fault_add(faults, 1, 1, "%zu bytes are over the maximum of %d", len, JSON_MAX_BYTES);
        return NULL;
    }
    return parse(arena, bytes, len, faults);
}

const struct json *json_parse_line(struct arena *arena, const char *bytes, size_t len, size_t max_bytes,
                                   struct err *err)
{
    if (len > max_bytes) {
        (void)err_set(err, ERR_LIMIT, "a line of %zu bytes is over the maximum of %zu", len,
                      max_bytes); /* NULL tells */
        return NULL;
    }
    struct json_faults faults;
    json_faults_init(&faults, arena);
    const struct json *root = parse(arena, bytes, len, &faults);
    if (root == NULL)
        (void)err_set(err, ERR_INVALID, "line %d, column %d: %s", faults.list[0].line, faults.list[0].column,
                      faults.list[0].message); /* NULL tells */
    return root;
}

const struct json *json_member(const struct json *object, const char *key)
{
    if (object == NULL || object->type != JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->items[i].key, key) == 0)
            return &object->items[i];
    }
    return NULL;
}

const char *json_type_word(enum json_type type)
{
    assert((size_t)type < ARRAY_LEN(type_words));
    return type_words[type];
}
