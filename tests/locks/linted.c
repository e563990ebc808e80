#include "linted.h"

#include "base/err.h"

/* clang-format off */
const struct linted linted_working[] = {
    { "ALTER TABLE t ADD COLUMN x uuid DEFAULT gen_random_uuid()", true },
    { "ALTER TABLE t ADD COLUMN x serial", false },
    { "ALTER TABLE t ADD COLUMN x integer GENERATED ALWAYS AS IDENTITY", true },
    { "ALTER TABLE t ADD COLUMN x integer GENERATED ALWAYS AS (a * 2) STORED", true },
    { "ALTER TABLE t ADD COLUMN x integer CHECK (x > 0)", false },
    { "ALTER TABLE t ADD COLUMN x positive_int", false },
    { "ALTER TABLE t ADD COLUMN x integer DEFAULT 1 REFERENCES p", true },
    { "ALTER TABLE t ADD COLUMN x integer UNIQUE", true },
    { "ALTER TABLE t ALTER COLUMN a SET NOT NULL", true },
    { "ALTER TABLE t ALTER COLUMN a TYPE bigint", true },
    { "ALTER TABLE t ALTER COLUMN short TYPE varchar(10)", true },
    { "ALTER TABLE t ALTER COLUMN fixed TYPE text", true },
    { "ALTER TABLE t ALTER COLUMN fixed TYPE character(20)", true },
    { "ALTER TABLE t ALTER COLUMN word TYPE varchar(30)", true },
    { "ALTER TABLE t ALTER COLUMN amount TYPE numeric(12,4)", true },
    { "ALTER TABLE t ALTER COLUMN doc TYPE json", true },
    { "ALTER TABLE t ALTER COLUMN told TYPE varchar(40)", true },
    { "ALTER TABLE t ALTER COLUMN ended TYPE varchar(20) COLLATE \"POSIX\"", true },
    { "ALTER TABLE t ADD CONSTRAINT t_a_is CHECK (a > 0)", true },
    { "ALTER TABLE t VALIDATE CONSTRAINT t_a_is", true },
    { "ALTER TABLE t ADD CONSTRAINT t_p FOREIGN KEY (a) REFERENCES p (id)", true },
    { "ALTER TABLE t ADD UNIQUE (a)", true },
    { "ALTER TABLE keyless ADD PRIMARY KEY (c)", true },
    { "ALTER TABLE keyless ADD CONSTRAINT keyless_pkey PRIMARY KEY USING INDEX keyless_a", false },
    { "ALTER TABLE t ADD CONSTRAINT t_apart EXCLUDE USING gist (during WITH &&)", true },
    { "CREATE INDEX t_same ON t (same)", true },
    { "CREATE UNIQUE INDEX IF NOT EXISTS t_key ON t (a, n)", true },
    { "CREATE INDEX pt_id ON pt (id)", true },
    { "REINDEX TABLE t", true },
    { "REINDEX INDEX t_a", true },
    { "CLUSTER t USING t_a", false },
    { "VACUUM FULL t", false },
    { "ALTER TABLE keyless SET UNLOGGED", false },
    { "ALTER TABLE quick SET LOGGED", false },
    { "ALTER TABLE t SET TABLESPACE elsewhere", false },
    { "ALTER TABLE t SET ACCESS METHOD heap_too", false },
    { "ALTER TABLE pt ATTACH PARTITION later FOR VALUES FROM (200) TO (300)", false },
    { "ALTER TABLE pd ATTACH PARTITION later FOR VALUES FROM (200) TO (300)", false },
    { "CREATE TABLE pd_2 PARTITION OF pd FOR VALUES FROM (200) TO (300)", false },
    { "ALTER TABLE pt ADD CONSTRAINT pt_v_is CHECK (v >= 0)", true },
    { "ALTER DOMAIN positive_int ADD CONSTRAINT small CHECK (VALUE < 1000)", true },
    { "ALTER DOMAIN positive_int SET NOT NULL", false },
    { "REFRESH MATERIALIZED VIEW m", false },
};
const struct linted linted_harmless[] = {
    { "ALTER TABLE t ALTER COLUMN short TYPE varchar(40)", true },
    { "ALTER TABLE t ALTER COLUMN short TYPE varchar", true },
    { "ALTER TABLE t ALTER COLUMN short TYPE text", true },
    { "ALTER TABLE t ALTER COLUMN amount TYPE numeric(14,2)", true },
    { "ALTER TABLE t ALTER COLUMN amount TYPE numeric", true },
    { "ALTER TABLE t ALTER COLUMN net TYPE inet", true },
    { "ALTER TABLE t ALTER COLUMN at TYPE timestamp", true },
};
/* clang-format on */
const size_t linted_working_count = ARRAY_LEN(linted_working);
const size_t linted_harmless_count = ARRAY_LEN(linted_harmless);
