#include "engine/words.h"

#include <string.h>

#include "base/text.h"

enum subject_rule { SUBJECT_NONE, SUBJECT_NEEDED };
enum text_rule { TEXT_NONE, TEXT_LOOSE };
enum choice_rule { CHOOSES_NOTHING, CHOOSES, MAY_CHOOSE };

/* What follows each verb. A text may also stand loose, after everything else, where that reads well. */
static const struct {
    enum subject_rule subject;
    enum choice_rule choice;
    enum text_rule text;
} shapes[VERB_COUNT] = {
    [VERB_TICK] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_UNTICK] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_START] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_NEXT] = { SUBJECT_NONE, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_CANCEL] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_RETRY] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_AGAIN] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_CLEAN] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_VOTE] = { SUBJECT_NEEDED, CHOOSES, TEXT_NONE },
    [VERB_BREAK_GLASS] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_OVERRIDE] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_RULE] = { SUBJECT_NEEDED, CHOOSES, TEXT_NONE },
    [VERB_PROBE] = { SUBJECT_NEEDED, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_KILL] = { SUBJECT_NEEDED, MAY_CHOOSE, TEXT_NONE },
    [VERB_HOLD] = { SUBJECT_NONE, CHOOSES_NOTHING, TEXT_LOOSE },
    [VERB_RELEASE] = { SUBJECT_NONE, CHOOSES_NOTHING, TEXT_LOOSE },
    [VERB_ROLLBACK] = { SUBJECT_NONE, CHOOSES_NOTHING, TEXT_NONE },
    [VERB_SCRUB] = { SUBJECT_NONE, CHOOSES_NOTHING, TEXT_LOOSE },
    [VERB_NOTE] = { SUBJECT_NONE, CHOOSES_NOTHING, TEXT_LOOSE },
    [VERB_CLOSE] = { SUBJECT_NONE, CHOOSES_NOTHING, TEXT_NONE },
};

/* Where an option's value goes, and with which verbs. */
#define VERB_BIT(verb) (1u << (verb))
static const struct {
    const char *name;
    size_t offset;
    unsigned verbs;
} options[] = {
    { "--role", offsetof(struct action, role), VERB_BIT(VERB_TICK) | VERB_BIT(VERB_VOTE) },
    { "--evidence", offsetof(struct action, text), VERB_BIT(VERB_TICK) },
    { "--reason", offsetof(struct action, text),
      VERB_BIT(VERB_VOTE) | VERB_BIT(VERB_BREAK_GLASS) | VERB_BIT(VERB_OVERRIDE) | VERB_BIT(VERB_RULE) |
          VERB_BIT(VERB_HOLD) | VERB_BIT(VERB_RELEASE) | VERB_BIT(VERB_ROLLBACK) | VERB_BIT(VERB_SCRUB) |
          VERB_BIT(VERB_KILL) },
    { "--session", offsetof(struct action, session), VERB_BIT(VERB_KILL) },
    { "--to", offsetof(struct action, subject), VERB_BIT(VERB_ROLLBACK) },
};

static const char *blank_before(const char *arguments)
{
    return arguments[0] ? " " : "";
}

static int wrong(struct err *err, enum verb verb)
{
    const char *arguments = verb_arguments(verb);

    return err_set(err, ERR_USAGE, "usage: %s%s%s", verb_word(verb), blank_before(arguments), arguments);
}

static int find_verb(const char *word, enum verb *ret, struct err *err)
{
    const char *names[VERB_COUNT];
    const char *nearest;

    *ret = verb_of(word);
    if (*ret != VERB_COUNT)
        return 0;
    for (int i = 0; i < VERB_COUNT; i++)
        names[i] = verb_word((enum verb)i);
    nearest = text_nearest(word, names, VERB_COUNT);
    if (nearest)
        return err_set(err, ERR_USAGE, "no action is called \"%s\"; did you mean \"%s\"?", word, nearest);
    return err_set(err, ERR_USAGE, "no action is called \"%s\"", word);
}

static bool is_option(const char *word)
{
    return text_starts(word, "--") && word[2] != '\0';
}

