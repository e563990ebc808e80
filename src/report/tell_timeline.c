#include "telling.h"
#include "track.h"

#include <inttypes.h>

void tell_timeline(struct telling *t)
{
    static const char *const head[] = { "No.", "UTC", "Since the start", "Who", "What" };
    struct buf svg, text;
    document_heading(t->document, 1, "Timeline");
    if (entry_count(t) == 0)
        return;
    if (span_count(t) > 0 || t->chronicle->holds.count > 0) {
        buf_init(&svg, DRAWING_MAX);
        buf_init(&text, DRAWING_MAX);
        track_svg(&svg, t->chronicle, &t->drawing);
        track_text(&text, t->chronicle, &t->drawing);
        buf_text(&svg,
                 "<figcaption>Filled: steps, red where one failed or became unknown. Outlined: what was "
                 "undone. Shaded: the run was held. The numbers are those of the list.</figcaption>");
        buf_text(&text,
                 "\n- a phase   = a step   ! it failed or became unknown   < undone   % the run was held\n");
        document_figure(t->document, buf_str(&svg), buf_str(&text));
        buf_finish(&svg);
        buf_finish(&text);
    } else {
        document_paragraph(t->document, "No step was carried out.");
    }
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct entry *entry = entry_at(t, i);
        if (t->numbers[i] == 0)
            continue;
        document_row(t->document,
                     (const struct cell[]){ { arena_format(t->arena, "%zu", t->numbers[i]), LOOK_PLAIN },
                                            { told_time(t, entry->event->at.wall_us), LOOK_PLAIN },
                                            { told_offset(t, entry->us), LOOK_PLAIN },
                                            { entry->event->actor, LOOK_STRONG },
                                            { told_story(t, entry->event), LOOK_PLAIN } });
    }
}

void tell_records(struct telling *t)
{
    static const char *const head[] = { "Record", "UTC", "Who", "Event", "What" };
    document_heading(t->document, 1, "All records");
    if (entry_count(t) == 0)
        return;
    document_fold(t->document, arena_format(t->arena, "show all %zu records", entry_count(t)));
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        document_row(t->document,
                     (const struct cell[]){ { arena_format(t->arena, "%" PRIu64, event->seq), LOOK_PLAIN },
                                            { told_time(t, event->at.wall_us), LOOK_PLAIN },
                                            { event->actor, LOOK_PLAIN },
                                            { event_word(event->type), LOOK_CODE },
                                            { told_story(t, event), LOOK_PLAIN } });
    }
    document_fold_end(t->document);
}
