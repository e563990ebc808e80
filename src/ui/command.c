/*
 * The command line: one line of the words of `tminus do`. A text at the end needs no quotes: it goes on to
 * the next option or to the end of the line.
 */
#include <string.h>

#include "actions.h"
#include "base/text.h"

#define WORD_MAX ((size_t)INPUT_MAX + 1)

/* How the arguments of a verb are read. */
static const struct form {
    bool subject;            /* a first word names what it is about */
    bool choice;             /* a second word chooses */
    bool rest;               /* everything after is the text */
    bool to;                 /* --to names what it is about */
    bool role;               /* --role says as what */
    const char *text_option; /* NULL: none */
} forms[VERB_COUNT] = {
    [VERB_TICK] = { .subject = true, .role = true, .text_option = "--evidence" },
    [VERB_UNTICK] = { .subject = true },
    [VERB_START] = { .subject = true },
    [VERB_NEXT] = { .rest = false },
    [VERB_CANCEL] = { .subject = true },
    [VERB_RETRY] = { .subject = true },
    [VERB_CLEAN] = { .subject = true },
    [VERB_VOTE] = { .subject = true, .choice = true, .role = true, .text_option = "--reason" },
    [VERB_OVERRIDE] = { .subject = true, .text_option = "--reason" },
    [VERB_RULE] = { .subject = true, .choice = true, .text_option = "--reason" },
    [VERB_PROBE] = { .subject = true },
    [VERB_HOLD] = { .rest = true },
    [VERB_RELEASE] = { .text_option = "--reason" },
    [VERB_ROLLBACK] = { .to = true, .text_option = "--reason" },
    [VERB_SCRUB] = { .text_option = "--reason" },
    [VERB_NOTE] = { .rest = true },
    [VERB_CLOSE] = { .rest = false },
};

struct reader {
    const char *at;
    char word[WORD_MAX];
};

static bool next_word(struct reader *reader)
{
    reader->at += strspn(reader->at, " ");
    size_t len = strcspn(reader->at, " ");
    if (len >= sizeof(reader->word))
        len = sizeof(reader->word) - 1;
    memcpy(reader->word, reader->at, len);
    reader->word[len] = '\0';
    reader->at += len;
    return len > 0;
}

/* Up to the next option; one pair of quotes around it is taken off. */
static void next_text(struct reader *reader, char *ret)
{
    const char *from = reader->at + strspn(reader->at, " ");
    const char *end = strstr(from, " --");
    size_t len = end != NULL ? (size_t)(end - from) : strlen(from);
    reader->at = from + len;
    while (len > 0 && from[len - 1] == ' ')
        len--;
    if (len >= 2 && (from[0] == '"' || from[0] == '\'') && from[len - 1] == from[0]) {
        from++;
        len -= 2;
    }
    if (len >= WORD_MAX)
        len = WORD_MAX - 1;
    memcpy(ret, from, len);
    ret[len] = '\0';
}

struct parsed {
    struct action action;
    char subject[WORD_MAX], role[WORD_MAX], text[WORD_MAX];
};

static bool missing(struct ui *ui, enum verb verb)
{
    ui_say(ui, ROLE_BAD, "something is missing: %s %s", verb_word(verb), verb_arguments(verb));
    return false;
}

/* The word after an option into `into`; false, and said so, when there is none. */
static bool option_word(struct ui *ui, struct reader *reader, enum verb verb, char *into)
{
    if (!next_word(reader))
        return missing(ui, verb);
    memcpy(into, reader->word, sizeof(reader->word));
    return true;
}

static bool read_option(struct ui *ui, struct reader *reader, const struct form *form, struct parsed *parsed)
{
    enum verb verb = parsed->action.verb;
    if (form->text_option != NULL && strcmp(reader->word, form->text_option) == 0) {
        next_text(reader, parsed->text);
        parsed->action.text = parsed->text;
        return true;
    }
    if (form->to && strcmp(reader->word, "--to") == 0) {
        parsed->action.subject = parsed->subject;
        return option_word(ui, reader, verb, parsed->subject);
    }
    if (form->role && strcmp(reader->word, "--role") == 0) {
        parsed->action.role = parsed->role;
        return option_word(ui, reader, verb, parsed->role);
    }
    ui_say(ui, ROLE_BAD, "\"%s\" has no place here: %s %s", reader->word, verb_word(verb),
           verb_arguments(verb));
    return false;
}

static bool read_arguments(struct ui *ui, struct reader *reader, struct parsed *parsed)
{
    enum verb verb = parsed->action.verb;
    const struct form *form = &forms[verb];
    if (form->subject) {
        if (!next_word(reader) || text_starts(reader->word, "--"))
            return missing(ui, verb);
        memcpy(parsed->subject, reader->word, sizeof(parsed->subject));
        parsed->action.subject = parsed->subject;
    }
    if (form->choice) {
        if (!next_word(reader) || text_starts(reader->word, "--"))
            return missing(ui, verb);
        parsed->action.choice = choice_of(reader->word);
        if (parsed->action.choice == CHOICE_COUNT || parsed->action.choice == CHOICE_NONE) {
            ui_say(ui, ROLE_BAD, "\"%s\" cannot be chosen: %s %s", reader->word, verb_word(verb),
                   verb_arguments(verb));
            return false;
        }
    }
    if (form->rest) {
        const char *rest = reader->at + strspn(reader->at, " ");
        memcpy(parsed->text, rest, strnlen(rest, WORD_MAX - 1));
        parsed->action.text = *parsed->text != '\0' ? parsed->text : NULL;
        return verb != VERB_NOTE || *parsed->text != '\0' || missing(ui, verb);
    }
    while (next_word(reader)) {
        if (!read_option(ui, reader, form, parsed))
            return false;
    }
    return true;
}

static void say_unknown(struct ui *ui, const char *word)
{
    const char *words[VERB_COUNT];
    for (int i = 0; i < VERB_COUNT; i++)
        words[i] = verb_word((enum verb)i);
    const char *near = text_nearest(word, words, VERB_COUNT);
    if (near != NULL)
        ui_say(ui, ROLE_BAD, "no such action: \"%s\"; did you mean \"%s\"?", word, near);
    else
        ui_say(ui, ROLE_BAD, "no such action: \"%s\"; try hold, next, tick, vote, note, rollback", word);
}

void command_run(struct ui *ui, const char *line)
{
    struct reader reader = { .at = line };
    struct parsed parsed = { .action = { .choice = CHOICE_NONE } };
    if (!next_word(&reader))
        return;
    parsed.action.verb = verb_of(reader.word);
    if (parsed.action.verb == VERB_COUNT) {
        say_unknown(ui, reader.word);
        return;
    }
    if (!ui_may(ui, parsed.action.verb)) {
        ui_say(ui, ROLE_WARN, "%s: you are watching, only the operator executes", reader.word);
        return;
    }
    if (read_arguments(ui, &reader, &parsed))
        ui_act_full(ui, &parsed.action);
}
