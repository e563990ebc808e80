/*
 * The journal and the trail under every fault at every system call that they make:
 *
 *   store [--step N [--offset N]] [--recovery N]
 *
 * --step: only every Nth call, from the offset on; --recovery: at every Nth call of a kill, every call of the
 * recovery after it is killed too. Says what it counted, and ends with 1 when anything was lost or differs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <git2.h>

#include "base/file.h"
#include "disk.h"
#include "figures.h"
#include "inject.h"

#define RECORDS   13
#define JOBS      2
#define LIMIT_S   60
#define CALLS_MAX 100000
#define FSCK_EACH 20

struct counted {
    long cases, killed, lost, diverged, corrupt, retried, hung;
};

static struct counted *counted; /* shared by all processes */
static char home[64];

static void add(long *what)
{
    __atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

/* ---- one life of a process that records ---- */

struct life {
    uint64_t acknowledged;
    int status; /* of waitpid */
};

static void child(uint64_t last, int fd, long at, enum fault fault)
{
    alarm(LIMIT_S);
    inject_arm(home, at, fault);
    enum disk_end end = disk_work(last, fd);
    int hit = inject_was_hit();
    inject_arm(NULL, 0, FAULT_NONE);
    _exit((int)end * 2 + hit);
}

static struct life live(uint64_t last, long at, enum fault fault)
{
    struct life life = { 0, 0 };
    int ends[2];
    uint64_t seq;
    if (pipe(ends) < 0)
        abort();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0)
        child(last, ends[1], at, fault);
    close(ends[1]);
    while (read(ends[0], &seq, sizeof(seq)) == sizeof(seq))
        life.acknowledged = seq;
    close(ends[0]);
    while (waitpid(pid, &life.status, 0) < 0 && errno == EINTR)
        continue;
    return life;
}

static bool was_hit(const struct life *life)
{
    return WIFSIGNALED(life->status) || (WEXITSTATUS(life->status) & 1) != 0;
}

static enum disk_end end_of(const struct life *life)
{
    return WIFSIGNALED(life->status) ? DISK_HALTED : (enum disk_end)(WEXITSTATUS(life->status) / 2);
}

/* ---- judging ---- */

static void complain(const char *what, long at, enum fault fault, long then, const char *why)
{
    fprintf(stderr, "FAILED: %s: %s at call %ld, recovery killed at %ld: %s\n", what, fault_word(fault), at,
            then, why);
}

static void note_life(const struct life *life, long at, enum fault fault, long then)
{
    if (WIFSIGNALED(life->status) && WTERMSIG(life->status) == SIGKILL) {
        add(&counted->killed);
    } else if (WIFSIGNALED(life->status)) {
        add(&counted->hung);
        complain("it did not come to an end", at, fault, then, strsignal(WTERMSIG(life->status)));
    } else if (end_of(life) == DISK_RETRIED) {
        add(&counted->retried);
        complain("after a failed write", at, fault, then, "the journal took another record");
    }
}

