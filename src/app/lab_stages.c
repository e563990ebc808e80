#include "lab_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define ANSWER_US   (3 * SECOND_US)
#define TARGETS_MAX 4096

int lab_make_directory(const struct lab *lab, const char *name, struct err *err)
{
    const char *path = lab_path(lab, name);
    if (mkdir(path, 0700) < 0 || (lab->drop && lchown(path, lab->uid, lab->gid) < 0))
        return err_set_errno(err, ERR_IO, errno, "cannot make %s", path);
    return 0;
}

int lab_make_directories(const struct lab *lab, struct err *err)
{
    int r = lab_make_directory(lab, LAB_SOCKETS, err);
    for (size_t i = 0; i < lab->kind->server_count && r == 0; i++)
        r = lab_make_directory(lab, lab->kind->servers[i], err);
    return r;
}

int lab_write_file(const struct lab *lab, const char *name, const char *text, struct err *err)
{
    return file_write(lab_path(lab, name), text, strlen(text), 0644, err);
}

int lab_port(const struct lab *lab, size_t server)
{
    int first = lab->kind->engine->first_port;
    return first != 0 ? first + (int)server : 0;
}

int lab_await_server(const struct lab *lab, struct lab_job *job, size_t server, struct err *err)
{
    const char *name = lab->kind->servers[server];
    int64_t deadline_us = clock_now().boot_us + LAB_STAGE_US;
    bool ready = false;
    int r = 0;
    while (r == 0 && !ready) {
        r = lab_look(job, err);
        if (r == 0 && job->pid == 0)
            r = err_set(err, ERR_ENVIRONMENT, "the server \"%s\" ended by itself", name);
        else if (r == 0 && lab_server(lab, name, &ready) == job->pid && ready)
            break;
        if (r == 0)
            r = lab_nap(deadline_us, err);
    }
    return r;
}

int lab_write_targets(const struct lab *lab, const struct lab_target *targets, size_t count, struct err *err)
{
    struct buf text;
    buf_init(&text, TARGETS_MAX);
    buf_text(&text, "{\n");
    for (size_t i = 0; i < count; i++)
        buf_format(&text, "  \"%s\": { \"engine\": \"%s\", \"dsn\": \"%s\" }%s\n", targets[i].name,
                   lab->kind->engine->name, targets[i].dsn, i + 1 < count ? "," : "");
    buf_text(&text, "}\n");
    int r = buf_ok(&text, LAB_TARGETS, err);
    if (r == 0)
        r = lab_write_file(lab, LAB_TARGETS, buf_str(&text), err);
    buf_finish(&text);
    return r;
}

int lab_hear(const struct lab *lab, struct lab_job *job, struct buf *ret, struct err *err)
{
    int r = lab_start(lab, job, true, err);
    if (r == 0)
        r = lab_wait(job, 1, ANSWER_US, err);
    if (r == 0)
        lab_last_line(job, ret);
    lab_job_kill(job); /* where it waits for a server that does not answer */
    lab_job_finish(job);
    return r;
}
