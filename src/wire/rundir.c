#include "wire/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "frozen.h"

#define RUNS_MAX        10000
#define SAME_SECOND_MAX 100
/* What follows the book's id in a run's: "-20261120-230638-100". */
#define STAMP_MAX 20

int state_home(struct arena *arena, const char **ret_path, struct err *err)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    /* The XDG base directory specification: a relative path is to be ignored. */
    if (state && state[0] == '/')
        *ret_path = arena_format(arena, "%s/tminus", state);
    else if (home && home[0] == '/')
        *ret_path = arena_format(arena, "%s/.local/state/tminus", home);
    else
        return err_set(err, ERR_ENVIRONMENT,
                       "neither XDG_STATE_HOME nor HOME is an absolute path: set one, runs are kept there");
    return 0;
}

static int runs_home(struct arena *arena, const char **ret_path, struct err *err)
{
    int r = state_home(arena, ret_path, err);

    if (r == 0)
        *ret_path = arena_format(arena, "%s/runs", *ret_path);
    return r;
}

/* Makes the first free directory of `<stem>`, `<stem>-2`, ... */
static int claim_name(struct arena *arena, const char *home, const char *stem, struct frozen *frozen,
                      struct err *err)
{
    for (int i = 1; i <= SAME_SECOND_MAX; i++) {
        frozen->run = i == 1 ? stem : arena_format(arena, "%s-%d", stem, i);
        frozen->dir = rundir_path(arena, home, frozen->run);
        if (mkdir(frozen->dir, 0700) == 0)
            return 0;
        if (errno != EEXIST)
            return err_set_errno(err, ERR_IO, errno, "cannot make %s", frozen->dir);
    }
    return err_set(err, ERR_BUSY, "%d runs were begun in this second: try again", SAME_SECOND_MAX);
}

int rundir_create(struct arena *arena, const char *book_id, struct instant now, struct frozen *frozen,
                  struct err *err)
{
    time_t seconds = (time_t)(now.wall_us / SECOND_US);
    const char *home;
    char stamp[32];
    struct tm tm;
    int r = runs_home(arena, &home, err);

    if (r == 0)
        r = dir_make(home, 0700, err);
    if (r < 0)
        return r;
    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
    /* A run's id is an id, also behind the longest id of a book: the end of the latter goes. */
    r = claim_name(arena, home, arena_format(arena, "%.*s-%s", RUN_ID_MAX - STAMP_MAX, book_id, stamp),
                   frozen, err);
    return r < 0 ? r : frozen_write(arena, frozen, err);
}

int rundir_lock(const char *dir, int *ret_fd, struct err *err)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char path[4096];
    int fd, len;

    len = snprintf(path, sizeof(path), "%s/lock", dir);
    if (len < 0 || (size_t)len >= sizeof(path))
        return err_set(err, ERR_LIMIT, "the path of %s is too long", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot open %s", path);
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        int r = errno == EAGAIN || errno == EACCES
                    ? err_set(err, ERR_BUSY, "a runner is at work on %s: attach to it", dir)
                    : err_set_errno(err, ERR_IO, errno, "cannot lock %s", path);
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

/* Whether a runner holds the lock. Only asks: taking it for a moment could refuse a runner that starts. */
static bool is_live(const char *dir)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char path[4096];
    bool live;
    int fd, len;

    len = snprintf(path, sizeof(path), "%s/lock", dir);
    if (len < 0 || (size_t)len >= sizeof(path))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    live = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return live;
}

/* The date and time at the end of an id, for sorting. */
static const char *stamp_of(const char *run)
{
    const char *at = run;

    for (const char *p = run; *p; p++) {
        if (*p == '-' && strspn(p + 1, "0123456789") == 8 && p[9] == '-' && strspn(p + 10, "0123456789") == 6)
            at = p + 1;
    }
    return at;
}

static int newest_first(const void *a, const void *b)
{
    const struct rundir_entry *left = a, *right = b;
    /* By number behind the time: the tenth run of a second is not older than the second. */
    int r = strverscmp(stamp_of(right->run), stamp_of(left->run));

    return r != 0 ? r : strcmp(left->run, right->run);
}

