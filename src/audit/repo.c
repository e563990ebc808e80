#include "audit/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <git2/sys/repository.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/loose.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#define PATH_MAX_BYTES 4096

/* For people and their git: the library is never shown this file. Nothing of a trail is ever pruned or
 * rewritten. */
static const char config[] = "[core]\n"
                             "\trepositoryformatversion = 0\n"
                             "\tfilemode = true\n"
                             "\tbare = true\n"
                             "[gc]\n"
                             "\tauto = 0\n"
                             "[receive]\n"
                             "\tdenyNonFastForwards = true\n"
                             "\tdenyDeletes = true\n"
                             "[transfer]\n"
                             "\tfsckObjects = true\n";
static const char head[] = "ref: refs/heads/main\n"; /* until a run begins */

int repo_failed(int code, enum err_code otherwise, struct err *err, const char *format, ...)
{
    const git_error *last = git_error_last();
    enum err_code ours = otherwise;
    char what[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (code == GIT_ELOCKED || code == GIT_EMODIFIED || code == GIT_EEXISTS)
        ours = ERR_BUSY;
    else if (code != GIT_ENOTFOUND && last != NULL && last->klass == GIT_ERROR_OS)
        ours = ERR_IO;
    return err_set(err, ours, "%s%s: %s", what, len >= (int)sizeof(what) ? "..." : "",
                   last != NULL ? last->message : "no reason is known");
}

static int set_up(void)
{
    static const int levels[] = { GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                                  GIT_CONFIG_LEVEL_GLOBAL };
    static const int switches[] = { GIT_OPT_ENABLE_FSYNC_GITDIR, GIT_OPT_ENABLE_STRICT_OBJECT_CREATION,
                                    GIT_OPT_ENABLE_STRICT_SYMBOLIC_REF_CREATION,
                                    GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(levels); i++)
        r = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(switches); i++)
        r = git_libgit2_opts(switches[i], 1);
    return r;
}

int repo_begin(struct err *err)
{
    int r = git_libgit2_init();
    if (r < 0)
        return repo_failed(r, ERR_ENVIRONMENT, err, "libgit2");
    r = set_up();
    if (r < 0) {
        r = repo_failed(r, ERR_ENVIRONMENT, err, "libgit2");
        git_libgit2_shutdown();
    }
    return r;
}

void repo_end(void)
{
    git_libgit2_shutdown();
}

static int join(char ret_path[PATH_MAX_BYTES], const char *path, const char *name, struct err *err)
{
    int len = snprintf(ret_path, PATH_MAX_BYTES, "%s/%s", path, name);
    return len < PATH_MAX_BYTES ? 0 : err_set(err, ERR_LIMIT, "%s is too long for a path", path);
}

/* ---- making ---- */

static int sync_directory(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = 0;
    if (fd < 0 || fsync(fd) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot sync directory %s", path);
    if (fd >= 0)
        close(fd);
    return r;
}

/* Makes a directory in the repository, durably, unless it is there. */
static int make_directory(const char *path, const char *parent, const char *name, struct err *err)
{
    char directory[PATH_MAX_BYTES], above[PATH_MAX_BYTES];
    int r = join(above, path, parent, err);
    if (r == 0)
        r = join(directory, above, name, err);
    if (r < 0)
        return r;
    if (mkdir(directory, 0700) == 0)
        return sync_directory(above, err);
    return errno == EEXIST ? 0 : err_set_errno(err, ERR_IO, errno, "cannot make directory %s", directory);
}

int repo_complete(const char *path, struct err *err)
{
    static const struct {
        const char *parent, *name;
    } wanted[] = { { ".", "refs" }, { "refs", "heads" }, { "refs/heads", "runs" }, { ".", REPO_RUNS } };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(wanted); i++)
        r = make_directory(path, wanted[i].parent, wanted[i].name, err);
    return r;
}

/* All directories for objects are there from the beginning, so that none of them has to be made, and made
 * durable, while a step waits. */
static int make_object_directories(const char *path, struct err *err)
{
    char name[PATH_MAX_BYTES];
    int r = 0;
    for (unsigned i = 0; r == 0 && i < 256; i++) {
        char directory[16];
        (void)snprintf(directory, sizeof(directory), "objects/%02x", i); /* always fits */
        r = join(name, path, directory, err);
        if (r == 0 && mkdir(name, 0700) < 0)
            r = err_set_errno(err, ERR_IO, errno, "cannot make directory %s", name);
    }
    if (r == 0)
        r = join(name, path, "objects", err);
    return r < 0 ? r : sync_directory(name, err);
}

static int write_in(const char *path, const char *name, const char *text, struct err *err)
{
    char full[PATH_MAX_BYTES];
    int r = join(full, path, name, err);
    return r < 0 ? r : file_write(full, text, strlen(text), 0600, err);
}

