/*
 * The words of a statement's text, as far as a driver has to know them: what stands outside quotes and
 * comments. Not a parser; where it cannot be sure, whoever asks takes the careful answer.
 */
#ifndef DRIVER_SQL_WORDS_H
#define DRIVER_SQL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define SQL_WORD_MAX 32

struct sql_words {
    const char *at;
    bool fresh; /* the next word begins a command */
};

#define SQL_WORDS_INIT(text)                                                                                 \
    {                                                                                                        \
        (text), true                                                                                         \
    }

/* The next unquoted word in lower case ("" for one that is longer than any key word); `ret_first` says
 * whether it begins a command. False at the end. */
bool sql_words_next(struct sql_words *words, char ret_word[SQL_WORD_MAX], bool *ret_first);

bool sql_has_word(const char *text, const char *word);

/* True where the text begins with exactly these words, "create index concurrently" for example. */
bool sql_begins(const char *text, const char *words);

/* True for commands that a server carries out in more than one transaction, or that have effects which no
 * rollback takes back: when they fail, something may remain. */
bool sql_leaves_parts(const char *text);

#endif
