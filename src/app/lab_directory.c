#include "lab_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define LOCK_PATIENCE_US (2 * SECOND_US)
#define KIND_NAME_MAX    64

const struct lab_kind *const lab_kinds[] = { &lab_pair, &lab_upgrade, &lab_mariadb, NULL };

static const struct lab_kind *find_kind(const char *name)
{
    for (size_t i = 0; lab_kinds[i] != NULL; i++) {
        if (text_equal(lab_kinds[i]->name, name))
            return lab_kinds[i];
    }
    return NULL;
}

/* The path of a socket has to fit into its address, and the path stands in a DSN, where these would mean
 * more. */
static int check_path(const char *path, struct err *err)
{
    size_t len = strlen(path);
    if (len > LAB_DIR_MAX)
        return err_set(err, ERR_USAGE, "%s is %zu bytes long, at most %d leave room for a socket's name",
                       path, len, LAB_DIR_MAX);
    if (!text_valid_utf8(path, len))
        return err_set(err, ERR_USAGE, "%s is not UTF-8", path);
    for (const char *at = path; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || strchr("\"'\\,\x7f", *at) != NULL)
            return err_set(err, ERR_USAGE,
                           "%s: a lab's path has no quote, backslash, comma or control character", path);
    }
    return 0;
}

static int set_absolute(struct lab *lab, const char *path, struct err *err)
{
    if (path[0] == '/') {
        lab->dir = path;
        return check_path(lab->dir, err);
    }
    char *here = getcwd(NULL, 0);
    if (here == NULL)
        return err_set_errno(err, ERR_IO, errno, "cannot tell the current directory");
    lab->dir = arena_format(lab->arena, "%s/%s", here, path);
    free(here);
    return check_path(lab->dir, err);
}

/* What stands between /tmp and the labs of one user, so that nobody else can take the name. */
static const char *default_parent(const struct lab *lab)
{
    return arena_format(lab->arena, "/tmp/tminus-lab-%u", (unsigned)geteuid());
}

static const char *default_path(const struct lab *lab, const struct lab_kind *kind)
{
    return arena_format(lab->arena, "%s/%s", default_parent(lab), kind->name);
}

/* Nobody said which lab: it is the one that there is. */
static int choose_kind(struct lab *lab, struct err *err)
{
    size_t found = 0;
    lab->kind = lab_kinds[0];
    for (size_t i = 0; lab->options->dir == NULL && lab_kinds[i] != NULL; i++) {
        struct stat st;
        if (lstat(default_path(lab, lab_kinds[i]), &st) < 0)
            continue;
        lab->kind = lab_kinds[i];
        found++;
    }
    if (found > 1)
        return err_set(err, ERR_USAGE,
                       "there are labs of several kinds: say which, as in \"tminus lab down %s\"",
                       lab->kind->name);
    return 0;
}

static int set_kind(struct lab *lab, struct err *err)
{
    if (lab->options->kind == NULL)
        return choose_kind(lab, err);
    lab->kind = find_kind(lab->options->kind);
    if (lab->kind != NULL)
        return 0;
    return err_set(err, ERR_USAGE, "there is no kind of lab \"%s\"; there are \"%s\", \"%s\" and \"%s\"",
                   lab->options->kind, lab_pair.name, lab_upgrade.name, lab_mariadb.name);
}

int lab_init(struct lab *lab, const struct lab_options *options, struct err *err)
{
    *lab = (struct lab){ .arena = arena_create(), .options = options, .lock = -1 };
    int r = set_kind(lab, err);
    if (r < 0)
        return r;
    return set_absolute(lab, options->dir != NULL ? options->dir : default_path(lab, lab->kind), err);
}

void lab_finish(struct lab *lab)
{
    if (lab->lock >= 0)
        close(lab->lock);
    arena_destroy(lab->arena);
    *lab = (struct lab){ .lock = -1 };
}

const char *lab_path(const struct lab *lab, const char *name)
{
    return arena_format(lab->arena, "%s/%s", lab->dir, name);
}

bool lab_has(const struct lab *lab, const char *name)
{
    struct stat st;
    return lstat(lab_path(lab, name), &st) == 0 && S_ISREG(st.st_mode);
}