static int fill(const char *path, struct err *err)
{
    git_repository *repo = NULL;
    git_repository_init_options options;
    git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT;
    int r = git_repository_init_ext(&repo, path, &options);
    git_repository_free(repo);
    if (r < 0)
        return repo_failed(r, ERR_IO, err, "cannot make a repository");
    r = write_in(path, "config", config, err);
    if (r == 0)
        r = write_in(path, "HEAD", head, err);
    if (r == 0)
        r = make_object_directories(path, err);
    return r < 0 ? r : repo_complete(path, err);
}

/* The directory that `path` stands in, made if need be; yours. */
static int make_parent(const char *path, char **ret, struct err *err)
{
    char *parent = mem_text(path);
    char *slash = strrchr(parent, '/');
    int r = 0;
    if (slash == NULL) {
        free(parent);
        parent = mem_text(".");
    } else {
        slash[slash == parent ? 1 : 0] = '\0';
        if (access(parent, F_OK) < 0)
            r = dir_make(parent, 0700, err);
    }
    *ret = parent;
    return r;
}

/* It is made under another name and then renamed, so that nobody ever finds a half of it. When another
 * process was faster, that one's is as good. */
static int make_in(const char *parent, const char *path, struct err *err)
{
    char temporary[PATH_MAX_BYTES];
    int len = snprintf(temporary, sizeof(temporary), "%s.new-XXXXXX", path);
    if (len >= (int)sizeof(temporary))
        return err_set(err, ERR_LIMIT, "%s is too long for a path", path);
    if (mkdtemp(temporary) == NULL)
        return err_set_errno(err, ERR_IO, errno, "cannot make %s", temporary);
    int r = fill(temporary, err);
    bool renamed = r == 0 && rename(temporary, path) == 0;
    if (r == 0 && !renamed && errno != EEXIST && errno != ENOTEMPTY)
        r = err_set_errno(err, ERR_IO, errno, "cannot rename %s to %s", temporary, path);
    if (!renamed && dir_remove(temporary, NULL) < 0 && r == 0)
        r = err_set(err, ERR_IO, "cannot remove %s", temporary);
    return r < 0 ? r : sync_directory(parent, err);
}

int repo_make(const char *path, struct err *err)
{
    struct stat st;
    char *parent = NULL;
    if (lstat(path, &st) == 0)
        return 0;
    if (errno != ENOENT)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", path);
    int r = make_parent(path, &parent, err);
    if (r == 0)
        r = make_in(parent, path, err);
    free(parent);
    return r;
}

/* ---- checking and opening ---- */

/* Directories of ours that lead to what we write: a symbolic link there would lead elsewhere. */
static const char *const own[] = { "objects", "refs", "refs/heads", "refs/heads/runs", REPO_RUNS };

/* Files by which git shows something else than what is stored. The trail has no use for any of them. */
static const char *const refused[] = { "commondir", "shallow", "info/grafts", "objects/info/alternates",
                                       "objects/info/http-alternates" };

static int check_directory(const char *path, struct err *err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return err_set_errno(err, ERR_ENVIRONMENT, errno, "cannot look at %s", path);
    if (S_ISLNK(st.st_mode))
        return err_set(err, ERR_ENVIRONMENT, "%s is a symbolic link: expected the directory itself", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_ENVIRONMENT, "%s is no directory: expected a repository", path);
    if (st.st_uid != geteuid())
        return err_set(err, ERR_ENVIRONMENT, "%s belongs to another user (uid %u)", path,
                       (unsigned)st.st_uid);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, ERR_ENVIRONMENT, "%s can be written by others: run \"chmod go-w\" on it", path);
    return 0;
}

int repo_check(const char *path, struct err *err)
{
    char name[PATH_MAX_BYTES];
    struct stat st;
    int r = check_directory(path, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(own); i++) {
        r = join(name, path, own[i], err);
        if (r == 0 && lstat(name, &st) == 0)
            r = check_directory(name, err);
    }
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(refused); i++) {
        r = join(name, path, refused[i], err);
        if (r == 0 && lstat(name, &st) == 0)
            r = err_set(err, ERR_ENVIRONMENT,
                        "%s makes git show another history than the one that is stored: look why it is "
                        "there, and remove it",
                        name);
    }
    return r;
}

int repo_open(const char *path, git_repository **ret, struct err *err)
{
    git_config *empty = NULL;
    git_repository *repo = NULL;
    if (access(path, F_OK) < 0)
        return err_set_errno(err, ERR_NOT_FOUND, errno, "cannot open %s", path);
    int r = packs_check(path, err);
    if (r < 0)
        return r;
    r = git_repository_open_bare(&repo, path);
    if (r < 0)
        return repo_failed(GIT_ENOTFOUND, ERR_ENVIRONMENT, err, "%s is no git repository", path);
    r = git_config_new(&empty);
    if (r == 0)
        r = git_repository_set_config(repo, empty);
    git_config_free(empty);
    if (r < 0) {
        git_repository_free(repo);
        return repo_failed(r, ERR_ENVIRONMENT, err, "%s", path);
    }
    r = loose_take_over(repo, path, err);
    if (r < 0) {
        git_repository_free(repo);
        return r;
    }
    *ret = repo;
    return 0;
}
