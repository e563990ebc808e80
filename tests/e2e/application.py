"""application.py WORK SOCKETS KIND: an application of two workers that writes users, by flags that others turn.

WORK/flags/NAME holds a percentage. A worker acknowledges both flags at the beginning of an operation in
WORK/workers/N/NAME: what was begun by another percentage is over then. It owns every second row up to 400 and a ledger,
WORK/ledger.N, and writes "ID VALUE" there only after the server has acknowledged; of a row that came its name stands in
the place of the ID, and "left" is the value of one that went. What it wrote it reads again on the path of the reads'
flag: another value goes to WORK/stale. What failed goes to WORK/errors, but for deadlocks: an application tries again.
It goes on while WORK/writing is there, and rests while WORK/pause is: WORK/workers/N/paused then says that nothing is out.
"""
import pathlib
import subprocess
import sys
import threading
import time

TOUCHED = 400

STATUS = ["active", "inactive", "suspended", "pending"]
SPELT = {"active": "' ACTIVE'", "inactive": "'disabled'", "suspended": "'Suspended '", "pending": "NULL"}
MEANING = (
    "CASE lower(btrim(status)) WHEN 'active' THEN 'active' WHEN 'inactive' THEN 'inactive' WHEN 'disabled' THEN 'inactive'"
    " WHEN 'banned' THEN 'suspended' WHEN 'suspended' THEN 'suspended' ELSE 'pending' END"
)


class Split:
    """A table and its two children. New code locks the parent first, and writes over what a trigger has made."""

    flags = "users-split-reads", "users-split-writes"

    def value(self, worker, n):
        return f"mark {worker}-{n}"

    def write_old(self, id, value):
        return f"UPDATE users SET bio = '{value}', last_seen = clock_timestamp(), theme = '{value}' WHERE id = {id};"

    def write_new(self, id, value):
        return (
            f"BEGIN; SELECT FROM users WHERE id = {id} FOR NO KEY UPDATE;"
            f" UPDATE profiles SET bio = '{value}', last_seen = clock_timestamp() WHERE user_id = {id};"
            f" UPDATE preferences SET theme = '{value}' WHERE user_id = {id}; COMMIT;"
        )

    def come_old(self, name, value):
        return f"INSERT INTO users (email, bio, theme) VALUES ('{name}', '{value}', '{value}');"

    def come_new(self, name, value):
        return (
            f"BEGIN; INSERT INTO users (email) VALUES ('{name}');"
            f" INSERT INTO profiles (user_id, bio) VALUES (lastval(), '{value}')"
            " ON CONFLICT (user_id) DO UPDATE SET bio = excluded.bio;"
            f" INSERT INTO preferences (user_id, theme) VALUES (lastval(), '{value}')"
            " ON CONFLICT (user_id) DO UPDATE SET theme = excluded.theme; COMMIT;"
        )

    def read_old(self, id):
        return f"SELECT bio FROM users WHERE id = {id} AND theme = bio;"

    def read_new(self, id):
        return (
            "SELECT p.bio FROM users JOIN profiles p ON p.user_id = id JOIN preferences q ON q.user_id = id"
            f" WHERE id = {id} AND q.theme = p.bio;"
        )


class Status:
    """Two columns of one table: old code spells as it likes, new code knows four values."""

    flags = "users-status-reads", "users-status-writes"

    def value(self, worker, n):
        return STATUS[n * 7 // 2 % 4]

    def write_old(self, id, value):
        return f"UPDATE users SET status = {SPELT[value]}, logins = logins + 1 WHERE id = {id};"

    def write_new(self, id, value):
        return f"UPDATE users SET status_v2 = '{value}', logins = logins + 1 WHERE id = {id};"

    def come_old(self, name, value):
        return f"INSERT INTO users (email, status) VALUES ('{name}', {SPELT[value]});"

    def come_new(self, name, value):
        return f"INSERT INTO users (email, status_v2) VALUES ('{name}', '{value}');"

    def read_old(self, id):
        return f"SELECT {MEANING} FROM users WHERE id = {id};"

    def read_new(self, id):
        return f"SELECT status_v2 FROM users WHERE id = {id};"


class Session:
    def __init__(self, sockets):
        command = ["psql", "-XqAt", "-h", sockets, "-p", "5432", "-U", "app", "-d", "shop"]
        self.psql = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ask(self, sql):
        self.psql.stdin.write(sql + "\n\\echo <end>\n")
        self.psql.stdin.flush()
        said = ""
        for line in self.psql.stdout:
            if line == "<end>\n":
                return said.strip("\n")
            said += line
        return said + "ERROR: psql has ended"


class Worker:
    def __init__(self, work, sockets, kind, number):
        self.work, self.kind, self.number = work, kind, number
        self.session = Session(sockets)
        self.place = work / "workers" / str(number)
        self.place.mkdir(parents=True)

    def note(self, name, text):
        with open(self.work / name, "a") as file:
            file.write(text + "\n")

    def acknowledge(self, flag):
        try:
            percent = (self.work / "flags" / flag).read_text().strip()
        except OSError:
            percent = "0"
        next = self.place / (flag + ".next")
        next.write_text(percent)
        next.rename(self.place / flag)
        return int(percent)

    def done(self, sql, id, value):
        said = self.session.ask(sql)
        while "deadlock detected" in said:
            said = self.session.ask("ROLLBACK;\n" + sql)
        if "ERROR" in said or "FATAL" in said:
            self.note("errors", f"{sql}: {said}")
            self.session.ask("ROLLBACK;")
            return False
        self.note(f"ledger.{self.number}", f"{id} {value}")
        return True

    def operate(self, n):
        reads, writes = (self.acknowledge(flag) for flag in self.kind.flags)
        path = "new" if n * 53 % 100 < reads else "old"
        how = "new" if n * 37 % 100 < writes else "old"
        id = 1 + (self.number + n * 2) % TOUCHED
        value = self.kind.value(self.number, n)
        if n % 7 == 0:
            name = f"new{self.number}-{n}"
            self.done(getattr(self.kind, "come_" + how)(name, value), name, value)
        elif n % 7 == 1 and n > 50:
            name = f"new{self.number}-{n - 50}"
            self.done(f"DELETE FROM users WHERE email = '{name}';", name, "left")
        elif self.done(getattr(self.kind, "write_" + how)(id, value), id, value):
            seen = self.session.ask(getattr(self.kind, "read_" + path)(id))
            if seen != value:
                self.note("stale", f"{id}, written {how}, read {path}: {seen!r}, not {value!r}")

    def go_on(self):
        n = 0
        while (self.work / "writing").exists():
            if (self.work / "pause").exists():
                (self.place / "paused").touch()
            else:
                (self.place / "paused").unlink(missing_ok=True)
                n += 1
                self.operate(n)
            time.sleep(0.02)
        for file in self.place.iterdir():
            file.unlink()
        self.place.rmdir()


def main():
    work, sockets, kind = pathlib.Path(sys.argv[1]), sys.argv[2], {"split": Split, "status": Status}[sys.argv[3]]()
    workers = [Worker(work, sockets, kind, number) for number in (1, 2)]
    threads = [threading.Thread(target=worker.go_on) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
