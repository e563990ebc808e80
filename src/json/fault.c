#include "json/json.h"

#include <stdarg.h>

void json_faults_init(struct json_faults *faults, struct arena *arena)
{
    *faults = (struct json_faults){ .arena = arena };
}

void json_fault_add(struct json_faults *faults, int line, int column, const char *format, ...)
{
    if (faults->count == JSON_FAULTS_MAX) {
        faults->more++;
        return;
    }
    /* By way of an error, so that a fault is as visible and as bounded as every other message. */
    struct err err = ERR_INIT;
    va_list args;
    va_start(args, format);
    (void)err_setv(&err, ERR_INVALID, format, args); /* wanted for its message, the code is known */
    va_end(args);
    faults->list[faults->count++] = (struct json_fault){
        .line = line,
        .column = column,
        .message = arena_text(faults->arena, err.message),
    };
}
