/* Whose SQL is spoken to a server. */
#ifndef BULK_ENGINE_H
#define BULK_ENGINE_H

enum bulk_engine {
    BULK_POSTGRESQL,
    BULK_MYSQL, /* MariaDB, too */
    BULK_ENGINE_COUNT
};

#endif
