/* The kind "mariadb-pair": a MariaDB primary with data and a replica that follows it by GTID. */
#include "lab_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRIVATE      "private" /* what only the servers' user may read, and their temporary files */
#define CONFIG       "mariadb.cnf"
#define LOAD_QUERIES "1000000000" /* nobody rehearses longer */

enum { PRIMARY, REPLICA };

static const char *const servers[] = { [PRIMARY] = "primary", [REPLICA] = "replica" };

/* Durability is given up, because all of it is thrown away, and the files begin small; the rest is what a
 * careful production has, so that what is rehearsed here behaves the same. The two options of its replication
 * have to be the same whoever reads the file: the program that makes the data reads it, too. */
static const char config[] = "[mariadbd]\n"
                             "tmpdir = %s\n"
                             "bind-address = 127.0.0.1\n"
                             "skip-name-resolve\n"
                             "innodb-data-file-path = ibdata1:4M:autoextend\n"
                             "innodb-autoextend-increment = 1\n"
                             "innodb-temp-data-file-path = ibtmp1:1M:autoextend\n"
                             "innodb-log-file-size = 8M\n"
                             "innodb-buffer-pool-size = 32M\n"
                             "innodb-buffer-pool-dump-at-shutdown = OFF\n"
                             "innodb-buffer-pool-load-at-startup = OFF\n"
                             "innodb-flush-log-at-trx-commit = 0\n"
                             "innodb-flush-method = nosync\n"
                             "innodb-doublewrite = OFF\n"
                             "innodb-use-native-aio = OFF\n"
                             "sync-frm = OFF\n"
                             "binlog-format = ROW\n"
                             "gtid-strict-mode = ON\n"
                             "log-slave-updates = ON\n"
                             "plugin-load-add = metadata_lock_info\n";

/* One statement a line, as the program that makes the data wants it. Without checks of what is unique an
 * empty table is filled without undo. Nobody gets in over the network but the replica. */
static const char fill[] =
    "SET unique_checks = 0, foreign_key_checks = 0;\n"
    "CREATE DATABASE shop CHARACTER SET utf8mb4;\n"
    "CREATE TABLE shop.users (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(255) NOT NULL,"
    " created_at timestamp NOT NULL DEFAULT current_timestamp()) ENGINE = InnoDB;\n"
    "CREATE TABLE shop.orders (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id bigint NOT NULL,"
    " total decimal(12, 2) NOT NULL, created_at timestamp NOT NULL DEFAULT current_timestamp())"
    " ENGINE = InnoDB;\n"
    "INSERT INTO shop.users (id, email, created_at) SELECT seq, concat('user', seq, '@example.com'),"
    " now() - INTERVAL seq * 3 MINUTE FROM mysql.seq_1_to_200000;\n"
    "INSERT INTO shop.orders (id, user_id, total, created_at) SELECT seq, 1 + seq * 7919 %% 200000,"
    " seq * 37 %% 100000 / 100, now() - INTERVAL seq * 10 MINUTE FROM mysql.seq_1_to_50000;\n"
    /* What an application does: mostly looks, new orders, changed orders, now and then a new user. */
    "CREATE PROCEDURE shop.work() SQL SECURITY INVOKER BEGIN DECLARE dice int DEFAULT floor(rand() * 100);"
    " DECLARE who int DEFAULT 1 + floor(rand() * 200000);"
    " DO sleep(0.01); SELECT email INTO @email FROM shop.users WHERE id = who;"
    " IF dice < 10 THEN INSERT INTO shop.users (email) VALUES (concat('new', who, '@example.com'));"
    " ELSEIF dice < 60 THEN INSERT INTO shop.orders (user_id, total) VALUES (who, dice);"
    " ELSEIF dice < 90 THEN UPDATE shop.orders SET total = dice WHERE id = 1 + who %% 50000;"
    " ELSE UPDATE shop.users SET email = concat('user', who, '@example.net') WHERE id = who; END IF; END;\n"
    "DELETE FROM mysql.global_priv WHERE Host <> 'localhost';\n"
    "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';\n"
    "FLUSH PRIVILEGES;\n"
    "CREATE USER operator@localhost, app@localhost;\n"
    "GRANT ALL ON *.* TO operator@localhost WITH GRANT OPTION;\n"
    "GRANT ALL ON shop.* TO app@localhost;\n"
    "CREATE USER replica@127.0.0.1 IDENTIFIED BY '%s';\n"
    "GRANT REPLICATION REPLICA ON *.* TO replica@127.0.0.1;\n";

