#include "rehearse/certificate.h"

#include <string.h>

#include "base/text.h"
#include "json/json.h"

/* A certificate that is being read. */
struct reading {
    struct arena *arena;
    struct json_faults *faults;
    struct certificate *certificate;
};

#define COUNT_MAX (INT64_C(1) << 53)

#define HOW "`tminus rehearse BOOK --targets FILE --certificate FILE` makes one"

#define TEXT(key, type, member)                                                                              \
    {                                                                                                        \
        key, JSON_FIELD_TEXT, offsetof(type, member), JSON_REQUIRED, NULL, 0, 0, NULL                        \
    }
#define NAME(key, type, member)                                                                              \
    {                                                                                                        \
        key, JSON_FIELD_TEXT, offsetof(type, member), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0, NULL        \
    }
#define BOOL(key, type, member)                                                                              \
    {                                                                                                        \
        key, JSON_FIELD_BOOL, offsetof(type, member), JSON_REQUIRED, NULL, 0, 0, NULL                        \
    }
#define COUNT(key, type, member, least)                                                                      \
    {                                                                                                        \
        key, JSON_FIELD_INTEGER, offsetof(type, member), JSON_REQUIRED, NULL, least, COUNT_MAX, NULL         \
    }
#define LIST(key, member)                                                                                    \
    {                                                                                                        \
        key, JSON_FIELD_ARRAY, offsetof(struct fields, member), JSON_REQUIRED, NULL, 0, 0, NULL              \
    }
#define RESULT(type)                                                                                         \
    {                                                                                                        \
        "result", JSON_FIELD_ENUM, offsetof(type, result), JSON_REQUIRED, result_words, 0, 0, NULL           \
    }

static const char *const result_words[] = {
#define X(name, word) word,
    REHEARSAL_RESULTS(X)
#undef X
        NULL
};

/* ---- the whole ---- */

struct fields {
    int64_t format;
    const char *book, *book_sha256, *files_sha256, *version, *host, *operator, * ended, *asked, *signature;
    bool passed, all;
    const struct json *targets, *params, *data, *midpoints, *again, *locks, *timings;
};

static const struct json_field rows[] = {
    { "tminus_certificate", JSON_FIELD_INTEGER, offsetof(struct fields, format), JSON_REQUIRED, NULL,
      CERTIFICATE_FORMAT, CERTIFICATE_FORMAT, NULL },
    NAME("book", struct fields, book),
    TEXT("book_sha256", struct fields, book_sha256),
    TEXT("files_sha256", struct fields, files_sha256),
    TEXT("version", struct fields, version),
    TEXT("host", struct fields, host),
    TEXT("operator", struct fields, operator),
    TEXT("ended", struct fields, ended),
    TEXT("asked", struct fields, asked),
    BOOL("passed", struct fields, passed),
    BOOL("all", struct fields, all),
    LIST("targets", targets),
    LIST("params", params),
    LIST("data", data),
    LIST("midpoints", midpoints),
    LIST("again", again),
    LIST("locks", locks),
    LIST("timings", timings),
    { "signature", JSON_FIELD_TEXT, offsetof(struct fields, signature), JSON_NONEMPTY, NULL, 0, 0, NULL },
    { 0 },
};

static void fault(struct reading *r, const struct json *where, const char *what)
{
    json_fault_add(r->faults, where->line, where->column, "%s", what);
}

