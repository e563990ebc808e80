#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app.h"
#include "base/file.h"
#include "base/text.h"
#include "identity.h"
#include "rehearse/certificate.h"
#include "sign/policy.h"
#include "wire/remote.h"

static int read_limited(struct arena *arena, const char *path, size_t max, const char **ret, size_t *ret_len,
                        struct err *err)
{
    struct buf buf;
    int r;

    buf_init(&buf, max);
    r = file_read(path, &buf, err);
    if (r == 0) {
        *ret = arena_text_len(arena, buf_str(&buf), buf.len);
        *ret_len = buf.len;
    }
    buf_finish(&buf);
    return r;
}

int read_document(struct arena *arena, const char *path, const char **ret, size_t *ret_len, struct err *err)
{
    return read_limited(arena, path, JSON_MAX_BYTES, ret, ret_len, err);
}

int parse_params(struct arena *arena, const char *const *items, size_t count, const struct book_param **ret,
                 struct err *err)
{
    struct book_param *params = arena_array(arena, count + 1, sizeof(*params));

    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(items[i], '=');

        if (!equals || equals == items[i])
            return err_set(err, ERR_USAGE, "--param wants NAME=VALUE, not \"%s\"", items[i]);
        params[i].name = arena_text_len(arena, items[i], (size_t)(equals - items[i]));
        params[i].value = arena_text(arena, equals + 1);
    }
    *ret = params;
    return 0;
}

/* What is frozen is published: a link that comes with a book must not make that a file of somebody else. */
static int check_link(const char *directory, const char *path, const char *name, struct err *err)
{
    char *real = realpath(path, NULL), *home = realpath(directory[0] ? directory : "/", NULL);
    size_t len = home ? strlen(home) : 0;
    int r = 0;

    /* What is not there is told by whoever reads it. */
    if (real && home && len > 1 && !(text_starts(real, home) && real[len] == '/'))
        r = err_set(err, ERR_INVALID, "%s is a link to %s, which does not stand beside the book or below it",
                    name, real);
    free(real);
    free(home);
    return r;
}

/* A ready-made check that does not stand beside the book is one of those that come with the program. */
static void read_named(struct arena *arena, const char *directory, const char *name, struct book_file *ret)
{
    struct err err = ERR_INIT;
    const char *shipped = NULL;
    size_t len = 0;
    const char *path = arena_format(arena, "%s/%s", directory, name);
    int r = check_link(directory, path, name, &err);

    ret->name = name;
    if (r == 0)
        r = read_document(arena, path, &ret->text, &len, &err);
    if (r == ERR_NOT_FOUND && text_starts(name, "checks/") &&
        data_file(arena, arena_format(arena, "runbooks/%s", name), &shipped, NULL) == 0)
        r = read_document(arena, shipped, &ret->text, &len, &err);
    if (r == 0 && (strlen(ret->text) != len || !text_valid_utf8(ret->text, len)))
        r = err_set(&err, ERR_INVALID, "%s is not text", name);
    if (r == 0)
        return;
    ret->text = NULL;
    ret->why = arena_text(arena, err.message);
}

static void read_files(struct arena *arena, const char *book_path, struct frozen *frozen)
{
    const char *const *names = book_files_named(arena, frozen->book_text, frozen->book_len);
    const char *slash = strrchr(book_path, '/');
    const char *directory = slash ? arena_text_len(arena, book_path, (size_t)(slash - book_path)) : ".";
    struct book_file *files;

    while (names[frozen->file_count])
        frozen->file_count++;
    files = arena_array(arena, frozen->file_count + 1, sizeof(*files));
    for (size_t i = 0; i < frozen->file_count; i++)
        read_named(arena, directory, names[i], &files[i]);
    frozen->files = files;
}

/* The same of an argument: which one it was is told with what is wrong. */
static int read_argument(struct arena *arena, const char *argument, const char *path, const char **ret,
                         size_t *ret_len, struct err *err)
{
    int r = read_document(arena, path, ret, ret_len, err);

    return r < 0 ? err_prefix(err, "%s", argument) : 0;
}

static int read_book_and_targets(struct arena *arena, const struct launch_options *options,
                                 struct frozen *frozen, struct err *err)
{
    int r = read_argument(arena, "the book", options->book, &frozen->book_text, &frozen->book_len, err);

