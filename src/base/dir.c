#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define REMOVE_DEPTH_MAX 64 /* each level holds a descriptor open */

/* A copy of `path` without slashes at its end, which would follow a symbolic link; yours. */
static char *without_end_slashes(const char *path)
{
    char *copy = mem_text(path);
    for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
        copy[len - 1] = '\0';
    return copy;
}

static int make_parents(char *path, mode_t mode, struct err *err)
{
    for (char *slash = strchr(path + strspn(path, "/"), '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = 0;
        if (mkdir(path, mode) < 0 && errno != EEXIST)
            r = err_set_errno(err, ERR_IO, errno, "cannot make directory %s", path);
        *slash = '/';
        if (r < 0)
            return r;
    }
    return 0;
}

/* The rules for a directory that was there already: somebody else who can write in it can put names of his
 * own in place of ours. */
static int check_existing(const char *path, struct err *err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at directory %s", path);
    if (S_ISLNK(st.st_mode))
        return err_set(err, ERR_IO, "%s is a symbolic link: expected a directory", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_IO, "%s exists and is not a directory", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return err_set(err, ERR_IO, "directory %s belongs to another user (uid %ju): expected it to be yours",
                       path, (uintmax_t)st.st_uid);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, ERR_IO,
                       "directory %s can be written by others (mode %03o): run \"chmod go-w\" on it", path,
                       (unsigned)st.st_mode & 0777u);
    return 0;
}

int dir_make(const char *path, mode_t mode, struct err *err)
{
    char *copy = without_end_slashes(path);
    int r = make_parents(copy, mode, err);
    if (r == 0 && mkdir(copy, mode) < 0)
        r = errno == EEXIST ? check_existing(copy, err)
                            : err_set_errno(err, ERR_IO, errno, "cannot make directory %s", copy);
    free(copy);
    return r;
}

static int remove_tree(int parent_fd, const char *name, int depth, struct err *err);

static int remove_entry(int fd, const char *name, int depth, struct err *err)
{
    struct stat st;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", name);
    if (S_ISDIR(st.st_mode))
        return remove_tree(fd, name, depth + 1, err);
    if (unlinkat(fd, name, 0) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot remove %s", name);
    return 0;
}

static int remove_entries(DIR *dir, int depth, struct err *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL)
            return errno == 0 ? 0 : err_set_errno(err, ERR_IO, errno, "cannot list it");
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int r = remove_entry(dirfd(dir), entry->d_name, depth, err);
        if (r < 0)
            return r;
    }
}

/* Removes the directory `name` in `parent_fd`. O_NOFOLLOW: when somebody exchanges it for a symbolic link on
 * the way, opening fails and nothing outside is touched. */
static int remove_tree(int parent_fd, const char *name, int depth, struct err *err)
{
    if (depth > REMOVE_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "%s is over the maximum depth of %d directories", name,
                       REMOVE_DEPTH_MAX);
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open directory %s",
                             name);
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int r = err_set_errno(err, ERR_IO, errno, "cannot list directory %s", name);
        close(fd);
        return r;
    }
    int r = remove_entries(dir, depth, err);
    closedir(dir);
    if (r < 0)
        return err_prefix(err, "%s", name);
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot remove directory %s", name);
    return 0;
}

int dir_remove(const char *path, struct err *err)
{
    char *copy = without_end_slashes(path);
    int r = remove_tree(AT_FDCWD, copy, 1, err);
    free(copy);
    return r;
}
