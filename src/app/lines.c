#include "lines.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void print_event_line(const struct event *event)
{
    struct buf story, shown;

    buf_init(&story, 64 * 1024);
    buf_init(&shown, 256 * 1024);
    wall_clock(&shown, event->at.wall_us);
    buf_format(&shown, " %-10s ", event->actor);
    event_story(&story, event);
    text_visible(&shown, buf_str(&story), story.len, false);
    puts(buf_str(&shown));
    buf_finish(&story);
    buf_finish(&shown);
}
