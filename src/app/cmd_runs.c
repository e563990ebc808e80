#include <stdio.h>

#include "app.h"
#include "cmd.h"
#include "past.h"

static const char *state_of(struct arena *arena, const struct rundir_entry *entry, const char **ret_trouble)
{
    struct err *err = arena_alloc(arena, sizeof(*err));
    struct past past;
    const char *word;

    *ret_trouble = "";
    if (past_read(arena, entry, &past, err) < 0) {
        *ret_trouble = err->message;
        return "unreadable";
    }
    word = run_state_word(run_state(past.run));
    past_finish(&past);
    return word;
}

static void print_text(const struct rundir_entry *entry, const char *state, const char *trouble)
{
    printf("%-48s %-12s %s%s\n", entry->run, state, entry->live ? "live" : "no runner",
           trouble[0] ? "  " : "");
    if (trouble[0])
        printf("    %s\n", trouble);
}

static void print_json(const struct rundir_entry *entry, const char *state, const char *trouble)
{
    struct json_writer w;
    struct buf line;

    buf_init(&line, 64 * 1024);
    json_write_init(&w, &line);
    json_open(&w, NULL);
    json_put_text(&w, "run", entry->run);
    json_put_text(&w, "state", state);
    json_put_bool(&w, "live", entry->live);
    json_put_text(&w, "directory", entry->dir);
    if (trouble[0])
        json_put_text(&w, "trouble", trouble);
    json_close(&w);
    puts(buf_str(&line));
    buf_finish(&line);
}

static int print_runs(struct arena *arena, bool json, struct err *err)
{
    struct rundir_entry *entries;
    size_t count;
    int r = rundir_list(arena, &entries, &count, err);

    if (r == 0 && count == 0 && !json)
        puts("no runs yet");
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct arena *scratch = arena_create();
        const char *trouble, *state = state_of(scratch, &entries[i], &trouble);

        (json ? print_json : print_text)(&entries[i], state, trouble);
        arena_destroy(scratch);
    }
    return r;
}

int cmd_runs(int argc, char **argv)
{
    struct arena *arena = arena_create();
    bool json = false;
    const struct option_row options[] = { { "--json", OPTION_FLAG, &json }, { NULL, OPTION_FLAG, NULL } };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 0, 0, "runs", &err);
    if (r == 0)
        r = print_runs(arena, json, &err);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
