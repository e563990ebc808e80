#include "audit/judge.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

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

/* What a repository of ours, a clone of it and a person's own name in it need; a star at the end stands for
 * anything, one in the middle for a part between dots that may have dots in it. Whatever else is set can
 * change what git shows, or make it run a program. */
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

static void judge_entry(struct judge *judge, const git_config_entry *entry)
{
    bool runs = text_starts(entry->name, "remote.") && strstr(entry->value, "::") != NULL;
    for (size_t i = 0; i < ARRAY_LEN(harmless) && !runs; i++) {
        if (is_like(entry->name, harmless[i]))
            return;
    }
    judge_found(judge, "config", 0,
                "%s is set (\"%s\"), which nothing of a trail needs: it can change what git shows of it, or "
                "run a program when somebody looks",
                entry->name, entry->value);
}

static void judge_config(struct judge *judge, const char *path)
{
    git_config *config = NULL;
    git_config_iterator *iterator = NULL;
    git_config_entry *entry = NULL;
    int r = git_config_open_ondisk(&config, path);
    if (r == 0)
        r = git_config_iterator_new(&iterator, config);
    while (r == 0 && (r = git_config_next(&entry, iterator)) == 0)
        judge_entry(judge, entry);
    if (r != 0 && r != GIT_ITEROVER && r != GIT_ENOTFOUND)
        judge_found(judge, "config", 0, "cannot be read: %s", git_error_last()->message);
    git_config_iterator_free(iterator);
    git_config_free(config);
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
