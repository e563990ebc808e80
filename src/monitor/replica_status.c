#include "monitor/replica_status.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define NAMES_MAX 3

static const char *const columns[REPLICA_FIELD_COUNT][NAMES_MAX] = {
    [REPLICA_CHANNEL] = { "Channel_Name", "Connection_name" },
    [REPLICA_HOST] = { "Source_Host", "Master_Host" },
    [REPLICA_PORT] = { "Source_Port", "Master_Port" },
    [REPLICA_IO_RUNNING] = { "Replica_IO_Running", "Slave_IO_Running" },
    [REPLICA_SQL_RUNNING] = { "Replica_SQL_Running", "Slave_SQL_Running" },
    [REPLICA_SECONDS] = { "Seconds_Behind_Source", "Seconds_Behind_Master" },
    [REPLICA_READ_FILE] = { "Source_Log_File", "Master_Log_File" },
    [REPLICA_READ_POS] = { "Read_Source_Log_Pos", "Read_Master_Log_Pos" },
    [REPLICA_APPLIED_FILE] = { "Relay_Source_Log_File", "Relay_Master_Log_File" },
    [REPLICA_APPLIED_POS] = { "Exec_Source_Log_Pos", "Exec_Master_Log_Pos" },
    [REPLICA_GTID] = { "Executed_Gtid_Set", "Gtid_Slave_Pos" },
    [REPLICA_IO_ERROR] = { "Last_IO_Error" },
    [REPLICA_SQL_ERROR] = { "Last_SQL_Error" },
};

const char *replica_field(const char *const *names, const char *const *cells, size_t count,
                          enum replica_field field)
{
    for (size_t n = 0; names != NULL && n < NAMES_MAX && columns[field][n] != NULL; n++) {
        for (size_t i = 0; i < count; i++) {
            if (strcasecmp(names[i], columns[field][n]) == 0)
                return cells[i];
        }
    }
    return NULL;
}

static bool number_of(const char *text, int64_t *ret)
{
    char *end;
    if (text == NULL || !isdigit((unsigned char)text[0]))
        return false;
    *ret = strtoll(text, &end, 10);
    return *end == '\0';
}

bool replica_bytes_waiting(const char *const *names, const char *const *cells, size_t count, int64_t *ret)
{
    const char *read = replica_field(names, cells, count, REPLICA_READ_FILE);
    const char *applied = replica_field(names, cells, count, REPLICA_APPLIED_FILE);
    int64_t read_pos, applied_pos;
    if (read == NULL || applied == NULL || !text_equal(read, applied) ||
        !number_of(replica_field(names, cells, count, REPLICA_READ_POS), &read_pos) ||
        !number_of(replica_field(names, cells, count, REPLICA_APPLIED_POS), &applied_pos) ||
        applied_pos > read_pos)
        return false;
    *ret = read_pos - applied_pos;
    return true;
}

void replica_state(const char *const *names, const char *const *cells, size_t count, struct buf *ret)
{
    static const struct {
        const char *before;
        enum replica_field field;
        const char *behind;
    } parts[] = {
        { "IO ", REPLICA_IO_RUNNING, "" },
        { ", SQL ", REPLICA_SQL_RUNNING, "" },
        { ", says ", REPLICA_SECONDS, " s behind" },
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const char *cell = replica_field(names, cells, count, parts[i].field);
        buf_format(ret, "%s%s%s", parts[i].before, cell != NULL ? cell : "NULL", parts[i].behind);
    }
}