/* Once it exists: its one path, and which directory it is whatever its path. */
static int identify(struct lab *lab, struct err *err)
{
    struct stat st;
    char *real = realpath(lab->dir, NULL);
    if (real == NULL)
        return err_set_errno(err, ERR_IO, errno, "cannot find %s", lab->dir);
    lab->dir = arena_text(lab->arena, real);
    free(real);
    if (lstat(lab->dir, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", lab->dir);
    lab->identity = arena_format(lab->arena, "%jx:%jx", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return check_path(lab->dir, err);
}

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return false;
    size_t count = 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count <= 2; /* "." and ".." */
}

static int not_a_lab(const struct lab *lab, struct err *err)
{
    return err_set(err, ERR_REFUSED, "%s is no lab (it has no %s) and is left alone", lab->dir, LAB_MARKER);
}

/* Children hold the lock from fork to exec, so whoever has it sees all processes by the program that they
 * run. */
static int take_lock(const struct lab *lab, struct err *err)
{
    int64_t deadline_us = clock_now().boot_us + LOCK_PATIENCE_US;
    while (flock(lab->lock, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_set_errno(err, ERR_IO, errno, "cannot lock %s", lab->dir);
        if (lab_nap(deadline_us, err) < 0)
            return err_set(err, ERR_BUSY, "another \"lab up\" or \"lab down\" is at work in %s", lab->dir);
    }
    struct stat st;
    if (fstat(lab->lock, &st) < 0 || st.st_nlink == 0)
        return err_set(err, ERR_BUSY, "%s was removed meanwhile", lab->dir);
    return 0;
}

/* The marker says the kind. One without a word is that of a lab whose making ended before anything was in it;
 * any kind will do for that. */
static int recognize(struct lab *lab, struct err *err)
{
    struct buf text;
    buf_init(&text, KIND_NAME_MAX);
    int r = file_read(lab_path(lab, LAB_MARKER), &text, err);
    const char *name = arena_text_len(lab->arena, buf_str(&text), strcspn(buf_str(&text), "\n"));
    buf_finish(&text);
    if (r < 0 || name[0] == '\0')
        return r;
    lab->kind = find_kind(name);
    if (lab->kind == NULL)
        return err_set(err, ERR_REFUSED, "the lab in %s is of a kind that is not known here", lab->dir);
    if (lab->options->kind != NULL && !text_equal(lab->options->kind, name))
        return err_set(err, ERR_REFUSED, "the lab in %s is of the kind \"%s\"", lab->dir, name);
    return 0;
}

int lab_lock(struct lab *lab, struct err *err)
{
    const char *marker = lab_path(lab, LAB_MARKER);
    lab->lock = open(marker, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (lab->lock < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot open %s", marker);
    int r = take_lock(lab, err);
    return r < 0 ? r : recognize(lab, err);
}

/* Says in the marker, which is ours, which kind it is. */
static int write_kind(const struct lab *lab, const char *marker, struct err *err)
{
    const char *line = arena_format(lab->arena, "%s\n", lab->kind->name);
    int r = fd_write_all(lab->lock, line, strlen(line), err);
    if (r < 0)
        (void)unlink(marker); /* what matters is why it could not be written */
    return r;
}

/* Of two that come at once, one makes the marker, and the other finds a lab. */
static int mark(struct lab *lab, struct err *err)
{
    const char *marker = lab_path(lab, LAB_MARKER);
    lab->lock = open(marker, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (lab->lock < 0 && errno != EEXIST)
        return err_set_errno(err, ERR_IO, errno, "cannot make %s", marker);
    if (lab->lock < 0) {
        int r = lab_lock(lab, err);
        return r < 0 ? r : 1;
    }
    int r = take_lock(lab, err);
    return r < 0 ? r : write_kind(lab, marker, err);
}

/* The servers' user has to pass through, whatever the umask; what it may not read has a mode of its own. */
static int make_passable(const struct lab *lab, const char *path, struct err *err)
{
    int r = dir_make(path, 0711, err);
    if (r == 0 && lab->drop && chmod(path, 0711) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot open %s to the servers", path);
    return r;
}

int lab_make(struct lab *lab, struct err *err)
{
    int r = lab->options->dir == NULL ? make_passable(lab, default_parent(lab), err) : 0;
    if (r == 0)
        r = make_passable(lab, lab->dir, err);
    if (r == 0)
        r = identify(lab, err);
    if (r < 0)
        return r;
    if (!lab_has(lab, LAB_MARKER) && !is_empty(lab->dir))
        return not_a_lab(lab, err);
    return mark(lab, err);
}

int lab_find(struct lab *lab, struct err *err)
{
    struct stat st;
    if (lstat(lab->dir, &st) < 0 && errno == ENOENT)
        return 1;
    int r = identify(lab, err);
    if (r < 0)
        return r;
    if (lstat(lab->dir, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", lab->dir);
    if (st.st_uid != geteuid() && geteuid() != 0)
        return err_set(err, ERR_REFUSED, "%s belongs to another user", lab->dir);
    if (lab_has(lab, LAB_MARKER))
        return recognize(lab, err);
    return is_empty(lab->dir) ? 1 : not_a_lab(lab, err);
}

static int remove_entry(const struct lab *lab, const struct dirent *entry, struct err *err)
{
    const char *path = lab_path(lab, entry->d_name);
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : err_set_errno(err, ERR_IO, errno, "cannot look at %s", path);
    if (S_ISDIR(st.st_mode))
        return dir_remove(path, err);
    if (unlink(path) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot remove %s", path);
    return 0;
}

static int remove_contents(const struct lab *lab, struct err *err)
{
    DIR *dir = opendir(lab->dir);
    if (dir == NULL)
        return err_set_errno(err, ERR_IO, errno, "cannot list %s", lab->dir);
    int r = 0;
    const struct dirent *entry;
    while (r == 0 && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, LAB_MARKER) != 0)
            r = remove_entry(lab, entry, err);
    }
    closedir(dir);
    return r;
}

void lab_remove_empty(const struct lab *lab)
{
    (void)rmdir(lab->dir); /* it stays where it is not empty, which is what is wanted */
    if (lab->options->dir == NULL)
        (void)rmdir(default_parent(lab)); /* stays while another kind is up */
}

int lab_remove(const struct lab *lab, struct err *err)
{
    int r = remove_contents(lab, err);
    if (r < 0)
        return r;
    const char *marker = lab_path(lab, LAB_MARKER);
    if (unlink(marker) < 0 && errno != ENOENT)
        return err_set_errno(err, ERR_IO, errno, "cannot remove %s", marker);
    lab_remove_empty(lab);
    return 0;
}