/* Both data began as one, and neither has a transaction in its log: there is no position to begin at. */
static const char follow[] =
    "CHANGE MASTER TO master_host = '127.0.0.1', master_port = %d, master_user = 'replica',"
    " master_password = '%s', master_use_gtid = slave_pos, master_connect_retry = 1;\n"
    "START REPLICA;\n"
    "SET GLOBAL read_only = ON;\n"
    "delimiter //\n"
    "BEGIN NOT ATOMIC WHILE NOT EXISTS (SELECT 1 FROM information_schema.global_status"
    " WHERE variable_name = 'SLAVE_RUNNING' AND variable_value = 'ON') DO DO sleep(0.01); END WHILE; END//\n";

static const char what_it_is[] =
    "SELECT if(@@read_only, concat('replica, ', if(variable_value = 'ON', 'following', 'not following')),"
    " concat('primary, ', (SELECT if(count(*) > 0, 'streaming', 'no replica')"
    " FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%')))"
    " FROM information_schema.global_status WHERE variable_name = 'SLAVE_RUNNING'";

/* ---- which programs ---- */

/* Where packages put them: a server's program often where only root looks. */
static const struct {
    const char *tools, *server;
} installed[] = { { "/usr/bin", "/usr/sbin" },
                  { "/usr/bin", "/usr/bin" },
                  { "/usr/bin", "/usr/libexec" },
                  { "/usr/local/bin", "/usr/local/bin" } };

static bool has_tools(const struct lab *lab, const char *tools, const char *server)
{
    static const char *const needed[] = { "mariadb", "mariadb-install-db", "mariadb-slap" };
    static const char *const served[] = { "mariadbd" };
    return lab_has_tools(lab, tools, needed, ARRAY_LEN(needed)) &&
           lab_has_tools(lab, server, served, ARRAY_LEN(served));
}

static int find_tools(struct lab *lab, struct err *err)
{
    const char *told = getenv("TMINUS_MARIADB_BIN");
    if (told != NULL && !has_tools(lab, told, told))
        return err_set(err, ERR_ENVIRONMENT, "TMINUS_MARIADB_BIN: there is no MariaDB server in %s", told);
    if (told != NULL)
        lab->tools = lab->server_tools = arena_text(lab->arena, told);
    for (size_t i = 0; i < ARRAY_LEN(installed) && lab->tools == NULL; i++) {
        if (!has_tools(lab, installed[i].tools, installed[i].server))
            continue;
        lab->tools = installed[i].tools;
        lab->server_tools = installed[i].server;
    }
    if (lab->tools != NULL)
        return 0;
    return err_set(err, ERR_ENVIRONMENT,
                   "there is no MariaDB server in /usr/sbin: install the package \"mariadb-server\"");
}

const struct lab_engine lab_engine_mariadb = {
    .name = "mariadb",
    .users = (const char *const[]){ "tminus-lab", "mysql", NULL },
    .program = "mariadbd",
    .pid_file = "server.pid",
    .end_signal = SIGKILL, /* all that it leaves is in its data */
    .load = "mariadb-slap",
    .find_tools = find_tools,
};

/* ---- the servers ---- */

static const char *socket_of(const struct lab *lab, size_t server)
{
    return lab_path(lab, arena_format(lab->arena, LAB_SOCKETS "/%s", servers[server]));
}

static struct lab_job client(const struct lab *lab, const char *name, size_t server)
{
    return (struct lab_job){
        .name = name,
        .output = -1,
        .args = { "mariadb", "--no-defaults", "--batch", "--skip-column-names", "--connect-timeout=5",
                  "--user=root", "--socket", socket_of(lab, server) },
    };
}

static struct lab_job server_job(const struct lab *lab, size_t server, int port)
{
    const char *name = servers[server], *data = lab_path(lab, name);
    return (struct lab_job){
        .name = name,
        .tools = lab->server_tools,
        .output = -1,
        .args = { "mariadbd", arena_format(lab->arena, "--defaults-file=%s", lab_path(lab, CONFIG)),
                  arena_format(lab->arena, "--datadir=%s", data),
                  arena_format(lab->arena, "--socket=%s", socket_of(lab, server)),
                  arena_format(lab->arena, "--pid-file=%s/%s", data, lab->kind->engine->pid_file),
                  arena_format(lab->arena, "--server-id=%zu", server + 1), "--log-bin=binlog",
                  server == PRIMARY ? arena_format(lab->arena, "--port=%d", port) : "--skip-networking" },
    };
}

/* A server follows another over TCP only. The port is free now; where somebody takes it before the server
 * does, the server says so and ends. */
static int free_port(int *ret, struct err *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int r = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot find a port on 127.0.0.1");
    *ret = ntohs(address.sin_port);
    if (fd >= 0)
        close(fd);
    return r;
}

