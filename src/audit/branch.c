#include "audit/handle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "audit/repo.h"

/* git holds a ref's lock for moments, and does not say who it is; we hold ours for the whole run, so a lock
 * that has been there for this long is what a process left behind that died. */
#define STALE_US (5 * SECOND_US)

static int move_once(const struct audit *audit, const git_oid *commit)
{
    git_reference *reference = NULL;
    int r = audit->trail.exists
                ? git_reference_create_matching(&reference, audit->repo, audit->branch, commit, 1,
                                                &audit->trail.tip, NULL)
                : git_reference_create(&reference, audit->repo, audit->branch, commit, 0, NULL);
    git_reference_free(reference);
    return r;
}

/* The clock may have jumped either way. */
static bool is_stale(const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return false;
    int64_t age_us =
        clock_now().wall_us - ((int64_t)st.st_mtim.tv_sec * SECOND_US + st.st_mtim.tv_nsec / 1000);
    return age_us >= STALE_US || age_us <= -STALE_US;
}

/* ERR_BUSY when the lock is not stale. */
static int move_lock_aside(struct audit *audit, const char *path, struct err *err)
{
    char *aside = NULL;
    if (!is_stale(path))
        return err_set(err, ERR_BUSY, "%s is there: somebody else writes the branch at this moment", path);
    int r = aside_name(audit, "reflock", &aside, err);
    if (r == 0 && rename(path, aside) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot move %s aside", path);
    if (r == 0)
        audit_add_remark(audit, "%s was left behind by a process that is no more: it was moved to %s", path,
                         aside);
    free(aside);
    return r;
}

int branch_move(struct audit *audit, const git_oid *commit, struct err *err)
{
    int r = move_once(audit, commit);
    if (r == GIT_ELOCKED) {
        struct buf path;
        buf_init(&path, 8192);
        buf_format(&path, "%s/%s.lock", audit->path, audit->branch);
        r = move_lock_aside(audit, buf_str(&path), err);
        buf_finish(&path);
        if (r < 0)
            return r;
        r = move_once(audit, commit);
    }
    if (r < 0)
        return repo_failed(r, ERR_IO, err, "cannot move branch %s", audit->branch);
    /* Only so that a clone and a plain `git log` show the newest run. */
    if (!audit->trail.exists)
        (void)git_repository_set_head(audit->repo, audit->branch);
    return 0;
}
