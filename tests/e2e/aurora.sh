# What the scenarios of the move to Aurora share. Neither MySQL 8.0 nor Aurora can be had here: two MariaDB servers play
# their parts, and aws.py stands in for AWS. Sourced after lib.sh.
# shellcheck source=tests/e2e/two_servers.sh
. "$here/two_servers.sh"

# The book as it is shipped, but for the engine that its servers are of.
book_of_the_move=$work/mysql-to-aurora.json
sed 's/"engine": "mysql", "version": "8.0" }/"engine": "mariadb" }/g' "$here/../../runbooks/mysql-to-aurora.json" >"$book_of_the_move"
cp -R "$here/../../runbooks/checks" "$work/checks"

# aws_says NAME VALUE: what the stand-in answers from now on; never a half of it.
aws_says() {
    python3 -c 'import json, os, sys
path, name, value = sys.argv[1:]
state = json.load(open(path))
state[name] = json.loads(value)
with open(path + ".says", "w") as file:
    json.dump(state, file)
os.replace(path + ".says", path)' "$work/bin/aws.json" "$1" "$2"
}

servers_up() {
    mkdir "$work/bin"
    # Many calls: the interpreter itself, and nothing around it.
    sed "1s|.*|#!$(python3 -c 'import sys; print(sys.executable)') -SE|" "$here/aws.py" >"$work/bin/aws"
    chmod +x "$work/bin/aws"
    echo '{ "tasks": {}, "instance": "available", "hours": 2, "latency": "1.0", "schema": "shop" }' >"$work/bin/aws.json"
    PATH=$work/bin:$PATH
    start_maria old "$old_port" 1
    start_maria new "$new_port" 2
    await_servers
    aws_says port "$old_port"
    aws_says password "\"$REPLICATION_PASSWORD\""
    aws_says sockets "{ \"old\": \"$data/old.sock\", \"new\": \"$data/new.sock\" }"
    make_shop
    ask new "CREATE USER shop_app@localhost IDENTIFIED BY 'app-geheim'; GRANT SELECT ON shop.* TO shop_app@localhost"
    ask new "CREATE PROCEDURE mysql.rds_set_configuration(name text, value int) DO 0"
    echo old >"$route"
    : >"$work/open"
    targets=$work/targets.json
    cat >"$targets" <<END
{ "old": { "engine": "mariadb", "dsn": "unix_socket=$data/old.sock user=root dbname=mysql" },
  "new": { "engine": "mariadb", "dsn": "unix_socket=$data/new.sock user=root dbname=mysql" } }
END
}

# with_move COMMAND...: it, with the params of the book.
with_move() {
    "$@" --param new_host=127.0.0.1 --param "new_port=$new_port" \
        --param "old_options=$work/operator_old.cnf" --param "new_options=$work/operator_new.cnf" \
        --param "application_on_old=$work/application_old.cnf" --param "application_on_new=$work/application_new.cnf" \
        --param "definitions=mariadb-dump --defaults-file=\"\$1\" --no-data --skip-triggers --databases \"\$2\"" \
        --param "programs=mariadb-dump --defaults-file=\"\$1\" --no-data --no-create-info --triggers --routines \"\$2\"" \
        --param instance_arn=arn:aws:dms:eu-central-1:123456789012:rep:MIG --param instance_id=mig \
        --param source_arn=arn:aws:dms:eu-central-1:123456789012:endpoint:OLD --param target_arn=arn:aws:dms:eu-central-1:123456789012:endpoint:NEW \
        --param cluster=shop --param latency_seconds=5 \
        --param "smoke=INSERT INTO customers (email) VALUES ('smoke@x'); UPDATE stock SET amount = amount + 1" \
        --param "app_down=rm -f $work/open" --param "app_up=: >$work/open" \
        --param "route_to_old=echo old >$route.next && mv $route.next $route" \
        --param "route_to_new=echo new >$route.next && mv $route.next $route" \
        --param "tell=echo \"\$1\" >>$work/told"
}

# What is there, and what is set.
state_of() {
    ask "$1" "SELECT schema_name FROM information_schema.schemata ORDER BY 1; SELECT user, host FROM mysql.user ORDER BY 1, 2"
    ask "$1" "SHOW GRANTS FOR shop_app@localhost; SELECT @@GLOBAL.read_only; SHOW SLAVE STATUS"
}
