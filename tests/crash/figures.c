#include "figures.h"

#include <stdio.h>
#include <stdlib.h>

void figures_write(const char *name, const char *what, long count, long lost, long twice, long diverged)
{
    const char *directory = getenv("TMINUS_FIGURES");
    char path[4096];
    if (directory == NULL || snprintf(path, sizeof(path), "%s/%s.txt", directory, name) >= (int)sizeof(path))
        return;
    FILE *file = fopen(path, "w");
    if (file == NULL ||
        fprintf(file, "%s | %ld | %ld | %ld | %ld\n", what, count, lost, twice, diverged) < 0) {
        fprintf(stderr, "cannot write %s\n", path);
        exit(1);
    }
    fclose(file);
}
