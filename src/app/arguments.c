#include "app.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define OPTIONS_MAX 32

/* Only the name is repeated: what stands behind "=" may be a secret. */
static int unknown_option(const char *word, const struct option_row *options, struct err *err)
{
    const char *names[OPTIONS_MAX];
    char name[64];
    const char *nearest;
    size_t count = 0, len = strcspn(word, "=");

    while (options[count].name && count < OPTIONS_MAX) {
        names[count] = options[count].name;
        count++;
    }
    /* A longer one is near to none. */
    (void)snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : 0), word);
    nearest = text_nearest(name, names, count);
    if (nearest)
        return err_set(err, ERR_USAGE, "there is no option \"%s\"; did you mean \"%s\"?", name, nearest);
    return err_set(err, ERR_USAGE, "there is no option \"%.*s\" here", (int)len, word);
}

static int store(const struct option_row *option, const char *value, struct err *err)
{
    struct option_list *list = option->into;

    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->into = true;
        return 0;
    case OPTION_VALUE:
        *(const char **)option->into = value;
        return 0;
    case OPTION_LIST:
        break;
    }
    if (list->count == OPTION_LIST_MAX)
        return err_set(err, ERR_USAGE, "%s may be given %d times at most", option->name, OPTION_LIST_MAX);
    list->items[list->count++] = value;
    return 0;
}

/* The row that `word` names, with the part after "=" in `ret_value` (NULL without one). */
static const struct option_row *find(const char *word, const struct option_row *options,
                                     const char **ret_value)
{
    size_t len = strcspn(word, "=");

    for (const struct option_row *row = options; row->name; row++) {
        if (strlen(row->name) == len && memcmp(row->name, word, len) == 0) {
            *ret_value = word[len] == '=' ? word + len + 1 : NULL;
            return row;
        }
    }
    return NULL;
}

/* Takes the option at argv[*at], and its value from the next word where it has to. */
static int take_option(int argc, char **argv, int *at, const struct option_row *options, struct err *err)
{
    const char *value = NULL;
    const struct option_row *row = find(argv[*at], options, &value);

    if (!row)
        return unknown_option(argv[*at], options, err);
    if (row->kind == OPTION_FLAG && value)
        return err_set(err, ERR_USAGE, "%s takes no value", row->name);
    if (row->kind != OPTION_FLAG && !value) {
        if (*at + 1 >= argc)
            return err_set(err, ERR_USAGE, "%s wants a value", row->name);
        value = argv[++*at];
    }
    return store(row, value, err);
}

int arguments_parse(int argc, char **argv, const struct option_row *options, struct arguments *ret,
                    struct err *err)
{
    bool only_words = false;

    ret->count = 0;
    for (int i = 1; i < argc; i++) {
        int r = 0;

        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            r = take_option(argc, argv, &i, options, err);
        } else if (ret->count == ARGUMENTS_MAX) {
            r = err_set(err, ERR_USAGE, "more than %d arguments", ARGUMENTS_MAX);
        } else {
            ret->list[ret->count++] = argv[i];
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* Its lines as one, each behind a blank. */
static void add_usage(struct buf *buf, const char *usage)
{
    for (const char *at = usage + strspn(usage, " \n"); *at; at += strspn(at, " \n")) {
        size_t len = strcspn(at, "\n");

        buf_char(buf, ' ');
        buf_add(buf, at, len);
        at += len;
    }
}

int arguments_count(const struct arguments *arguments, size_t min, size_t max, const char *command,
                    struct err *err)
{
    const struct command *row = command_find(command);
    struct buf usage;
    int r;

    if (arguments->count >= min && arguments->count <= max)
        return 0;
    buf_init(&usage, 4096);
    add_usage(&usage, row ? row->usage : "");
    r = err_set(err, ERR_USAGE, "usage: tminus %s%s", command, buf_str(&usage));
    buf_finish(&usage);
    return r;
}
