/*
 * Shows a moment on this terminal, or prints it: `look MOMENT [COLUMNSxROWS] [--ascii]`. For people who
 * change the screen.
 */
#include <stdio.h>
#include <string.h>

#include "scene.h"

int main(int argc, char **argv)
{
    int rows = 24;
    int columns = 80;
    bool ascii = false;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--ascii") == 0)
            ascii = true;
        else if (sscanf(argv[i], "%dx%d", &columns, &rows) != 2)
            return 2;
    }
    struct scene *scene = argc > 1 ? moment_play(argv[1], ascii) : NULL;
    if (scene == NULL) {
        for (size_t i = 0; i < moment_count(); i++)
            printf("%s\n", moment_name(i));
        return 2;
    }
    fputs(scene_draw(scene, rows, columns), stdout);
    scene_destroy(scene);
    return 0;
}
