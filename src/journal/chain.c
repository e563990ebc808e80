#include "journal/chain.h"

#include <inttypes.h>
#include <string.h>

#define HASH_LEN   16
#define PREFIX_LEN (HASH_LEN + 1) /* the hash and a space */

/* An arena is given back and made anew when events filled it with this much. */
#define ARENA_ROUND (256 * 1024)

void chain_start(struct chain *chain)
{
    chain->seq = 0;
    memset(chain->head.hex, '0', sizeof(chain->head.hex) - 1);
    chain->head.hex[sizeof(chain->head.hex) - 1] = '\0';
}

/* ---- writing ---- */

static void write_json(const struct chain *chain, const struct event *event, struct buf *buf)
{
    struct json_writer w;
    json_write_init(&w, buf);
    json_open(&w, NULL);
    event_write(&w, event);
    json_put_text(&w, "prev", chain->head.hex);
    json_close(&w);
}

int chain_write(struct chain *chain, const struct event *event, struct buf *buf, struct err *err)
{
    if (!event_is_record(event->type))
        return err_set(err, ERR_INVALID, "%s is no record", event_word(event->type));
    if (event->seq != chain->seq + 1)
        return err_set(err, ERR_INVALID, "record %" PRIu64 " does not follow record %" PRIu64, event->seq,
                       chain->seq);
    size_t start = buf->len;
    buf_format(buf, "%*s", PREFIX_LEN, "");
    write_json(chain, event, buf);
    buf_char(buf, '\n');
    int r = buf_ok(buf, "what is to be recorded", err);
    if (r < 0)
        return r;
    size_t len = buf->len - start;
    if (len > JOURNAL_LINE_MAX)
        return err_set(err, ERR_LIMIT, "record %" PRIu64 " (%s) takes %zu bytes: at most %d are allowed",
                       event->seq, event_word(event->type), len, JOURNAL_LINE_MAX);
    char *line = buf->data + start;
    struct sha256 hash;
    sha256_of(line + PREFIX_LEN, len - PREFIX_LEN - 1, &hash);
    memcpy(line, hash.hex, HASH_LEN);
    sha256_of(line, len - 1, &chain->head);
    chain->seq++;
    return 0;
}

/* ---- reading ---- */

static bool has_own_hash(const char *line, size_t len)
{
    struct sha256 hash;
    if (len <= PREFIX_LEN || line[HASH_LEN] != ' ')
        return false;
    sha256_of(line + PREFIX_LEN, len - PREFIX_LEN, &hash);
    return memcmp(line, hash.hex, HASH_LEN) == 0;
}

static int parse(struct arena *arena, const char *line, size_t len, const struct json **ret_object,
                 struct event *ret_event, struct err *err)
{
    static const char *const others[] = { "prev", NULL };
    *ret_object = json_parse_line(arena, line + PREFIX_LEN, len - PREFIX_LEN, JOURNAL_LINE_MAX, err);
    return *ret_object != NULL ? event_read(arena, *ret_object, others, ret_event, err) : ERR_INVALID;
}

static int corrupt(const struct chain *chain, const char *what, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "line %" PRIu64 " (seq %" PRIu64 ") is not as it was written: %s",
                   chain->seq + 1, chain->seq + 1, what);
}

int chain_read(struct chain *chain, struct arena *arena, const char *line, size_t len,
               struct event *ret_event, struct err *err)
{
    const struct json *object;
    struct err cause = ERR_INIT;
    if (len >= JOURNAL_LINE_MAX)
        return corrupt(chain, "it is over the maximum length", err);
    if (!has_own_hash(line, len))
        return corrupt(chain, "its hash does not match", err);
    if (parse(arena, line, len, &object, ret_event, &cause) < 0)
        return corrupt(chain, cause.message, err);
    if (!event_is_record(ret_event->type))
        return corrupt(chain, "it is no record", err);
    if (ret_event->seq != chain->seq + 1)
        return corrupt(chain, "its seq does not follow the line before", err);
    const struct json *prev = json_member(object, "prev");
    if (prev == NULL || prev->type != JSON_TEXT || strcmp(prev->text, chain->head.hex) != 0)
        return corrupt(chain, "it does not carry the hash of the line before", err);
    sha256_of(line, len, &chain->head);
    chain->seq++;
    return 0;
}

int chain_read_lines(struct chain *chain, const char *bytes, size_t len, journal_reader reader, void *data,
                     size_t *ret_used, struct err *err)
{
    struct arena *arena = arena_create();
    const char *newline;
    int r = 0;
    *ret_used = 0;
    while (r >= 0 && *ret_used < len &&
           (newline = memchr(bytes + *ret_used, '\n', len - *ret_used)) != NULL) {
        struct event event;
        const char *line = bytes + *ret_used;
        size_t line_len = (size_t)(newline - line);
        if (arena_used(arena) > ARENA_ROUND) {
            arena_destroy(arena);
            arena = arena_create();
        }
        r = chain_read(chain, arena, line, line_len, &event, err);
        if (r < 0)
            break;
        *ret_used += line_len + 1;
        if (reader != NULL)
            r = reader(data, &event, line, line_len + 1, err);
    }
    arena_destroy(arena);
    return r < 0 ? r : 0;
}

/* ---- a last line without a newline ---- */

static bool fits_prefix(char c, size_t at)
{
    if (at < HASH_LEN)
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (at < PREFIX_LEN)
        return c == ' ';
    return at == PREFIX_LEN ? c == '{' : c >= 0x20 && c < 0x7F;
}

bool chain_is_torn(const char *bytes, size_t len)
{
    size_t text_len = strnlen(bytes, len);
    for (size_t i = text_len; i < len; i++) {
        if (bytes[i] != '\0')
            return false;
    }
    for (size_t i = 0; i < text_len; i++) {
        if (!fits_prefix(bytes[i], i))
            return false;
    }
    if (len > JOURNAL_RESERVE || text_len >= JOURNAL_LINE_MAX)
        return false;
    return text_len == 0 || !has_own_hash(bytes, text_len - 1);
}
