#include "audit/approval.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/repo.h"
#include "base/text.h"
#include "json/json.h"

#define FILE_NAME "approval.json"
#define REFS      "refs/heads/approvals/"
/* Escaped, both texts may be six times as long. */
#define FILE_MAX (JSON_MAX_BYTES)

/* ---- reading ---- */

struct texts {
    const char *statement, *signature;
};

static const struct json_field fields[] = {
    { "statement", JSON_FIELD_TEXT, offsetof(struct texts, statement), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "what was signed" },
    { "signature", JSON_FIELD_TEXT, offsetof(struct texts, signature), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "over its bytes" },
    { 0 },
};

static int decode(struct arena *arena, const git_blob *blob, struct texts *ret, struct err *err)
{
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    const struct json *value;

    *ret = (struct texts){ NULL, NULL };
    json_faults_init(faults, arena);
    value = json_parse(arena, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), faults);
    if (value == NULL || json_decode(arena, value, fields, ret, FILE_NAME, faults) < 0)
        return err_set(err, ERR_INVALID, FILE_NAME ": %s", faults->list[0].message);
    if (strlen(ret->statement) > APPROVAL_TEXT_MAX || strlen(ret->signature) > APPROVAL_TEXT_MAX)
        return err_set(err, ERR_LIMIT, FILE_NAME " is longer than any approval");
    return 0;
}

static int read_texts(git_repository *repo, const git_oid *id, struct arena *arena, struct texts *ret,
                      struct err *err)
{
    git_commit *commit = NULL;
    git_tree *tree = NULL;
    git_blob *blob = NULL;
    int r = git_commit_lookup(&commit, repo, id);

    if (r == 0)
        r = git_commit_tree(&tree, commit);
    const git_tree_entry *entry = r == 0 ? git_tree_entry_byname(tree, FILE_NAME) : NULL;
    if (entry != NULL)
        r = git_blob_lookup(&blob, repo, git_tree_entry_id(entry));
    if (r < 0)
        r = repo_failed(r, ERR_INVALID, err, "it cannot be read");
    else if (blob == NULL)
        r = err_set(err, ERR_INVALID, "it has no " FILE_NAME);
    else if (git_blob_rawsize(blob) > FILE_MAX)
        r = err_set(err, ERR_LIMIT, FILE_NAME " is longer than any approval");
    else
        r = decode(arena, blob, ret, err);
    git_blob_free(blob);
    git_tree_free(tree);
    git_commit_free(commit);
    return r;
}

static int read_one(git_repository *repo, const char *name, approval_reader reader, void *data,
                    struct err *err)
{
    struct arena *arena = arena_create();
    struct err fault = ERR_INIT;
    struct texts texts = { NULL, NULL };
    char hex[APPROVAL_ID_MAX];
    git_oid id;
    int r = git_reference_name_to_id(&id, repo, name);

    if (r < 0) { /* it was taken away while we looked */
        arena_destroy(arena);
        return 0;
    }
    git_oid_tostr(hex, sizeof(hex), &id);
    r = read_texts(repo, &id, arena, &texts, &fault);
    const struct approval approval = { .ref = name,
                                       .id = hex,
                                       .statement = r == 0 ? texts.statement : NULL,
                                       .signature = r == 0 ? texts.signature : NULL,
                                       .fault = r == 0 ? NULL : fault.message };
    r = reader(data, &approval, err);
    arena_destroy(arena);
    return r;
}

/* The names first: what the reader does may change the refs. */
static int list_names(git_repository *repo, const char *run, struct arena *arena, const char **names,
                      size_t *ret_count, struct err *err)
{
    git_reference_iterator *iterator = NULL;
    const char *name = NULL;
    int r = git_reference_iterator_glob_new(&iterator, repo, arena_format(arena, REFS "%s/*", run));

    *ret_count = 0;
    while (r == 0 && *ret_count < APPROVALS_MAX) {
        r = git_reference_next_name(&name, iterator);
        if (r == 0)
            names[(*ret_count)++] = arena_text(arena, name);
    }
    git_reference_iterator_free(iterator);
    if (r < 0 && r != GIT_ITEROVER)
        return repo_failed(r, ERR_CORRUPT, err, "cannot list the approvals");
    return 0;
}

