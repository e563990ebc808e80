#include "showing.h"

const char *shown_buf(struct showing *s, struct buf *buf)
{
    const char *text = arena_text(s->arena, buf_str(buf));
    buf_finish(buf);
    return text;
}

const char *shown_duration(struct showing *s, int64_t us)
{
    struct buf buf;
    if (us == 0)
        return "";
    buf_init(&buf, TEXT_MAX);
    duration_spell(&buf, us);
    return shown_buf(s, &buf);
}

const char *shown_range(struct showing *s, const struct duration_range *range)
{
    if (range->min_us == range->max_us || range->min_us == 0)
        return shown_duration(s, range->max_us);
    return arena_format(s->arena, "%s to %s", shown_duration(s, range->min_us),
                        shown_duration(s, range->max_us));
}

const char *shown_member(struct showing *s, const struct json *object, const char *key)
{
    const struct json *member = json_member(object, key);
    struct buf buf;
    if (!member)
        return "";
    if (member->type == JSON_TEXT)
        return book_described(s->book, s->arena, member->text);
    buf_init(&buf, TEXT_MAX);
    if (member->type == JSON_NUMBER && member->integer)
        buf_format(&buf, "%.0f", member->number);
    return shown_buf(s, &buf);
}

void show_book(const struct book *book, const struct show_facts *facts, enum document_form form,
               struct buf *out)
{
    static void (*const sections[])(struct showing * s) = {
        show_glance,   show_strategy, show_risks, show_timeline, show_people,    show_watching,
        show_settings, show_phases,   show_locks, show_rollback, show_rehearsal, show_postmortem,
    };
    struct showing s = { .book = book, .facts = facts, .arena = arena_create() };
    s.schedule = schedule_of(s.arena, book);
    s.document = document_create(form, book->title);
    if (book->summary)
        document_paragraph(s.document, book->summary);
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        sections[i](&s);
    document_finish(s.document, out);
    arena_destroy(s.arena);
}