/* The option at words[*at] and its value, which for a text is everything up to the next option. */
static int take_option(struct arena *arena, const char *const *words, size_t count, size_t *at,
                       struct action *ret, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const char **slot = (const char **)(void *)((char *)ret + options[i].offset);

        if (!text_equal(options[i].name, words[*at]) || !(options[i].verbs & VERB_BIT(ret->verb)))
            continue;
        if (*at + 1 >= count)
            return err_set(err, ERR_USAGE, "%s wants a value", words[*at]);
        if (*slot)
            return err_set(err, ERR_USAGE, "%s: \"%s\" is said already", words[*at], *slot);
        *slot = words[++*at];
        /* A text goes on to the next option: at three in the morning nobody thinks of quotes. */
        while (slot == &ret->text && *at + 1 < count && !is_option(words[*at + 1]))
            *slot = arena_format(arena, "%s %s", *slot, words[++*at]);
        return 0;
    }
    return err_set(err, ERR_USAGE, "%s has no option \"%s\"; usage: %s%s%s", verb_word(ret->verb), words[*at],
                   verb_word(ret->verb), blank_before(verb_arguments(ret->verb)), verb_arguments(ret->verb));
}

/* The next loose word is the subject, then the choice, then text, whatever the verb still lacks. `loose`:
 * what the loose words so far make up of the text. */
static int take_word(struct arena *arena, const char *word, struct action *ret, const char **loose,
                     struct err *err)
{
    if (shapes[ret->verb].subject == SUBJECT_NEEDED && !ret->subject) {
        ret->subject = word;
        return 0;
    }
    if (shapes[ret->verb].choice != CHOOSES_NOTHING && ret->choice == CHOICE_NONE) {
        ret->choice = choice_of(word);
        return ret->choice == CHOICE_COUNT || ret->choice == CHOICE_NONE ? wrong(err, ret->verb) : 0;
    }
    if (shapes[ret->verb].text == TEXT_NONE)
        return wrong(err, ret->verb);
    if (ret->text != *loose)
        return err_set(err, ERR_USAGE, "\"%s\" stands beside the text \"%s\": put it in one pair of quotes",
                       word, ret->text);
    *loose = ret->text = *loose ? arena_format(arena, "%s %s", *loose, word) : word;
    return 0;
}

static bool choice_fits(const struct action *action)
{
    if (action->verb == VERB_VOTE)
        return action->choice == CHOICE_GO || action->choice == CHOICE_NO_GO;
    if (action->verb == VERB_KILL)
        return action->choice == CHOICE_NONE || action->choice == CHOICE_CANCEL ||
               action->choice == CHOICE_TERMINATE;
    return action->choice == CHOICE_DONE || action->choice == CHOICE_NOT_DONE ||
           action->choice == CHOICE_PARTIAL;
}

int action_of_words(struct arena *arena, const char *const *words, size_t count, struct action *ret,
                    struct err *err)
{
    const char *loose = NULL;
    int r;

    memset(ret, 0, sizeof(*ret));
    if (count == 0)
        return err_set(err, ERR_USAGE, "say what to do");
    r = find_verb(words[0], &ret->verb, err);
    for (size_t i = 1; r == 0 && i < count; i++)
        r = is_option(words[i]) ? take_option(arena, words, count, &i, ret, err)
                                : take_word(arena, words[i], ret, &loose, err);
    if (r < 0)
        return r;
    if ((shapes[ret->verb].subject == SUBJECT_NEEDED && !ret->subject) ||
        (shapes[ret->verb].choice != CHOOSES_NOTHING && !choice_fits(ret)))
        return wrong(err, ret->verb);
    return 0;
}

/* A quote opens only at the beginning of a word: "it's" is a word. */
int words_split(struct arena *arena, const char *line, const char **words, size_t max, size_t *ret_count,
                struct err *err)
{
    char *out = arena_alloc(arena, strlen(line) + 1);
    char quote = '\0';
    bool inside = false;

    *ret_count = 0;
    for (const char *p = line; *p; p++) {
        bool begins = !inside;

        if (!quote && (*p == ' ' || *p == '\t')) {
            if (inside)
                *out++ = '\0';
            inside = false;
            continue;
        }
        if (begins && *ret_count == max)
            return err_set(err, ERR_USAGE, "more than %zu words", max);
        if (begins)
            words[(*ret_count)++] = out;
        inside = true;
        if (quote && *p == quote)
            quote = '\0';
        else if (begins && (*p == '"' || *p == '\''))
            quote = *p;
        else
            *out++ = *p == '\\' && p[1] ? *++p : *p;
    }
    return quote ? err_set(err, ERR_USAGE, "a quote (%c) is not closed", quote) : 0;
}
