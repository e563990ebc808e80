#include "audit/judge.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define CONFIG_MAX (64 * 1024)

static const struct {
    const char *path, *why;
} planted[] = {
    { "commondir", "the objects and branches that git shows are those of another repository" },
    { "shallow", "git takes the history to begin later than it does" },
    { "info/grafts", "git shows other parents than the commits have" },
    { "objects/info/alternates", "git takes objects from elsewhere too" },
    { "objects/info/http-alternates", "git takes objects from elsewhere too" },
    { "info/attributes", "git shows files through programs or as other than they are" },
    { "config.worktree", "git obeys it as it does the configuration" },
};

/* What a repository of ours, a clone of it and a person's own name in it need; a star stands for the name of
 * a remote or a branch. Whatever else is set can change what git shows, or make it run a program. */
static const char *const harmless[] = {
    "core.repositoryformatversion",
    "core.filemode",
    "core.bare",
    "core.logallrefupdates",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.symlinks",
    "core.sharedrepository",
    "gc.auto",
    "receive.denynonfastforwards",
    "receive.denydeletes",
    "receive.fsckobjects",
    "fetch.fsckobjects",
    "transfer.fsckobjects",
    "user.name",
    "user.email",
    "remote.*.url",
    "remote.*.pushurl",
    "remote.*.fetch",
    "remote.*.push",
    "remote.*.mirror",
    "remote.*.tagopt",
    "branch.*.remote",
    "branch.*.merge",
    "branch.*.rebase",
};

static bool is_like(const char *name, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return text_equal(name, pattern);
    size_t before = (size_t)(star - pattern), after = strlen(star + 1), len = strlen(name);
    return len > before + after && memcmp(name, pattern, before) == 0 &&
           text_equal(name + len - after, star + 1);
}

static void judge_setting(struct judge *judge, const char *name, const char *value)
{
    bool runs = text_starts(name, "remote.") && strstr(value, "::") != NULL;
    for (size_t i = 0; i < ARRAY_LEN(harmless) && !runs; i++) {
        if (is_like(name, harmless[i]))
            return;
    }
    judge_found(judge, "config", 0,
                "%s is set (\"%s\"), which nothing of a trail needs: it can change what git shows of it, or "
                "run a program when somebody looks",
                name, value);
}

static const char *lower(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_text_len(arena, text, len);
    for (char *c = copy; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    return copy;
}

/* "[remote "origin"]": "remote.origin". What follows it on the line goes to `ret_rest`; NULL when it is none.
 */
static const char *section_of(struct arena *arena, const char *line, const char **ret_rest)
{
    size_t len = strspn(line + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.");
    const char *at = line + 1 + len;
    const char *name = lower(arena, line + 1, len);
    if (strncmp(at, " \"", 2) == 0) {
        size_t sub = strcspn(at + 2, "\"\\");
        name = arena_format(arena, "%s.%.*s", name, (int)sub, at + 2);
        at += 2 + sub;
        if (*at++ != '"')
            return NULL;
    }
    *ret_rest = at + 1;
    return *at == ']' && len > 0 ? name : NULL;
}

/* git reads more than this; what is not plain is told, and nothing that it names is opened. */
static bool judge_config_line(struct judge *judge, const char *line, const char **section)
{
    line += strspn(line, " \t\r");
    if (*line == '[') {
        *section = section_of(judge->arena, line, &line);
        if (*section == NULL)
            return false;
        line += strspn(line, " \t\r");
    }
    if (*line == '\0' || *line == '#' || *line == ';')
        return true;
    size_t len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
    const char *value = line + len + strspn(line + len, " \t");
    if (len == 0 || *section == NULL || (*value != '=' && *value != '\0') || line[strlen(line) - 1] == '\\')
        return false;
    value += *value == '=';
    judge_setting(judge, arena_format(judge->arena, "%s.%s", *section, lower(judge->arena, line, len)),
                  value + strspn(value, " \t"));
    return true;
}

static void judge_config(struct judge *judge, const char *path)
{
    struct buf text;
    struct err err = ERR_INIT;
    const char *section = NULL;
    unsigned number = 1;
    buf_init(&text, CONFIG_MAX);
    int r = file_read(path, &text, &err);
    if (r < 0 && r != ERR_NOT_FOUND)
        judge_found(judge, "config", 0, "cannot be read: %s", err.message);
    if (r == 0 && strlen(buf_str(&text)) != text.len)
        judge_found(judge, "config", 0, "is no text");
    for (char *rest = arena_text(judge->arena, buf_str(&text)), *line; (line = strsep(&rest, "\n")) != NULL;
         number++) {
        if (!judge_config_line(judge, line, &section))
            judge_found(judge, "config", 0, "line %u is \"%s\": what git makes of that is not judged", number,
                        line);
    }
    buf_finish(&text);
}

static void judge_hooks(struct judge *judge, const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct stat st;
        size_t len = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || (len > 7 && text_equal(entry->d_name + len - 7, ".sample")))
            continue;
        const char *file = arena_format(judge->arena, "%s/%s", path, entry->d_name);
        if (stat(file, &st) == 0 && (st.st_mode & 0111) != 0)
            judge_found(judge, arena_format(judge->arena, "hooks/%s", entry->d_name), 0,
                        "is a program that git would run: a trail has none");
    }
    if (dir != NULL)
        closedir(dir);
}

static void judge_replacements(struct judge *judge)
{
    git_reference_iterator *iterator = NULL;
    const char *name = NULL;
    int r = git_reference_iterator_glob_new(&iterator, judge->repo, "refs/replace/*");
    while (r == 0 && (r = git_reference_next_name(&name, iterator)) == 0)
        judge_found(judge, name, 0,
                    "git shows another object in the place of the one that is stored (what was verified is "
                    "what is stored)");
    if (r != GIT_ITEROVER)
        judge_found(judge, "refs", 0, "the refs cannot be listed: %s", git_error_last()->message);
    git_reference_iterator_free(iterator);
}

void judge_repository(struct judge *judge, const char *git_directory)
{
    for (size_t i = 0; i < ARRAY_LEN(planted); i++) {
        struct stat st;
        if (lstat(arena_format(judge->arena, "%s/%s", git_directory, planted[i].path), &st) == 0)
            judge_found(judge, planted[i].path, 0, "is there: %s (what was verified is what is stored)",
                        planted[i].why);
    }
    judge_config(judge, arena_format(judge->arena, "%s/config", git_directory));
    judge_hooks(judge, arena_format(judge->arena, "%s/hooks", git_directory));
    judge_replacements(judge);
}