    if (r == 0 && options->targets)
        r = read_argument(arena, "--targets", options->targets, &frozen->targets_text, &frozen->targets_len,
                          err);
    if (r == 0)
        read_files(arena, options->book, frozen);
    return r;
}

/* The book, NULL when there are faults. */
static const struct book *judge_book(struct arena *arena, const struct launch_options *options,
                                     const struct frozen *frozen, struct json_faults *faults,
                                     struct json_faults *target_faults)
{
    const struct book_options book_options = { .targets_path = options->targets,
                                               .targets_text = frozen->targets_text,
                                               .targets_len = frozen->targets_len,
                                               .param_count = options->param_count,
                                               .params = options->params,
                                               .unbound = options->unbound,
                                               .file_count = frozen->file_count,
                                               .files = frozen->files };

    json_faults_init(faults, arena);
    json_faults_init(target_faults, arena);
    return book_load(arena, options->book, frozen->book_text, frozen->book_len, &book_options, faults,
                     target_faults);
}

static int load_book(struct arena *arena, const struct launch_options *options, const struct frozen *frozen,
                     const struct book **ret, struct buf *report, struct err *err)
{
    struct json_faults *faults = arena_alloc(arena, 2 * sizeof(*faults));

    *ret = judge_book(arena, options, frozen, &faults[0], &faults[1]);
    if (*ret)
        return 0;
    report_faults(report, options->book, &faults[0]);
    report_faults(report, options->targets ? options->targets : "targets", &faults[1]);
    return err_set(err, ERR_INVALID, "%s", "the book is refused: nothing was begun");
}

int launch_show(struct arena *arena, const struct launch_options *options, const struct book **ret,
                struct buf *report, struct err *err)
{
    struct frozen frozen = { 0 };
    int r = read_book_and_targets(arena, options, &frozen, err);

    return r < 0 ? r : load_book(arena, options, &frozen, ret, report, err);
}

int launch_judge(struct arena *arena, const struct launch_options *options, struct loaded *ret,
                 struct err *err)
{
    struct json_faults *faults = arena_alloc(arena, 2 * sizeof(*faults));
    int r;

    memset(ret, 0, sizeof(*ret));
    r = read_book_and_targets(arena, options, &ret->frozen, err);
    if (r < 0)
        return r;
    ret->book = judge_book(arena, options, &ret->frozen, &faults[0], &faults[1]);
    ret->faults = &faults[0];
    ret->target_faults = &faults[1];
    return 0;
}

/* What is frozen is JSON: bytes that are no UTF-8 would come back as others, and lead elsewhere. */
static int check_path(const char *path, const char *what, struct err *err)
{
    if (path[0] && text_valid_utf8(path, strlen(path)))
        return 0;
    return err_set(err, ERR_USAGE, "the path of %s, \"%s\", is %s", what, path,
                   path[0] ? "not UTF-8" : "empty");
}

static int check_environment(const char *environment, struct err *err)
{
    static const char *const known[] = { "live", "staging", "rehearsal" };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (text_equal(environment, known[i]))
            return 0;
    }
    return err_set(err, ERR_USAGE, "--environment is live, staging or rehearsal, not \"%s\"", environment);
}

/* Where the book stands and the trail goes, as paths that mean the same from anywhere. */
static int resolve_paths(struct arena *arena, const struct launch_options *options, struct frozen *frozen,
                         struct err *err)
{
    char *absolute = realpath(options->book, NULL);
    const char *home;
    int r;

    frozen->book_path = arena_text(arena, absolute ? absolute : options->book);
    free(absolute);
    r = state_home(arena, &home, err);
    if (r < 0)
        return r;
    frozen->audit = options->audit ? options->audit : arena_format(arena, "%s/audit.git", home);
    if (frozen->audit[0] && frozen->audit[0] != '/') {
        char cwd[PATH_MAX];

        if (!getcwd(cwd, sizeof(cwd)))
            return err_set_errno(err, ERR_IO, errno, "cannot tell the working directory");
        frozen->audit = arena_format(arena, "%s/%s", cwd, frozen->audit);
    }
    r = check_path(frozen->book_path, "the book", err);
    if (r == 0)
        r = check_path(frozen->audit, "the trail", err);
    return r;
}

