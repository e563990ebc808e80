#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define LINES_MAX   (64u * 1024 * 1024)
#define SAMPLES_MAX (4u * 1024 * 1024)

struct batch *batch_create(void)
{
    struct batch *batch = mem_alloc(sizeof(*batch));

    batch->arena = arena_create();
    buf_init(&batch->lines, LINES_MAX);
    buf_init(&batch->samples, SAMPLES_MAX);
    return batch;
}

void batch_destroy(struct batch *batch)
{
    if (!batch)
        return;
    buf_finish(&batch->lines);
    buf_finish(&batch->samples);
    free(batch->events);
    free(batch->files);
    arena_destroy(batch->arena);
    free(batch);
}

void batch_file(struct batch *batch, const char *path, const char *source, const char *bytes, size_t len)
{
    if (batch->file_count == batch->file_capacity) {
        batch->file_capacity = batch->file_capacity == 0 ? 8 : batch->file_capacity * 2;
        batch->files = mem_realloc(batch->files, batch->file_capacity * sizeof(*batch->files));
    }
    batch->files[batch->file_count++] = (struct audit_file){ .path = arena_text(batch->arena, path),
                                                             .source = arena_text(batch->arena, source),
                                                             .bytes = bytes,
                                                             .len = len };
}

static void grow(struct batch *batch)
{
    if (batch->count < batch->capacity)
        return;
    batch->capacity = batch->capacity == 0 ? AUDIT_SEGMENT : batch->capacity * 2;
    batch->events = mem_realloc(batch->events, batch->capacity * sizeof(*batch->events));
}

/* Kinds whose attempts leave a file: what a command wrote, what was generated, the report of a comparison. */
static bool leaves_output(const struct step *step)
{
    return step->kind == STEP_COMMAND || step->kind == STEP_OSC || step->kind == STEP_COMPARE ||
           query_is_there(&step->generate);
}

/* What an attempt left. Where the event names its hash it must be there; else it is taken as it is, if the
 * attempt ever came to write something. */
static void add_output(const struct runner *runner, struct batch *batch, size_t step, size_t entry,
                       int64_t attempt, bool named)
{
    const struct frozen *frozen = runner->options->frozen;
    const struct step *definition = book_work(runner->book, step, entry);
    const char *name, *source;

    if (!leaves_output(definition))
        return;
    name = arena_format(batch->arena, "output/%s.%lld.log", definition->id, (long long)attempt);
    source = arena_format(batch->arena, "%s/%s", frozen->dir, name);
    if (named || access(source, F_OK) == 0)
        batch_file(batch, name, source, NULL, 0);
}

/* Which attempt of a step is the one that a ruling is about. */
void batch_see(const struct runner *runner, int64_t *attempts, const struct event *event)
{
    size_t step;

    if (event->type != EVENT_STEP_STARTED)
        return;
    step = book_find_step(runner->book, event->subject);
    if (step != BOOK_NONE)
        attempts[step] = event->attempt;
}

/* What has ended, or what an earlier runner left behind and of which a person has ruled. */
static void add_outputs(const struct runner *runner, struct batch *batch, const int64_t *attempts,
                        const struct event *event)
{
    size_t step;

    if (event->type != EVENT_STEP_ENDED && event->type != EVENT_STEP_RULED)
        return;
    step = book_find_step(runner->book, event->subject);
    if (step == BOOK_NONE)
        return;
    if (event->type == EVENT_STEP_ENDED)
        add_output(runner, batch, step, (size_t)event->entry, event->attempt,
                   event->output && event->output[0]);
    else
        add_output(runner, batch, step, (size_t)event->entry, attempts[step], false);
}

void batch_add(const struct runner *runner, struct batch *batch, int64_t *attempts, const struct event *event,
               const char *line, size_t len)
{
    batch_see(runner, attempts, event);
    grow(batch);
    batch->events[batch->count++] = *event_copy(batch->arena, event);
    buf_add(&batch->lines, line, len);
    add_outputs(runner, batch, attempts, event);
}

/* An output that is not there any more, or is not a file that may be read, never will be: the trail says so
 * in its place, and goes on. What the system refuses to read for now is trouble, and tried again. */
static bool is_gone(const char *source)
{
    struct stat st;
    int fd;

    if (lstat(source, &st) < 0)
        return errno == ENOENT || errno == ENOTDIR;
    if (!S_ISREG(st.st_mode))
        return true;
    fd = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES || errno == ELOOP;
    close(fd);
    return false;
}

const char *batch_mark_missing(struct batch *batch)
{
    const char *last = NULL;

    for (size_t i = 0; i < batch->file_count; i++) {
        struct audit_file *file = &batch->files[i];

        if (!file->source || !is_gone(file->source))
            continue;
        file->bytes = arena_format(batch->arena, "[tminus: this output was not there to be published: %s]\n",
                                   file->source);
        file->len = strlen(file->bytes);
        file->source = NULL;
        last = file->path;
    }
    return last;
}
