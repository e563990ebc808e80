#include "remote_told.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* As much of a line as is shown, in bytes. */
#define WHY_MAX 300

struct line {
    const char *at;
    size_t len;
};

static bool next_line(const char **at, struct line *ret)
{
    const char *end;

    if (**at == '\0')
        return false;
    end = strchrnul(*at, '\n');
    *ret = (struct line){ *at, (size_t)(end - *at) };
    while (ret->len > 0 && (ret->at[ret->len - 1] == '\r' || ret->at[ret->len - 1] == ' '))
        ret->len--;
    *at = *end == '\n' ? end + 1 : end;
    return true;
}

static bool starts(const struct line *line, const char *word)
{
    size_t len = strlen(word);

    return line->len >= len && memcmp(line->at, word, len) == 0;
}

static bool has(const struct line *line, const char *word)
{
    return memmem(line->at, line->len, word, strlen(word)) != NULL;
}

/* ---- what is shown ---- */

/* Whom a URL names is between "://" and "@", before the next "/": a password may be in it. */
static void hide_user(struct buf *buf, const char *text, size_t len)
{
    while (len > 0) {
        const char *scheme = memmem(text, len, "://", 3);
        const char *end = text + len, *user, *stop;

        if (!scheme) {
            buf_add(buf, text, len);
            return;
        }
        user = scheme + 3;
        for (stop = user; stop < end && *stop != '/' && *stop != ' ' && *stop != '\''; stop++)
            ;
        buf_add(buf, text, (size_t)(user - text));
        const char *at = memrchr(user, '@', (size_t)(stop - user));
        if (at)
            buf_text(buf, "***");
        text = at ? at : user;
        len = (size_t)(end - text);
    }
}

static void put_shown(struct buf *why, const struct line *line)
{
    struct buf hidden;

    buf_init(&hidden, 2 * WHY_MAX);
    hide_user(&hidden, line->at, line->len < WHY_MAX ? line->len : WHY_MAX);
    text_visible(why, buf_str(&hidden), hidden.len, false);
    buf_finish(&hidden);
}

/* In order of how much they tell: the remote's own words, then git's last, then anybody's. */
static const char *const telling[] = { "fatal: ", "ssh: ", "error: ", "remote: ", "" };

/* The first line is the cause; what git adds after it are consequences. */
static bool find_telling(const char *text, const char *prefix, struct line *ret)
{
    struct line line;

    while (next_line(&text, &line)) {
        if (!starts(&line, prefix) || starts(&line, "hint: ") || line.len <= strlen(prefix))
            continue;
        ret->at = line.at + strlen(prefix);
        ret->len = line.len - strlen(prefix);
        return true;
    }
    return false;
}

/* "fatal: Could not read from remote repository." alone says nothing that the line before does not. */
static bool is_consequence(const struct line *line)
{
    return has(line, "Could not read from remote repository") || has(line, "failed to push some refs") ||
           has(line, "the remote end hung up");
}

void remote_told_why(const char *text, struct buf *why)
{
    struct line line, second = { NULL, 0 };

    for (size_t i = 0; i < ARRAY_LEN(telling); i++) {
        if (!find_telling(text, telling[i], &line))
            continue;
        if (!is_consequence(&line)) {
            put_shown(why, &line);
            return;
        }
        second = second.at ? second : line;
    }
    if (second.at)
        put_shown(why, &second);
    else
        buf_text(why, "git said nothing");
}

/* ---- the line of our branch: "<flag>\t<from>:<to>\t<summary>" ---- */

/* The summary of that line; the flag comes back. '\0' when there is none. */
static char find_status(const char *text, const char *branch, struct line *ret)
{
    struct line line;
    size_t len = strlen(branch);

    while (next_line(&text, &line)) {
        const char *tab, *colon;

        if (line.len < 3 || !strchr(" +-*=!", line.at[0]) || line.at[1] != '\t')
            continue;
        tab = memchr(line.at + 2, '\t', line.len - 2);
        colon = tab ? memchr(line.at + 2, ':', (size_t)(tab - line.at - 2)) : NULL;
        if (!colon || (size_t)(tab - colon - 1) != len || memcmp(colon + 1, branch, len) != 0)
            continue;
        *ret = (struct line){ tab + 1, line.len - (size_t)(tab + 1 - line.at) };
        return line.at[0];
    }
    return '\0';
}

/* Said by our git, which compares before it sends; a remote that compares says it behind "[remote rejected]".
 */
static bool is_diverged(const struct line *summary)
{
    static const char *const words[] = { "(non-fast-forward)", "(fetch first)", "(needs force)",
                                         "(stale info)", "(already exists)" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (has(summary, words[i]))
            return true;
    }
    return false;
}

/* What its hook wrote comes as lines of their own. */
static void put_refused(struct buf *why, const char *text, const struct line *summary)
{
    struct line said;

    put_shown(why, summary);
    if (find_telling(text, "remote: ", &said)) {
        buf_text(why, ": ");
        put_shown(why, &said);
    }
}

enum remote_outcome remote_told_push(const char *text, bool ok, const char *branch, struct buf *why)
{
    struct line summary = { "", 0 };
    char flag = find_status(text, branch, &summary);

    if (flag == '!' && is_diverged(&summary)) {
        put_shown(why, &summary);
        return REMOTE_DIVERGED;
    }
    if (flag == '!') {
        put_refused(why, text, &summary);
        return REMOTE_REFUSED;
    }
    /* Never asked for: whatever it was that did it, the history there was another. */
    if (flag == '+' || flag == '-') {
        buf_text(why, "the branch was replaced");
        return REMOTE_DIVERGED;
    }
    if (ok && (flag == ' ' || flag == '='))
        return REMOTE_HOLDS;
    if (ok && flag == '*')
        return REMOTE_CREATED;
    remote_told_why(text, why);
    return REMOTE_UNREACHABLE;
}
