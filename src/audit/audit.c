#include "audit/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/repo.h"
#include "base/text.h"

#define REMARK_MAX (16 * 1024)

/* `first` + `second`; yours. */
static char *joined(const char *first, const char *second)
{
    size_t first_len = strlen(first), second_len = strlen(second);
    char *text = mem_alloc(first_len + second_len + 1);
    memcpy(text, first, first_len);
    memcpy(text + first_len, second, second_len);
    return text;
}

static struct audit *make(const char *path, const char *run)
{
    struct audit *audit = mem_alloc(sizeof(*audit));
    audit->path = mem_text(path);
    for (size_t len = strlen(path); len > 1 && audit->path[len - 1] == '/'; len--)
        audit->path[len - 1] = '\0'; /* it would follow a symbolic link */
    audit->run = mem_text(run);
    audit->branch = joined("refs/heads/runs/", run);
    audit->lock_fd = -1;
    trail_init(&audit->trail);
    buf_init(&audit->remark, REMARK_MAX);
    return audit;
}

static int check_name(const struct audit *audit, struct err *err)
{
    int valid = 0;
    if (!text_is_id(audit->run) || git_reference_name_is_valid(&valid, audit->branch) < 0 || !valid)
        return err_set(err, ERR_INVALID, "\"%s\" cannot be the name of a run: a branch cannot be called that",
                       audit->run);
    return 0;
}

static int check_replacements(const struct audit *audit, struct err *err)
{
    git_reference_iterator *iterator = NULL;
    const char *name = NULL;
    int r = git_reference_iterator_glob_new(&iterator, audit->repo, "refs/replace/*");
    if (r == 0)
        r = git_reference_next_name(&name, iterator);
    if (r == 0)
        r = err_set(err, ERR_ENVIRONMENT,
                    "%s in %s makes git show another history than the one that is stored: look why it is "
                    "there, and remove it",
                    name, audit->path);
    else if (r != GIT_ITEROVER)
        r = repo_failed(r, ERR_CORRUPT, err, "cannot list the refs of %s", audit->path);
    else
        r = 0;
    git_reference_iterator_free(iterator);
    return r;
}

static int lock(struct audit *audit, struct err *err)
{
    struct buf path;
    buf_init(&path, 8192);
    buf_format(&path, "%s/" REPO_RUNS "/%s.lock", audit->path, audit->run);
    int r = buf_ok(&path, "the path of a lock", err);
    if (r == 0) {
        audit->lock_fd =
            open(buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
        if (audit->lock_fd < 0)
            r = err_set_errno(err, ERR_IO, errno, "cannot open %s", buf_str(&path));
    }
    if (r == 0 && flock(audit->lock_fd, LOCK_EX | LOCK_NB) < 0)
        r = errno == EWOULDBLOCK
                ? err_set(err, ERR_BUSY, "the trail of run %s is being written by another process",
                          audit->run)
                : err_set_errno(err, ERR_IO, errno, "cannot lock %s", buf_str(&path));
    buf_finish(&path);
    return r;
}

static int remember_directory(struct audit *audit, struct err *err)
{
    struct stat st;
    if (stat(audit->path, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", audit->path);
    audit->device = st.st_dev;
    audit->inode = st.st_ino;
    return 0;
}

int audit_open(const char *path, const char *run, struct audit **ret, struct err *err)
{
    int r = repo_begin(err);
    if (r < 0)
        return r;
    struct audit *audit = make(path, run);
    r = check_name(audit, err);
    if (r == 0)
        r = repo_make(audit->path, err);
    if (r == 0)
        r = repo_check(audit->path, err);
    if (r == 0)
        r = repo_open(audit->path, &audit->repo, err);
    if (r == 0)
        r = repo_complete(audit->path, err);
    if (r == 0)
        r = check_replacements(audit, err);
    if (r == 0)
        r = lock(audit, err);
    if (r == 0)
        r = remember_directory(audit, err);
    if (r == 0)
        *ret = audit;
    else
        audit_close(audit);
    return r;
}

void audit_set_signer(struct audit *audit, const char *key_path)
{
    free(audit->key);
    audit->key = mem_text(key_path);
}

void audit_close(struct audit *audit)
{
    if (audit == NULL)
        return;
    trail_finish(&audit->trail);
    buf_finish(&audit->remark);
    git_repository_free(audit->repo);
    if (audit->lock_fd >= 0)
        close(audit->lock_fd);
    free(audit->path);
    free(audit->run);
    free(audit->branch);
    free(audit->key);
    free(audit);
    repo_end();
}

int audit_load(struct audit *audit, struct err *err)
{
    struct stat st;
    if (stat(audit->path, &st) < 0 || st.st_dev != audit->device || st.st_ino != audit->inode)
        return err_set(err, ERR_ENVIRONMENT, "the repository %s was taken away or replaced", audit->path);
    if (audit->loaded)
        return 0;
    int r = trail_load(&audit->trail, audit->repo, audit->branch, err);
    audit->loaded = r == 0;
    return r;
}

int audit_last(struct audit *audit, uint64_t *ret_seq, struct sha256 *ret_head, struct err *err)
{
    struct err cause = ERR_INIT;
    buf_clear(&audit->remark);
    audit->loaded = false;
    int r = audit_load(audit, &cause);
    if (r == ERR_CORRUPT) {
        r = aside_branch(audit, cause.message, &cause);
        if (r == 0)
            r = audit_load(audit, &cause);
    }
    if (r < 0)
        return err_set(err, (enum err_code)r, "%s", cause.message);
    *ret_seq = audit->trail.chain.seq;
    *ret_head = audit->trail.chain.head;
    return 0;
}

bool audit_tip(const struct audit *audit, struct audit_tip *ret)
{
    if (!audit->loaded || !audit->trail.exists)
        return false;
    git_oid_tostr(ret->commit, sizeof(ret->commit), &audit->trail.tip);
    ret->seq = audit->trail.chain.seq;
    ret->head = audit->trail.chain.head;
    return true;
}

const char *audit_remark(const struct audit *audit)
{
    return buf_str(&audit->remark);
}

void audit_add_remark(struct audit *audit, const char *format, ...)
{
    va_list args;
    if (audit->remark.len > 0)
        buf_text(&audit->remark, "; ");
    va_start(args, format);
    buf_formatv(&audit->remark, format, args);
    va_end(args);
}
