# What the scenarios of the move from MySQL 5.6 to MariaDB share: the servers, the params of the book, and what each server
# was before. Sourced after lib.sh.
# shellcheck source=tests/e2e/two_servers.sh
. "$here/two_servers.sh"

book_of_the_move=$here/../../runbooks/mysql-5.6-to-mariadb.json

# A dump as mysqldump writes one, which is not there: definitions and rows of one moment, and the position of it.
cat >"$work/dump" <<'END'
#!/bin/sh
set -eu
options=$1
shift
exec python3 "${0%/*}/dump.py" "$options" "$@"
END
chmod +x "$work/dump"

servers_up() {
    cp "$here/dump.py" "$work/dump.py"
    start_mysql56
    start_maria new "$new_port" 2 --read-only
    await_servers
    make_shop
    echo old >"$route"
    targets=$work/targets.json
    cat >"$targets" <<END
{ "old": { "engine": "mysql", "dsn": "unix_socket=$data/old.sock user=root dbname=mysql" },
  "new": { "engine": "mariadb", "dsn": "unix_socket=$data/new.sock user=root dbname=mysql" } }
END
}

# with_move COMMAND...: it, with the params of the book.
with_move() {
    "$@" --param old_host=127.0.0.1 --param "old_port=$old_port" --param new_host=127.0.0.1 --param "new_port=$new_port" \
        --param "old_options=$work/operator_old.cnf" --param "new_options=$work/operator_new.cnf" \
        --param "application_on_old=$work/application_old.cnf" --param "application_on_new=$work/application_new.cnf" \
        --param "dump=exec $work/dump \"\$1\" \"\$2\" \"\$3\"" --param operators=root --param events=ON \
        --param "smoke=INSERT INTO customers (email) VALUES ('smoke@x'); UPDATE stock SET amount = amount + 1" \
        --param "route_to_old=echo old >$route.next && mv $route.next $route" \
        --param "route_to_new=echo new >$route.next && mv $route.next $route" \
        --param "tell=echo \"\$1\" >>$work/told"
}

# What is there on MySQL: definitions, rights, settings.
state_of_old() {
    ask old "SELECT table_name, column_name, column_type, is_nullable, column_default, collation_name FROM information_schema.columns WHERE table_schema = 'shop' ORDER BY 1, 2"
    ask old "SELECT schema_name FROM information_schema.schemata ORDER BY 1"
    ask old "SELECT user, host, Super_priv FROM mysql.user ORDER BY 1, 2; SHOW GRANTS FOR shop_app@localhost; SHOW SLAVE STATUS"
    ask old "SELECT @@GLOBAL.read_only, @@GLOBAL.event_scheduler; SELECT event_name, status FROM information_schema.events"
}

# And of MariaDB before anything was made.
state_of_new() {
    ask new "SELECT schema_name FROM information_schema.schemata ORDER BY 1; SELECT user, host FROM mysql.user ORDER BY 1, 2"
    ask new "SELECT @@GLOBAL.read_only, @@GLOBAL.event_scheduler; SHOW SLAVE STATUS"
}
