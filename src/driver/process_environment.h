/* What a command inherits from this process: a few variables, no descriptors. */
#ifndef DRIVER_PROCESS_ENVIRONMENT_H
#define DRIVER_PROCESS_ENVIRONMENT_H

#include <stddef.h>

#define ENVIRONMENT_MARK_MAX 64

/* "TMINUS_COMMAND=<pid>.<number>": by it the command's descendants are known. Each call gives another one. */
void environment_mark(char ret_mark[ENVIRONMENT_MARK_MAX]);

/* A cleaned copy of this process's environment, with the mark, and `added` instead of or beside what is
 * there. Ends with NULL; texts and list are freed by environment_free. */
char **environment_make(const char *const *added, size_t count, const char *mark);
void environment_free(char **env);

/* Sees to it that no descriptor above 2 stays open in a program that is executed, whoever opened it. */
void environment_close_on_exec(void);

#endif