int approvals_read(const char *path, const char *run, approval_reader reader, void *data, struct err *err)
{
    struct arena *arena = arena_create();
    const char *names[APPROVALS_MAX];
    git_repository *repo = NULL;
    size_t count = 0;
    int r = repo_begin(err);

    if (r == 0) {
        r = repo_open(path, &repo, err);
        if (r == 0)
            r = list_names(repo, run, arena, names, &count, err);
        for (size_t i = 0; r == 0 && i < count; i++)
            r = read_one(repo, names[i], reader, data, err);
        git_repository_free(repo);
        repo_end();
    }
    arena_destroy(arena);
    return r;
}

/* ---- writing ---- */

static int name_ref(const char *run, const char *gate, const char *statement, struct approval_written *ret,
                    struct err *err)
{
    struct sha256 sha;
    int valid = 0;

    sha256_of(statement, strlen(statement), &sha);
    int len = snprintf(ret->ref, sizeof(ret->ref), REFS "%s/%s-%.8s", run, gate, sha.hex);
    if (!text_is_id(run) || !text_is_id(gate) || len >= (int)sizeof(ret->ref) ||
        git_reference_name_is_valid(&valid, ret->ref) < 0 || !valid)
        return err_set(err, ERR_INVALID, "\"%s\" of \"%s\" cannot be the name of a branch", gate, run);
    return 0;
}

static int write_tree(git_repository *repo, const char *statement, const char *signature, git_oid *ret,
                      struct err *err)
{
    git_treebuilder *builder = NULL;
    struct json_writer w;
    struct buf text;
    git_oid blob;

    buf_init(&text, FILE_MAX);
    json_write_init(&w, &text);
    json_open(&w, NULL);
    json_put_text(&w, "statement", statement);
    json_put_text(&w, "signature", signature);
    json_close(&w);
    buf_char(&text, '\n');
    int r = buf_ok(&text, FILE_NAME, err);
    if (r == 0) {
        r = git_blob_create_from_buffer(&blob, repo, text.data, text.len);
        if (r == 0)
            r = git_treebuilder_new(&builder, repo, NULL);
        if (r == 0)
            r = git_treebuilder_insert(NULL, builder, FILE_NAME, &blob, GIT_FILEMODE_BLOB);
        if (r == 0)
            r = git_treebuilder_write(ret, builder);
        if (r < 0)
            r = repo_failed(r, ERR_IO, err, "cannot store the approval");
    }
    git_treebuilder_free(builder);
    buf_finish(&text);
    return r;
}

/* The name is only for people who look: see the banner of the header. */
static int write_commit(git_repository *repo, const git_oid *tree_id, const char *person, const char *message,
                        const char *ref, git_oid *ret, struct err *err)
{
    git_signature *author = NULL;
    git_tree *tree = NULL;
    int r = git_signature_new(&author, person, "approval@tminus", clock_now().wall_us / SECOND_US, 0);

    if (r == 0)
        r = git_tree_lookup(&tree, repo, tree_id);
    if (r == 0)
        r = git_commit_create(ret, repo, NULL, author, author, NULL, message, tree, 0, NULL);
    if (r == 0) {
        git_reference *reference = NULL;
        r = git_reference_create(&reference, repo, ref, ret, 1, NULL);
        git_reference_free(reference);
    }
    git_tree_free(tree);
    git_signature_free(author);
    return r < 0 ? repo_failed(r, ERR_IO, err, "cannot store the approval") : 0;
}

int approval_write(const char *path, const char *run, const char *gate, const char *person,
                   const char *statement, const char *signature, struct approval_written *ret,
                   struct err *err)
{
    git_repository *repo = NULL;
    git_oid tree_id, commit_id;
    char message[512];
    int r;

    if (strlen(statement) > APPROVAL_TEXT_MAX || strlen(signature) > APPROVAL_TEXT_MAX)
        return err_set(err, ERR_LIMIT, "that is longer than an approval may be");
    r = repo_begin(err);
    if (r < 0)
        return r;
    r = name_ref(run, gate, statement, ret, err);
    (void)snprintf(message, sizeof(message), "approval: %s of %s\n", gate, run); /* ids are short */
    if (r == 0)
        r = repo_open(path, &repo, err);
    if (r == 0)
        r = write_tree(repo, statement, signature, &tree_id, err);
    if (r == 0)
        r = write_commit(repo, &tree_id, person, message, ret->ref, &commit_id, err);
    if (r == 0)
        git_oid_tostr(ret->id, sizeof(ret->id), &commit_id);
    git_repository_free(repo);
    repo_end();
    return r;
}