static int make_password(const struct lab *lab, const char **ret, struct err *err)
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return err_set_errno(err, ERR_IO, errno, "cannot make a password");
    *ret = "";
    for (size_t i = 0; i < sizeof(bytes); i++)
        *ret = arena_format(lab->arena, "%s%02x", *ret, bytes[i]);
    return 0;
}

/* The data with the shop in it, and a copy of it. */
static int make_data(const struct lab *lab, struct err *err)
{
    struct lab_job install = {
        .name = "install",
        .output = -1,
        .args = { "mariadb-install-db", arena_format(lab->arena, "--defaults-file=%s", lab_path(lab, CONFIG)),
                  arena_format(lab->arena, "--datadir=%s", lab_path(lab, servers[PRIMARY])),
                  "--auth-root-authentication-method=normal", "--skip-test-db",
                  arena_format(lab->arena, "--extra-file=%s", lab_path(lab, PRIVATE "/fill.sql")) },
    };
    struct lab_job copy = {
        .name = "copy",
        .tools = "/bin",
        .output = -1,
        .args = { "cp", "-R", arena_format(lab->arena, "%s/.", lab_path(lab, servers[PRIMARY])),
                  lab_path(lab, servers[REPLICA]) },
    };
    int r = lab_run(lab, &install, err);
    return r < 0 ? r : lab_run(lab, &copy, err);
}

static int start_servers(const struct lab *lab, int port, struct err *err)
{
    struct lab_job jobs[] = { server_job(lab, PRIMARY, port), server_job(lab, REPLICA, port) };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(jobs) && r == 0; i++)
        r = lab_start(lab, &jobs[i], false, err);
    for (size_t i = 0; i < ARRAY_LEN(jobs) && r == 0; i++)
        r = lab_await_server(lab, &jobs[i], i, err);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        lab_job_finish(&jobs[i]);
    return r;
}

static int begin_following(const struct lab *lab, struct err *err)
{
    struct lab_job job = client(lab, "follow", REPLICA);
    lab_add_option(&job, "--execute",
                   arena_format(lab->arena, "source %s", lab_path(lab, PRIVATE "/follow.sql")));
    return lab_run(lab, &job, err);
}

static int write_files(const struct lab *lab, int port, struct err *err)
{
    const char *password = NULL;
    int r = make_password(lab, &password, err);
    if (r == 0)
        r = lab_write_file(lab, CONFIG, arena_format(lab->arena, config, lab_path(lab, PRIVATE)), err);
    if (r == 0)
        r = lab_write_file(lab, PRIVATE "/fill.sql", arena_format(lab->arena, fill, password), err);
    if (r == 0)
        r = lab_write_file(lab, PRIVATE "/follow.sql", arena_format(lab->arena, follow, port, password), err);
    return r;
}

static const char *dsn_of(const struct lab *lab, size_t server)
{
    return arena_format(lab->arena, "socket='%s' dbname=shop user=operator", socket_of(lab, server));
}

static int up(const struct lab *lab, struct err *err)
{
    const struct lab_target targets[] = { { servers[PRIMARY], dsn_of(lab, PRIMARY) },
                                          { servers[REPLICA], dsn_of(lab, REPLICA) } };
    int port = 0;
    int r = lab_make_directories(lab, err);
    if (r == 0)
        r = lab_make_directory(lab, PRIVATE, err);
    if (r == 0)
        r = free_port(&port, err);
    if (r == 0)
        r = write_files(lab, port, err);
    if (r == 0)
        r = make_data(lab, err);
    if (r == 0)
        r = start_servers(lab, port, err);
    if (r == 0)
        r = begin_following(lab, err);
    return r < 0 ? r : lab_write_targets(lab, targets, ARRAY_LEN(targets), err);
}

/* Two connections, each with a procedure that takes a pause before every transaction. */
static int load(const struct lab *lab, struct err *err)
{
    struct lab_job slap = {
        .name = "shop",
        .output = -1,
        .args = { "mariadb-slap", "--no-defaults", "--socket", socket_of(lab, PRIMARY), "--user=app",
                  "--create-schema=shop", "--no-drop", "--concurrency=2", "--number-of-queries=" LOAD_QUERIES,
                  "--query=CALL shop.work()" },
    };
    int r = lab_start(lab, &slap, false, err);
    lab_job_finish(&slap);
    return r;
}

static int ask(const struct lab *lab, size_t server, struct buf *ret, struct err *err)
{
    struct lab_job job = client(lab, "status", server);
    lab_add_option(&job, "--execute", what_it_is);
    return lab_hear(lab, &job, ret, err);
}

const struct lab_kind lab_mariadb = {
    "mariadb-pair", &lab_engine_mariadb, servers, ARRAY_LEN(servers), up, load, ask
};
