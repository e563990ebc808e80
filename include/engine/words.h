/*
 * An action in words, as a person types it: `tick backup-age --evidence "seen in the backup log"`. One parser
 * for the command line of a terminal and for the one in the screen.
 */
#ifndef ENGINE_WORDS_H
#define ENGINE_WORDS_H

#include "engine/decide.h"

/* Reads the words of one action. --role and --to take the next word, --reason and --evidence all words up to
 * the next option; loose words at the end are the text where the verb has one ("hold disk is full"). Texts
 * are borrowed from `words` or made in `arena`. Leaves actor and watcher alone. ERR_USAGE with what was
 * expected and the nearest verb.
 */
int action_of_words(struct arena *arena, const char *const *words, size_t count, struct action *ret,
                    struct err *err) MUST_CHECK;

/* Splits a typed line at blanks; a quote at the beginning of a word, "..." or '...', keeps blanks, a
 * backslash keeps the next character. ERR_USAGE for a quote that does not end, or more than `max` words. */
int words_split(struct arena *arena, const char *line, const char **words, size_t max, size_t *ret_count,
                struct err *err) MUST_CHECK;

#endif
