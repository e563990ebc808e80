# What the scenarios of moves between servers of MySQL and MariaDB share: two servers, "old" and "new", a shop with odd
# values, an application that writes and is never told what goes on, and what is judged. Sourced after lib.sh.

PATH=$PATH:/usr/sbin:/usr/local/sbin
data=$work/servers
route=$work/route
acknowledged=$work/acknowledged
owner=$(id -un)
[ "$owner" != root ] || owner=tminus-lab
become=
[ "$(id -u)" != 0 ] || become="setpriv --reuid=$owner --regid=$(id -g "$owner") --clear-groups"
export REPLICATION_PASSWORD=follow-me

mkdir -m 711 "$data"
[ "$(id -u)" != 0 ] || chown "$owner" "$data"

# free_port: one of this machine that nobody listens on.
free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

old_port=$(free_port)
new_port=$(free_port)

# What is the same on both: all of it is thrown away, so nothing is durable. The names of the settings are MySQL's.
settings="--no-defaults --bind-address=127.0.0.1 --skip-name-resolve --innodb-data-file-path=ibdata1:10M:autoextend
    --innodb-autoextend-increment=1 --innodb-buffer-pool-size=32M --innodb-flush-log-at-trx-commit=0 --skip-innodb-doublewrite
    --innodb-use-native-aio=0 --binlog-format=ROW --sql-mode=STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION
    --character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci"

# start_mysql56: "old". TMINUS_MYSQL56 names the directory of MySQL 5.6; ./dev setup makes it.
start_mysql56() {
    [ -x "${TMINUS_MYSQL56-}/bin/mysqld" ] || fail "TMINUS_MYSQL56 names no MySQL 5.6: ./dev setup makes one"
    mysql56=$(CDPATH='' cd -- "$TMINUS_MYSQL56" && pwd -P)
    old_settings="$settings --tmpdir=$data/old.tmp --basedir=$mysql56 --lc-messages-dir=$mysql56/share --datadir=$data/old --innodb-log-file-size=4M"
    # shellcheck disable=SC2086
    {
        $become mkdir -p "$data/old.tmp" "$data/old/mysql"
        { echo 'use mysql;' && cat "$mysql56/share/mysql_system_tables.sql" "$mysql56/share/mysql_system_tables_data.sql"; } |
            $become env LD_LIBRARY_PATH="$mysql56/lib" "$mysql56/bin/mysqld" $old_settings --bootstrap >"$work/bootstrap.log" 2>&1 ||
            fail "MySQL 5.6 makes no data: $(tail -n 5 "$work/bootstrap.log")"
        $become env LD_LIBRARY_PATH="$mysql56/lib" "$mysql56/bin/mysqld" $old_settings --socket="$data/old.sock" --port="$old_port" \
            --pid-file="$data/old.pid" --server-id=1 --log-bin="$data/old/bin" --expire-logs-days=7 --event-scheduler=ON >"$work/old.log" 2>&1 &
    }
    background="${background-} $!"
}

# start_maria old|new PORT ID OPTION...
start_maria() {
    server=$1 port=$2 id=$3
    shift 3
    # shellcheck disable=SC2086
    {
        # Its own: a server that starts removes what others have there.
        $become mkdir -p "$data/$server.tmp"
        $become mariadb-install-db --no-defaults --datadir="$data/$server" --tmpdir="$data/$server.tmp" --auth-root-authentication-method=normal --skip-test-db \
            --innodb-data-file-path=ibdata1:10M:autoextend --innodb-log-file-size=8M >"$work/install.log" 2>&1 ||
            fail "MariaDB makes no data: $(tail -n 5 "$work/install.log")"
        $become mariadbd $settings --datadir="$data/$server" --tmpdir="$data/$server.tmp" --innodb-log-file-size=8M --socket="$data/$server.sock" --port="$port" \
            --pid-file="$data/$server.pid" --server-id="$id" --log-bin=bin --expire-logs-days=7 --event-scheduler=OFF \
            --innodb-flush-method=nosync "$@" >"$work/$server.log" 2>&1 &
    }
    background="${background-} $!"
}

await_servers() {
    for server in old new; do
        answers() {
            ask "$server" 'SELECT 1' >/dev/null
        }
        within 60000 "the server $server answers" answers
    done
}

# ask old|new STATEMENT: one row a line, as an operator.
ask() {
    mariadb --no-defaults --socket="$data/$1.sock" --user=root --default-character-set=utf8mb4 --skip-column-names --batch -e "$2"
}

option_file() {
    printf '[client]\nsocket=%s\nuser=%s\npassword=%s\ndefault-character-set=utf8mb4\n' "$data/$2.sock" "$3" "$4" >"$work/$1.cnf"
}

