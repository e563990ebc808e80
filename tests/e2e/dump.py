"""A dump as mysqldump writes it: definitions and rows of one moment, with the position of it. MariaDB's own program asks
MySQL 5.6 for what it does not have. Usage: dump.py OPTION-FILE SCHEMA..."""

import subprocess
import sys


class Client:
    """One session of the server; what it answers is read up to a mark."""

    def __init__(self, options):
        argv = ["mariadb", "--defaults-file=" + options, "--batch", "--raw", "--skip-column-names", "--unbuffered"]
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, sql, schema=None):
        use = "USE `%s`;\n" % schema if schema else ""
        self.child.stdin.write((use + sql + ";\nSELECT '==end==';\n").encode())
        self.child.stdin.flush()
        lines = []
        for line in self.child.stdout:
            if line == b"==end==\n":
                return b"".join(lines)
            lines.append(line)
        sys.exit("the server went away")

    def rows(self, sql, schema=None):
        return [line.split(b"\t") for line in self.ask(sql, schema).splitlines()]


def say(text):
    sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode())


def definition(client, schema, what, column):
    """What SHOW CREATE says in that column; none of the shop's has a tab in it."""
    return client.ask("SHOW CREATE " + what, schema).decode().split("\t")[column].rstrip("\n")


def table(client, schema, name):
    created = client.ask("SHOW CREATE TABLE `%s`" % name, schema).decode().split("\t", 1)[1].rstrip("\n")
    say(created + ";\n")
    columns = client.rows(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = '%s'"
        " AND table_name = '%s' ORDER BY ordinal_position" % (schema, name))
    parts = []
    for column, kind in columns:
        name_of = "`%s`" % column.decode()
        plain = b"binary" not in kind and b"blob" not in kind
        # A line of the answer is a row: the text is told in hexadecimal.
        value = ("CONCAT('CONVERT(x''', HEX(CONVERT(%s USING utf8mb4)), ''' USING utf8mb4)')" if plain
                 else "CONCAT('x''', HEX(%s), '''')") % name_of
        parts.append("IFNULL(%s, 'NULL')" % value)
    rows = [row[0] for row in client.rows("SELECT CONCAT_WS(', ', %s) FROM `%s`" % (", ".join(parts), name), schema)]
    for at in range(0, len(rows), 200):
        say(b"INSERT INTO `%s` VALUES (%s);\n" % (name.encode(), b"), (".join(rows[at:at + 200])))


def main():
    client = Client(sys.argv[1])
    client.ask("FLUSH TABLES WITH READ LOCK; SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
               " START TRANSACTION WITH CONSISTENT SNAPSHOT")
    log, at = client.rows("SHOW MASTER STATUS")[0][:2]
    client.ask("UNLOCK TABLES")
    say("-- CHANGE MASTER TO MASTER_LOG_FILE='%s', MASTER_LOG_POS=%s;\n" % (log.decode(), at.decode()))
    say("SET NAMES utf8mb4, sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00';\n")
    client.ask("SET time_zone = '+00:00'")
    for schema in sys.argv[2:]:
        charset = client.rows("SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = '%s'" % schema)
        say("CREATE DATABASE `%s` CHARACTER SET %s; USE `%s`;\n" % (schema, charset[0][0].decode(), schema))
        of = "FROM information_schema.%s WHERE %s_schema = '" + schema + "'"
        for row in client.rows("SELECT table_name " + of % ("tables", "table") + " AND table_type = 'BASE TABLE'"):
            table(client, schema, row[0].decode())
        say("DELIMITER //\n")
        for kind, source, field in (("trigger", "triggers", 2), ("event", "events", 3)):
            for row in client.rows("SELECT %s_name " % kind + of % (source, kind)):
                say(definition(client, schema, "%s `%s`" % (kind, row[0].decode()), field) + "//\n")
        for row in client.rows("SELECT routine_type, routine_name " + of % ("routines", "routine")):
            kind = row[0].decode()
            say(definition(client, schema, "%s `%s`" % (kind, row[1].decode()), 2) + "//\n")
        for row in client.rows("SELECT table_name " + of % ("views", "table")):
            say(definition(client, schema, "VIEW `%s`" % row[0].decode(), 1) + "//\n")
        say("DELIMITER ;\n")
    say("-- Dump completed\n")


main()