static int fsck(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        execlp("git", "git", "-C", "audit.git", "fsck", "--strict", "--no-dangling", "--no-progress",
               (char *)NULL);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void judge(uint64_t acknowledged, long at, enum fault fault, long then)
{
    struct err err = ERR_INIT;
    int r = disk_judge(acknowledged, &err);
    add(&counted->cases);
    if (r == 0 && counted->cases % FSCK_EACH == 0) {
        int status = fsck();
        if (status != 0)
            r = err_set(&err, ERR_INVALID, "git fsck ends with %d", status);
    }
    if (r == 0)
        return;
    add(r == ERR_NOT_FOUND ? &counted->lost : r == ERR_INVALID ? &counted->diverged : &counted->corrupt);
    complain("after recovery", at, fault, then, err.message);
}

static void empty(void)
{
    struct err err = ERR_INIT;
    if (chdir("/") < 0 || dir_remove(home, &err) < 0 || mkdir(home, 0700) < 0 || chdir(home) < 0) {
        fprintf(stderr, "cannot empty %s: %s\n", home, err.message);
        abort();
    }
}

/* The fault, perhaps a recovery that is killed (`then`), and one that is not. Whether the last kill was
 * reached. */
static bool one_case(long at, enum fault fault, long then, bool *ret_then)
{
    empty();
    struct life first = live(RECORDS, at, fault);
    uint64_t acknowledged = first.acknowledged;
    note_life(&first, at, fault, then);
    *ret_then = false;
    if (then > 0) {
        struct life second = live(RECORDS + 2, then, FAULT_KILL_BEFORE);
        note_life(&second, at, fault, then);
        *ret_then = was_hit(&second);
        if (second.acknowledged > acknowledged)
            acknowledged = second.acknowledged;
    }
    struct life last = live(RECORDS + 3, 0, FAULT_NONE);
    note_life(&last, at, fault, then);
    if (end_of(&last) != DISK_DONE) {
        add(&counted->diverged);
        complain("recovery", at, fault, then, "it does not go on");
    }
    judge(last.acknowledged > acknowledged ? last.acknowledged : acknowledged, at, fault, then);
    return was_hit(&first);
}

/* ---- all of them ---- */

struct plan {
    long step, offset, recovery;
};

static bool each_fault(long at, const struct plan *plan)
{
    bool then_hit, hit = false;
    for (enum fault fault = FAULT_KILL_BEFORE; fault < FAULT_COUNT; fault++)
        hit = one_case(at, fault, 0, &then_hit) || hit;
    if (plan->recovery > 0 && (at / plan->step) % plan->recovery == 0) {
        then_hit = true;
        for (long then = 1; then_hit; then++)
            (void)one_case(at, FAULT_TORN, then, &then_hit);
    }
    return hit;
}

static void job(int number, const struct plan *plan)
{
    snprintf(home + strlen(home), sizeof(home) - strlen(home), ".%d", number);
    if (mkdir(home, 0700) < 0)
        abort();
    long at = 1 + plan->offset + number * plan->step;
    while (each_fault(at, plan) && at < CALLS_MAX)
        at += JOBS * plan->step;
    if (chdir("/") < 0 || dir_remove(home, NULL) < 0)
        abort();
    printf("%s: calls up to %ld, offset %ld, every %ld\n", number == 0 ? "even" : "odd", at, plan->offset,
           plan->step);
    fflush(stdout);
    _exit(0);
}

static int all(const struct plan *plan)
{
    int bad = 0;
    for (int i = 0; i < JOBS; i++) {
        pid_t pid = fork();
        if (pid < 0)
            abort();
        if (pid == 0)
            job(i, plan);
    }
    for (int i = 0, status; i < JOBS; i++) {
        if (wait(&status) < 0 || status != 0)
            bad = 1;
    }
    const struct counted *c = counted;
    printf("%ld cases, %ld kills: %ld lost, %ld chains broken, %ld trails differ, %ld went on after a failed "
           "write, "
           "%ld did not end\n",
           c->cases, c->killed, c->lost, c->corrupt, c->diverged, c->retried, c->hung);
    figures_write("crash-store", "faults at system calls of journal and trail", c->cases, c->lost, c->retried,
                  c->diverged + c->corrupt);
    return bad || c->cases == 0 || c->lost + c->corrupt + c->diverged + c->retried + c->hung > 0;
}

int main(int argc, char **argv)
{
    struct plan plan = { 1, 0, 0 };
    for (int i = 1; i + 1 < argc; i += 2) {
        long value = strtol(argv[i + 1], NULL, 10);
        *(strcmp(argv[i], "--step") == 0     ? &plan.step
          : strcmp(argv[i], "--offset") == 0 ? &plan.offset
                                             : &plan.recovery) = value;
    }
    if (plan.step < 1)
        return 2;
    if (plan.step > 1 && plan.offset == 0)
        plan.offset = (long)(time(NULL) % plan.step);
    counted = mmap(NULL, sizeof(*counted), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(home, sizeof(home), "%s/tminus-crash-%ld", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
             (long)getpid());
    /* The first use reads the certificates of the machine, which is half of the work of each life. */
    return counted == MAP_FAILED || git_libgit2_init() < 0 ? 2 : all(&plan);
}
