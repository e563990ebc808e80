/*
 * The command line: one line of the words of `tminus do`, read by the same parser.
 */
#include "actions.h"
#include "engine/words.h"

#define WORDS_MAX ((size_t)64)

void command_run(struct ui *ui, const char *line)
{
    struct arena *arena = arena_create();
    const char *words[WORDS_MAX];
    struct action action;
    struct err err = ERR_INIT;
    size_t count;
    int r = words_split(arena, line, words, WORDS_MAX, &count, &err);
    if (r == 0 && count > 0)
        r = action_of_words(arena, words, count, &action, &err);
    if (r < 0)
        ui_refuse(ui, "%s", err.message);
    else if (count > 0 && !ui_may(ui, action.verb))
        ui_refuse(ui, "%s: %sonly the operator executes", words[0],
                  ui->options.watcher ? "you are watching, " : "");
    else if (count > 0)
        ui_act_full(ui, &action);
    arena_destroy(arena);
}