/* A directory of ours, with what was frozen in it. What it says is executed, so a symbolic link and a
 * directory that somebody else can write in are no runs. */
static bool is_run(struct arena *arena, const char *dir)
{
    struct stat st;

    if (lstat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) ||
        (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return false;
    return lstat(rundir_path(arena, dir, "run.json"), &st) == 0 && S_ISREG(st.st_mode);
}

int rundir_list(struct arena *arena, struct rundir_entry **ret, size_t *ret_count, struct err *err)
{
    const char *home;
    struct dirent *entry;
    DIR *directory;
    int r = runs_home(arena, &home, err);

    if (r < 0)
        return r;
    *ret = NULL;
    *ret_count = 0;
    directory = opendir(home);
    if (!directory)
        return errno == ENOENT ? 0 : err_set_errno(err, ERR_IO, errno, "cannot read %s", home);
    *ret = arena_array(arena, RUNS_MAX, sizeof(**ret));
    while (*ret_count < RUNS_MAX && (entry = readdir(directory))) {
        const char *dir = rundir_path(arena, home, entry->d_name);

        if (!text_is_id(entry->d_name) || !is_run(arena, dir))
            continue;
        (*ret)[(*ret_count)++] = (struct rundir_entry){ arena_text(arena, entry->d_name), dir, is_live(dir) };
    }
    closedir(directory);
    qsort(*ret, *ret_count, sizeof(**ret), newest_first);
    return 0;
}

#define NAMED_MAX 5

/* Which could be meant, the newest first, as far as they are few. */
static int ambiguous(const struct rundir_entry *entries, size_t count, size_t hits, struct err *err)
{
    struct buf names;
    size_t named = 0;
    int r;

    buf_init(&names, NAMED_MAX * (RUN_ID_MAX + 2));
    for (size_t i = 0; i < count && named < NAMED_MAX; i++) {
        if (entries[i].live)
            buf_format(&names, "%s%s", named++ > 0 ? ", " : "", entries[i].run);
    }
    r = err_set(err, ERR_NOT_FOUND, "%zu runs are open: say which of %s%s", hits, buf_str(&names),
                hits > named ? " or older ones (`tminus runs` lists them)" : "");
    buf_finish(&names);
    return r;
}

static int not_found(const char *name, bool live_only, size_t count, size_t hits, struct err *err)
{
    if (hits > 1)
        return err_set(err, ERR_NOT_FOUND,
                       "%zu runs begin with \"%s\": say more of it (`tminus runs` lists them)", hits, name);
    if (name)
        return err_set(err, ERR_NOT_FOUND, "no %srun is called \"%s\" (`tminus runs` lists them)",
                       live_only ? "live " : "", name);
    if (count > 0)
        return err_set(err, ERR_NOT_FOUND,
                       "no run has a runner (`tminus runs` lists all; `tminus run --resume RUN` takes up one "
                       "that is not over)");
    return err_set(err, ERR_NOT_FOUND, "no run is open (`tminus runs` lists all)");
}

int rundir_find(struct arena *arena, const char *name, bool live_only, struct rundir_entry *ret,
                struct err *err)
{
    struct rundir_entry *entries;
    size_t count, hits = 0;
    int r = rundir_list(arena, &entries, &count, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        const struct rundir_entry *entry = &entries[i];
        bool fits = entry->live || (name && !live_only);

        /* A whole id never means another run that only begins like it. */
        if (text_equal(entry->run, name)) {
            *ret = *entry;
            return fits ? 0 : not_found(name, live_only, count, 0, err);
        }
        /* Nothing, as an unset variable of a script gives, is the beginning of no run. */
        if (!fits || (name && (!name[0] || !text_starts(entry->run, name))))
            continue;
        if (hits++ == 0)
            *ret = *entry;
    }
    if (hits == 1)
        return 0;
    return hits > 1 && !name ? ambiguous(entries, count, hits, err)
                             : not_found(name, live_only, count, hits, err);
}