static void check_sha256(struct reading *r, const struct json *root, const char *key, const char *text)
{
    if (strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
        json_fault_add(r->faults, json_member(root, key)->line, json_member(root, key)->column,
                       "\"%s\" is no SHA-256: 64 digits 0-9 and a-f", key);
}

/* ---- its lists: each item of an array by one table, into an array of structs ---- */

struct list {
    const struct json_field *fields;
    size_t size; /* of a struct */
    const char *what;
};

static void *read_list(struct reading *r, const struct json *source, const struct list *list,
                       size_t *ret_count)
{
    char *items = arena_array(r->arena, source->count + 1, list->size);
    for (size_t i = 0; i < source->count; i++) {
        if (json_decode(r->arena, &source->items[i], list->fields, items + i * list->size, list->what,
                        r->faults) < 0)
            continue; /* the fault is there */
    }
    *ret_count = source->count;
    return items;
}

static const struct json_field target_rows[] = {
    NAME("id", struct certificate_target, id),
    TEXT("engine", struct certificate_target, engine),
    TEXT("version", struct certificate_target, version),
    { 0 },
};
static const struct json_field param_rows[] = {
    NAME("name", struct book_param, name),
    { "value", JSON_FIELD_TEXT, offsetof(struct book_param, value), 0, NULL, 0, 0, NULL },
    { 0 },
};

/* An enum in a struct of the header is no int by the standard: it is decoded beside it. */
struct midpoint_fields {
    struct certificate_midpoint is;
    int result;
};
static const struct json_field midpoint_rows[] = {
    TEXT("step", struct midpoint_fields, is.step),
    RESULT(struct midpoint_fields),
    TEXT("text", struct midpoint_fields, is.text),
    COUNT("differences", struct midpoint_fields, is.differences, 0),
    COUNT("forward_us", struct midpoint_fields, is.forward_us, 0),
    COUNT("back_us", struct midpoint_fields, is.back_us, 0),
    TEXT("run", struct midpoint_fields, is.run),
    { 0 },
};
struct again_fields {
    struct certificate_again is;
    int result;
};
static const struct json_field again_rows[] = {
    NAME("step", struct again_fields, is.step),
    RESULT(struct again_fields),
    TEXT("how", struct again_fields, is.how),
    TEXT("text", struct again_fields, is.text),
    { 0 },
};
static const struct json_field lock_rows[] = {
    NAME("step", struct certificate_lock, step),
    COUNT("entry", struct certificate_lock, entry, 0),
    NAME("relation", struct certificate_lock, relation),
    NAME("taken", struct certificate_lock, taken),
    TEXT("claimed", struct certificate_lock, claimed),
    BOOL("rewritten", struct certificate_lock, rewritten),
    BOOL("holds", struct certificate_lock, holds),
    COUNT("queued", struct certificate_lock, queued, 0),
    { 0 },
};
static const struct json_field timing_rows[] = {
    NAME("step", struct certificate_timing, step),
    COUNT("entry", struct certificate_timing, entry, 0),
    COUNT("count", struct certificate_timing, rehearsed.count, 1),
    COUNT("median_us", struct certificate_timing, rehearsed.median_us, 0),
    COUNT("p95_us", struct certificate_timing, rehearsed.p95_us, 0),
    { 0 },
};

static const struct list targets = { target_rows, sizeof(struct certificate_target), "an item of targets" };
static const struct list params = { param_rows, sizeof(struct book_param), "an item of params" };
static const struct list midpoints = { midpoint_rows, sizeof(struct midpoint_fields),
                                       "an item of midpoints" };
static const struct list agains = { again_rows, sizeof(struct again_fields), "an item of again" };
static const struct list locks = { lock_rows, sizeof(struct certificate_lock), "an item of locks" };
static const struct list timings = { timing_rows, sizeof(struct certificate_timing), "an item of timings" };

static void read_midpoints(struct reading *r, const struct json *source)
{
    const struct midpoint_fields *raw = read_list(r, source, &midpoints, &r->certificate->midpoint_count);
    struct certificate_midpoint *list = arena_array(r->arena, source->count + 1, sizeof(*list));
    for (size_t i = 0; i < source->count; i++) {
        list[i] = raw[i].is;
        list[i].result = (enum rehearsal_result)raw[i].result;
    }
    r->certificate->midpoints = list;
}

static void read_again(struct reading *r, const struct json *source)
{
    const struct again_fields *raw = read_list(r, source, &agains, &r->certificate->again_count);
    struct certificate_again *list = arena_array(r->arena, source->count + 1, sizeof(*list));
    for (size_t i = 0; i < source->count; i++) {
        list[i] = raw[i].is;
        list[i].result = (enum rehearsal_result)raw[i].result;
    }
    r->certificate->again = list;
}

static void read_timings(struct reading *r, const struct json *source)
{
    const struct certificate_timing *list = read_list(r, source, &timings, &r->certificate->timing_count);
    r->certificate->timings = list;
    for (size_t i = 0; i < source->count; i++) {
        if (list[i].rehearsed.p95_us < list[i].rehearsed.median_us)
            fault(r, &source->items[i], "\"p95_us\" is less than \"median_us\"");
    }
}

static void read_data(struct reading *r, const struct json *source)
{
    const char **list = arena_array(r->arena, source->count + 1, sizeof(*list));
    for (size_t i = 0; i < source->count; i++) {
        list[i] = source->items[i].text;
        if (source->items[i].type != JSON_TEXT)
            json_fault_add(r->faults, source->items[i].line, source->items[i].column,
                           "an item of data is a text, this is %s", json_type_word(source->items[i].type));
    }
    r->certificate->data = list;
    r->certificate->data_count = source->count;
}

static void read_lists(struct reading *r, const struct fields *raw)
{
    struct certificate *certificate = r->certificate;
    certificate->targets = read_list(r, raw->targets, &targets, &certificate->target_count);
    certificate->params = read_list(r, raw->params, &params, &certificate->param_count);
    certificate->locks = read_list(r, raw->locks, &locks, &certificate->lock_count);
    read_data(r, raw->data);
    read_midpoints(r, raw->midpoints);
    read_again(r, raw->again);
    read_timings(r, raw->timings);
}

static void read_head(struct reading *r, const struct json *root, const struct fields *raw)
{
    struct certificate *certificate = r->certificate;
    struct err err = ERR_INIT;
    check_sha256(r, root, "book_sha256", raw->book_sha256);
    check_sha256(r, root, "files_sha256", raw->files_sha256);
    certificate->book = raw->book;
    certificate->book_sha256 = raw->book_sha256;
    certificate->files_sha256 = raw->files_sha256;
    certificate->version = raw->version;
    certificate->host = raw->host;
    certificate->operator= raw->operator;
    certificate->asked = raw->asked;
    certificate->signature = raw->signature;
    certificate->passed = raw->passed;
    certificate->all = raw->all;
    if (wall_parse(raw->ended, &certificate->wall_us, &err) < 0)
        fault(r, json_member(root, "ended"), err.message);
}

static void read_whole(struct reading *r, const struct json *root)
{
    struct fields raw = { 0 };
    if (json_decode(r->arena, root, rows, &raw, "certificate", r->faults) < 0)
        return;
    read_head(r, root, &raw);
    read_lists(r, &raw);
    if (r->faults->count == 0 && raw.passed != certificate_judge(r->certificate))
        fault(r, json_member(root, "passed"),
              raw.passed ? "it says that it passed, and what it found says that it did not"
                         : "it says that it did not pass, and what it found says that it did");
    if (r->faults->count == 0 && raw.all != certificate_tried_all(r->certificate))
        fault(r, json_member(root, "all"),
              raw.all
                  ? "it says that the way back was tried from every step, and its midpoints that it was not"
                  : "it says that the way back was not tried from every step, and its midpoints that it was");
}

int certificate_read(struct arena *arena, const char *path, const char *text, size_t len,
                     const struct certificate **ret, struct err *err)
{
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    struct reading reading = { arena, faults, arena_alloc(arena, sizeof(struct certificate)) };
    struct err first = ERR_INIT;
    json_faults_init(faults, arena);
    const struct json *root = json_parse_line(arena, text, len, CERTIFICATE_MAX_BYTES, &first);
    if (root == NULL)
        return err_set(err, ERR_INVALID, "%s: no certificate of a rehearsal: %s; " HOW, path, first.message);
    if (json_member(root, "tminus_certificate") == NULL)
        return err_set(err, ERR_INVALID,
                       "%s: no certificate of a rehearsal: it has no \"tminus_certificate\"; " HOW, path);
    read_whole(&reading, root);
    if (faults->count > 0)
        return err_set(err, ERR_INVALID, "%s:%d:%d: %s%s", path, faults->list[0].line, faults->list[0].column,
                       faults->list[0].message, faults->count > 1 ? " (and there is more)" : "");
    *ret = reading.certificate;
    return 0;
}