/* The remote that was said, else the policy's. One that the policy requires is not replaced by another. */
static int choose_witness(struct arena *arena, const struct launch_options *options, struct frozen *frozen,
                          struct err *err)
{
    const struct policy *policy = NULL;
    const char *remote = options->witness;
    int r = frozen->policy_text
                ? policy_read(arena, "the policy", frozen->policy_text, frozen->policy_len, &policy, err)
                : 0;

    if (r < 0)
        return r;
    if (policy && policy->witness && policy->witness_required && remote &&
        !text_equal(remote, policy->witness))
        return err_set(err, ERR_REFUSED, "by the policy another remote is the witness of every run");
    if (!remote && policy)
        remote = policy->witness;
    return remote ? remote_check(arena, remote, &frozen->witness, err) : 0;
}

/* The policy that counts here, and who begins the run by it. */
static int go_by_policy(struct arena *arena, const struct launch_options *options, struct frozen *frozen,
                        struct err *err)
{
    const char *path = options->goes_by_policy ? policy_find(arena, options->policy) : NULL;
    int r;

    if (!path)
        return 0;
    r = read_document(arena, path, &frozen->policy_text, &frozen->policy_len, err);
    return r < 0 ? r
                 : identity_of(arena, path, frozen->policy_text, frozen->policy_len, options->key,
                               options->as, &frozen->operator, err);
}

/* "shop.json" has "shop.certificate.json" beside it. */
static const char *certificate_beside(struct arena *arena, const char *book)
{
    size_t len = strlen(book), suffix = strlen(".json");
    bool is_json = len > suffix && text_equal(book + len - suffix, ".json");

    return arena_format(arena, "%.*s.certificate.json", (int)(is_json ? len - suffix : len), book);
}

/* The certificate that was given, or that a live run finds beside the book: a rehearsal is not to stumble
 * over the one before it, which is of the book as it was then. Whether it is the book's, and good for this
 * run, the runner tells; one that does not read is told here, with its place. */
static int read_certificate(struct arena *arena, const struct launch_options *options, struct frozen *frozen,
                            struct err *err)
{
    const struct certificate *certificate;
    const char *path = options->certificate;
    int r;

    frozen->unrehearsed = options->unrehearsed;
    if (!path && !options->unrehearsed && options->goes_by_policy && text_equal(frozen->environment, "live"))
        path = certificate_beside(arena, options->book);
    if (!path)
        return 0;
    r = read_limited(arena, path, CERTIFICATE_MAX_BYTES, &frozen->certificate_text, &frozen->certificate_len,
                     err);
    if (r == ERR_NOT_FOUND && !options->certificate)
        return 0;
    if (r < 0)
        return err_prefix(err, "%s",
                          options->certificate ? "--certificate" : "the certificate beside the book");
    return certificate_read(arena, path, frozen->certificate_text, frozen->certificate_len, &certificate,
                            err);
}

int launch_look(struct arena *arena, const struct launch_options *options, struct frozen *frozen,
                struct err *err)
{
    int r;

    memset(frozen, 0, sizeof(*frozen));
    frozen->environment = options->environment ? options->environment : "live";
    frozen->params = options->params;
    frozen->param_count = options->param_count;
    r = check_environment(frozen->environment, err);
    if (r == 0)
        r = who_am_i(arena, options->as, &frozen->operator, err);
    if (r == 0)
        r = go_by_policy(arena, options, frozen, err);
    if (r == 0)
        r = read_book_and_targets(arena, options, frozen, err);
    if (r == 0)
        r = read_certificate(arena, options, frozen, err);
    if (r == 0)
        r = resolve_paths(arena, options, frozen, err);
    return r < 0 ? r : choose_witness(arena, options, frozen, err);
}

/* A gate that waits for a witness that does not exist would never be passed. */
static int check_witness(const struct book *book, const struct frozen *frozen, struct err *err)
{
    for (size_t i = 0; i < book->gate_count && !frozen->witness; i++) {
        if (book->gates[i].witness)
            return err_set(
                err, ERR_USAGE,
                "gate \"%s\" asks for a witness: say which remote gets the trail with --witness REMOTE",
                book->gates[i].id);
    }
    return 0;
}

int launch_load(struct arena *arena, const struct launch_options *options, const struct frozen *frozen,
                const struct book **ret_book, struct buf *report, struct err *err)
{
    int r = load_book(arena, options, frozen, ret_book, report, err);

    if (r == 0 && !options->targets && (*ret_book)->target_count > 0)
        return err_set(err, ERR_USAGE, "%s names %zu target%s: say where they are with --targets FILE",
                       options->book, (*ret_book)->target_count, (*ret_book)->target_count == 1 ? "" : "s");
    return r < 0 ? r : check_witness(*ret_book, frozen, err);
}

