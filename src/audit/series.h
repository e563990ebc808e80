/*
 * A series of numbered files in a run's tree, which hold lines: the journal's segments, and the samples. Only
 * the last one is still written to, so that what a commit costs does not depend on how much there is. Private
 * to the room.
 */
#ifndef AUDIT_SERIES_H
#define AUDIT_SERIES_H

#include <git2.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define SERIES_FILES_MAX 99999 /* as far as names sort as numbers do */

/* What is to be different in the next tree. Paths are in `arena`. */
struct changes {
    struct arena *arena;
    git_tree_update *list;
    size_t count;
    size_t capacity;
};

void changes_init(struct changes *changes);
void changes_finish(struct changes *changes);
void changes_add(struct changes *changes, const char *path, const git_oid *blob);

struct series {
    const char *directory;
    size_t lines_max; /* a file with this many lines is full, */
    size_t bytes_max; /* or with this many bytes, whichever comes first */
    unsigned number;  /* of the last file, 0 when there is none */
    size_t lines;     /* in it */
    struct buf text;  /* of it */
};

void series_init(struct series *series, const char *directory, size_t lines_max, size_t bytes_max);
void series_finish(struct series *series);

/* The number of the last file in a tree; 0 if there is none. ERR_CORRUPT when a name is not one of the
 * series. */
int series_last(git_repository *repo, const git_tree *root, const char *directory, unsigned *ret_number,
                struct err *err) MUST_CHECK;

/* The bytes of a file of the series; git_blob_free it. ERR_CORRUPT when it is not there. */
int series_blob(git_repository *repo, const git_tree *root, const char *directory, unsigned number,
                git_blob **ret, struct err *err) MUST_CHECK;

/* Takes up the series where the tree left it. */
int series_load(struct series *series, git_repository *repo, const git_tree *root,
                struct err *err) MUST_CHECK;

/* Adds whole lines: writes the blobs and notes them in `changes`. On failure the series is to be loaded
 * again. */
int series_add(struct series *series, git_repository *repo, const char *lines, size_t len,
               struct changes *changes, struct err *err) MUST_CHECK;

/* "journal/000/000001.jsonl" */
void series_path(struct buf *buf, const char *directory, unsigned number);

#endif
