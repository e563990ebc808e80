#include "process.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figure.h"

/* Its parent, and its times in ticks: user, system, and those of its children that have ended (proc(5)). */
static bool read_process(const char *pid, long *ret_parent, double *ret_ticks)
{
    char path[300], line[1000];
    unsigned long user, system;
    long ended_user, ended_system;
    (void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool fine = fgets(line, sizeof(line), file) != NULL;
    (void)fclose(file);
    const char *at = fine ? strrchr(line, ')') : NULL; /* a program's name may have anything in it */
    if (at == NULL || sscanf(at + 1, " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
                             ret_parent, &user, &system, &ended_user, &ended_system) != 5)
        return false;
    *ret_ticks = (double)user + (double)system + (double)ended_user + (double)ended_system;
    return true;
}

double process_cpu_s(long pid)
{
    DIR *processes = opendir("/proc");
    double sum = 0;
    if (processes == NULL)
        cannot("there is no /proc");
    for (const struct dirent *entry = readdir(processes); entry != NULL; entry = readdir(processes)) {
        long parent;
        double ticks;
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
            read_process(entry->d_name, &parent, &ticks) &&
            (parent == pid || strtol(entry->d_name, NULL, 10) == pid))
            sum += ticks;
    }
    (void)closedir(processes);
    return sum / (double)sysconf(_SC_CLK_TCK);
}