int launch_freeze(struct arena *arena, const struct book *book, struct frozen *frozen, struct err *err)
{
    return rundir_create(arena, book->id, clock_now(), frozen, err);
}

int launch_prepare(struct arena *arena, const struct launch_options *options, struct frozen *frozen,
                   struct buf *report, struct err *err)
{
    const struct book *book = NULL;
    int r = launch_look(arena, options, frozen, err);

    if (r == 0)
        r = launch_load(arena, options, frozen, &book, report, err);
    return r < 0 ? r : launch_freeze(arena, book, frozen, err);
}

/* In the grandchild: becomes the runner. Returns only when it cannot. */
static void become_runner(const char *program, const char *dir, bool resume, const char *key, int answer)
{
    const char *argv[] = { "tminus-runner", "serve", dir, NULL, NULL, NULL, NULL };
    size_t count = 3;
    char log[PATH_MAX];
    int null, errors;

    if ((size_t)snprintf(log, sizeof(log), "%s/runner.log", dir) >= sizeof(log))
        return;
    null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    errors = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (null < 0 || errors < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(answer, STDOUT_FILENO) < 0 ||
        dup2(errors, STDERR_FILENO) < 0)
        return;
    /* A descriptor that a shell left open here would stay open for as long as the run. */
    if (close_range(STDERR_FILENO + 1, ~0U, 0) < 0)
        return;
    if (resume)
        argv[count++] = "--resume";
    if (key) {
        argv[count++] = "--key";
        argv[count++] = key;
    }
    /* It does not change them; the type is POSIX's. */
    execv(program, (char *const *)(uintptr_t)argv);
}

/* Twice forked, so that the runner is nobody's child and in a session of its own: no terminal can hang it up.
 */
static void detach(const char *program, const char *dir, bool resume, const char *key, int answer)
{
    static const char failed[] = "failed 3 the runner cannot be started\n";
    pid_t child;

    if (setsid() < 0)
        _exit(1);
    child = fork();
    if (child != 0)
        _exit(child < 0 ? 1 : 0);
    become_runner(program, dir, resume, key, answer);
    /* Nobody else can say it: the line goes where the runner's would have gone, which may be our output by
     * now. */
    if (write(answer, failed, sizeof(failed) - 1) < 0)
        (void)!write(STDOUT_FILENO, failed, sizeof(failed) - 1);
    _exit(1);
}

int launch_start(const char *dir, bool resume, const char *key, int *ret_fd, struct err *err)
{
    struct arena *arena = arena_create();
    const char *program;
    int ends[2], status = 0;
    pid_t child;
    int r = sibling_program(arena, "tminus-runner", &program, err);

    if (r == 0 && pipe2(ends, O_CLOEXEC) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot start the runner");
    if (r < 0) {
        arena_destroy(arena);
        return r;
    }
    child = fork();
    if (child == 0)
        detach(program, dir, resume, key, ends[1]);
    close(ends[1]);
    arena_destroy(arena);
    if (child > 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        close(ends[0]);
        return err_set(err, ERR_IO, "cannot start the runner: no more processes");
    }
    *ret_fd = ends[0];
    return 0;
}

/* The error whose exit status the runner's is, so that ours is the same. */
static enum err_code code_of_status(int status)
{
    return status == 3 ? ERR_ENVIRONMENT : status == 2 ? ERR_USAGE : ERR_IO;
}

int launch_answer(const char *line, struct err *err)
{
    if (text_equal(line, "ready"))
        return 0;
    if (text_starts(line, "failed ") && line[7] >= '1' && line[7] <= '9' && line[8] == ' ')
        return err_set(err, code_of_status(line[7] - '0'), "%s", line + 9);
    return err_set(err, ERR_IO,
                   "the runner ended while it was starting; see runner.log in the run's directory");
}

int launch_wait(int fd, struct err *err)
{
    char line[ERR_MESSAGE_MAX + 32];
    size_t len = 0;
    ssize_t n;

    while (len < sizeof(line) - 1 && !memchr(line, '\n', len)) {
        n = read(fd, line + len, sizeof(line) - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    close(fd);
    line[len] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return launch_answer(line, err);
}
