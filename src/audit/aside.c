#include "audit/handle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/repo.h"
#include "base/file.h"

#define ASIDE_MAX      1000
#define ASIDE_PATH_MAX 8192
#define OBJECT_NAME    38 /* of the file, in a directory of two digits */

/* `path` with a name in it; to be freed. */
static int path_in(const struct audit *audit, char **ret, struct err *err, const char *format, ...)
    PRINTF_LIKE(4, 5);

static int path_in(const struct audit *audit, char **ret, struct err *err, const char *format, ...)
{
    struct buf path;
    va_list args;
    buf_init(&path, ASIDE_PATH_MAX);
    buf_format(&path, "%s/", audit->path);
    va_start(args, format);
    buf_formatv(&path, format, args);
    va_end(args);
    int r = buf_ok(&path, "a path in the repository", err);
    if (r == 0)
        *ret = mem_text(buf_str(&path));
    buf_finish(&path);
    return r;
}

int aside_name(const struct audit *audit, const char *what, char **ret_path, struct err *err)
{
    for (int n = 1; n <= ASIDE_MAX; n++) {
        int r = path_in(audit, ret_path, err, REPO_RUNS "/%s.%s.%d", audit->run, what, n);
        if (r < 0)
            return r;
        if (faccessat(AT_FDCWD, *ret_path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
            return 0;
        free(*ret_path);
    }
    return err_set(err, ERR_LIMIT, "%s has %d files of run %s that were moved aside", audit->path, ASIDE_MAX,
                   audit->run);
}

/* ---- objects ---- */

/* Reads through all that the object is made of. What cannot be read is damaged, unless it was the system that
 * refused. */
static int judge(git_odb *odb, const char *hex, bool *ret_damaged, struct err *err)
{
    git_oid id;
    git_odb_object *object = NULL;
    int r = git_oid_fromstr(&id, hex);
    if (r == 0)
        r = git_odb_read(&object, odb, &id);
    git_odb_object_free(object);
    *ret_damaged = r < 0;
    if (r < 0)
        r = repo_failed(r, ERR_CORRUPT, err, "cannot read object %s", hex);
    return r == ERR_CORRUPT ? 0 : r;
}

static int move_object(const struct audit *audit, const char *prefix, const char *name, struct err *err)
{
    char *from = NULL, *to = NULL;
    int r = path_in(audit, &from, err, "objects/%s/%s", prefix, name);
    if (r == 0)
        r = path_in(audit, &to, err, REPO_RUNS "/%s%s.object", prefix, name);
    if (r == 0 && rename(from, to) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot move %s aside", from);
    free(from);
    free(to);
    return r;
}

static int move_objects_of(const struct audit *audit, git_odb *odb, const char *prefix, size_t *count,
                           struct err *err)
{
    char *path = NULL;
    int r = path_in(audit, &path, err, "objects/%s", prefix);
    DIR *dir = r == 0 ? opendir(path) : NULL;
    if (r == 0 && dir == NULL)
        r = err_set_errno(err, ERR_IO, errno, "cannot list %s", path);
    const struct dirent *entry;
    while (r == 0 && (entry = readdir(dir)) != NULL) {
        char hex[64];
        if (strlen(entry->d_name) != OBJECT_NAME)
            continue;
        (void)snprintf(hex, sizeof(hex), "%s%.38s", prefix, entry->d_name); /* always fits */
        bool damaged = false;
        r = judge(odb, hex, &damaged, err);
        if (r == 0 && damaged)
            r = move_object(audit, prefix, entry->d_name, err);
        *count += damaged;
    }
    if (dir != NULL)
        closedir(dir);
    free(path);
    return r;
}

static int move_objects(const struct audit *audit, size_t *ret_count, struct err *err)
{
    git_odb *odb = NULL;
    *ret_count = 0;
    int r = git_repository_odb(&odb, audit->repo);
    if (r < 0)
        return repo_failed(r, ERR_IO, err, "cannot open the objects of %s", audit->path);
    for (unsigned i = 0; r == 0 && i < 256; i++) {
        char prefix[8];
        (void)snprintf(prefix, sizeof(prefix), "%02x", i); /* always fits */
        r = move_objects_of(audit, odb, prefix, ret_count, err);
    }
    if (r == 0 && *ret_count > 0)
        r = git_odb_refresh(odb) < 0 ? repo_failed(-1, ERR_IO, err, "cannot read the objects anew") : 0;
    git_odb_free(odb);
    return r;
}

/* ---- the ref ---- */

/* The ref may also, or only, stand among the packed ones: what it says is kept in a file too. */
static int keep_packed(const struct audit *audit, const char *path, struct err *err)
{
    git_oid tip;
    if (git_reference_name_to_id(&tip, audit->repo, audit->branch) < 0)
        return 0; /* not there, or nothing that could be kept */
    char text[GIT_OID_HEXSZ + 2];
    (void)git_oid_tostr(text, GIT_OID_HEXSZ + 1, &tip); /* its own buffer */
    text[GIT_OID_HEXSZ] = '\n';
    int r = file_write(path, text, GIT_OID_HEXSZ + 1, 0600, err);
    if (r == 0 && git_reference_remove(audit->repo, audit->branch) < 0)
        r = repo_failed(-1, ERR_IO, err, "cannot remove %s", audit->branch);
    return r;
}

static int move_ref(struct audit *audit, struct err *err)
{
    char *from = NULL, *to = NULL;
    int r = path_in(audit, &from, err, "%s", audit->branch);
    if (r == 0)
        r = aside_name(audit, "ref", &to, err);
    if (r == 0 && rename(from, to) < 0 && errno != ENOENT)
        r = err_set_errno(err, ERR_IO, errno, "cannot move %s aside", from);
    free(to);
    to = NULL;
    if (r == 0)
        r = aside_name(audit, "ref", &to, err);
    if (r == 0)
        r = keep_packed(audit, to, err);
    free(from);
    free(to);
    return r;
}

int aside_branch(struct audit *audit, const char *why, struct err *err)
{
    size_t objects = 0;
    audit_add_remark(audit, "%s", why); /* before `err`, where it may stand, is used again */
    int r = move_ref(audit, err);
    if (r == 0)
        r = move_objects(audit, &objects, err);
    if (r == 0)
        audit_add_remark(audit,
                         "branch runs/%s was moved aside to " REPO_RUNS " in %s, with %zu damaged objects",
                         audit->run, audit->path, objects);
    return r;
}