make_shop() {
    ask old "CREATE DATABASE shop CHARACTER SET utf8mb4"
    ask old "USE shop;
        CREATE TABLE customers (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(120) NOT NULL, name varchar(80) CHARACTER SET latin1,
            born date, seen timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, UNIQUE KEY email (email)) ENGINE=InnoDB;
        CREATE TABLE orders (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id int NOT NULL, total decimal(12,2) NOT NULL,
            note text, token varbinary(16), at datetime(6), KEY customer (customer_id), KEY note (note(20)),
            CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE) ENGINE=InnoDB;
        CREATE TABLE audit (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id bigint unsigned NOT NULL, what varchar(20) NOT NULL) ENGINE=InnoDB;
        CREATE TABLE stock (sku char(8) NOT NULL, place smallint NOT NULL, amount int, PRIMARY KEY (sku, place)) ENGINE=InnoDB;
        CREATE TRIGGER orders_audit AFTER INSERT ON orders FOR EACH ROW INSERT INTO audit (order_id, what) VALUES (NEW.id, 'new');
        CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM audit WHERE id < 0;
        CREATE PROCEDURE total_of(who int) READS SQL DATA SELECT SUM(total) FROM orders WHERE customer_id = who;
        CREATE SQL SECURITY INVOKER VIEW recent AS SELECT id, total FROM orders WHERE total > 10;
        INSERT INTO customers (email, name, born) VALUES ('a@x', 'é', '1000-01-01'), ('b@x', NULL, '9999-12-31'), ('c@x', '', NULL);
        INSERT INTO orders (customer_id, total, note, token, at) VALUES (1, 0.01, NULL, NULL, NULL), (2, -99999999.99, '', '', '2026-03-29 02:30:00.000001'),
            (3, 1, 'NULL', x'00ff275c0a', '1000-01-01'), (1, 2, 'O''Brien \"q\" \\\\ \\t\\n\\r', x'5c', NOW(6)), (1, 3, '👩‍👩‍👧 é', NULL, NULL);
        INSERT INTO stock VALUES ('a', 1, 5), ('A ', 2, NULL), ('b', 1, 0)"
    for n in 1 2 3 4 5 6 7 8; do
        ask old "USE shop; INSERT INTO orders (customer_id, total, note) SELECT 1 + id % 3, id % 97, CONCAT('bulk $n ', id) FROM orders"
    done
    ask old "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, EXECUTE ON shop.* TO shop_app@localhost IDENTIFIED BY 'app-geheim'"
    for server in old new; do
        ask "$server" "CREATE USER mig_repl@'127.0.0.1' IDENTIFIED BY '$REPLICATION_PASSWORD'; GRANT REPLICATION SLAVE ON *.* TO mig_repl@'127.0.0.1'"
        ask "$server" "DELETE FROM mysql.user WHERE user = ''; FLUSH PRIVILEGES" 2>/dev/null || true
        option_file "operator_$server" "$server" root ''
        option_file "application_$server" "$server" shop_app app-geheim
        printf '[mysql]\ndatabase=shop\n' >>"$work/application_$server.cnf"
    done
}

# The application: it writes where the route says, one transaction after the other, and notes each one that was
# acknowledged, with the server that did it.
writer() {
    mark=0
    while [ -e "$work/writing" ]; do
        mark=$((mark + 1))
        where=$(cat "$route")
        if mariadb --defaults-file="$work/application_$where.cnf" -e \
            "BEGIN; INSERT INTO orders (customer_id, total, note) VALUES (1 + $mark % 3, $mark, 'mark $mark'); UPDATE stock SET amount = $mark WHERE place = 1; COMMIT" \
            2>>"$work/writer.errors"; then
            echo "$mark $where" >>"$acknowledged"
        else
            echo "$mark" >>"$work/unacknowledged"
        fi
        sleep 0.05
    done
}

start_writer() {
    : >"$acknowledged"
    : >"$work/unacknowledged"
    : >"$work/writing"
    writer &
    writer_pid=$!
    background="$background $writer_pid"
    writes_go_on old 3
}

stop_writer() {
    rm -f "$work/writing"
    wait "$writer_pid" 2>/dev/null || true
}

# At least so many writes of the application more than now are acknowledged by that server.
writes_go_on() {
    want=$(($(grep -c " $1\$" "$acknowledged" || true) + $2))
    enough() {
        [ "$(grep -c " $1\$" "$acknowledged")" -ge "$want" ]
    }
    within 60000 "the application writes on $1" enough "$1"
}

writes_refused() {
    had=$(wc -l <"$work/unacknowledged")
    refused_more() {
        [ "$(wc -l <"$work/unacknowledged")" -ge $((had + 3)) ]
    }
    within 20000 "the application's writes are refused" refused_more
}

# Every acknowledged write is there, once; so is at most once what was not acknowledged. What the trigger writes goes along.
judge_writes_on() {
    sed 's/ .*//' "$acknowledged" | sort >"$work/expected"
    ask "$1" "SELECT SUBSTR(note, 6) FROM shop.orders WHERE note LIKE 'mark %'" | sort >"$work/found"
    lost=$(comm -23 "$work/expected" "$work/found" | tr '\n' ' ')
    [ -z "$lost" ] || fail "lost on $1: $lost"
    doubled=$(uniq -d "$work/found" | tr '\n' ' ')
    [ -z "$doubled" ] || fail "doubled on $1: $doubled"
    phantom=$(comm -13 "$work/expected" "$work/found" | grep -v -x -F -f "$work/unacknowledged" | tr '\n' ' ') || true
    [ -z "$phantom" ] || fail "never written, and found on $1: $phantom"
    [ "$(ask "$1" "SELECT COUNT(*) FROM shop.orders WHERE note = 'straggler'")" = 0 ] || fail "the straggler is on $1"
    [ "$(ask "$1" "SELECT (SELECT COUNT(*) FROM shop.orders) - (SELECT COUNT(DISTINCT order_id) FROM shop.audit)")" = 0 ] ||
        fail "the trigger's rows are not those of the orders on $1"
}
