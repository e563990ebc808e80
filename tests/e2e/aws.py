#!/usr/bin/env python3
"""Stands in for the program aws, as far as mysql-to-aurora.json calls it: it answers as AWS documents it, keeps what it
was told in the file "aws.json" beside it, and carries rows over as DMS would, by the replication of the two servers. What
it does not know ends with 252, as an unknown option of aws does."""

import datetime
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
STATE = os.path.join(HERE, "aws.json")


def mysql(server, sql):
    argv = ["mariadb", "--no-defaults", "--socket=" + settings["sockets"][server], "--user=root", "--batch", "--skip-column-names"]
    return subprocess.run(argv, input=sql if isinstance(sql, bytes) else sql.encode(),
                          check=True, capture_output=True).stdout.decode()


def load():
    """Rows only, of one moment, into tables that are there; what follows comes by replication from that position on."""
    mysql("new", "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = %d, MASTER_USER = 'mig_repl', MASTER_PASSWORD = '%s',"
          " MASTER_USE_GTID = no" % (settings["port"], settings["password"]))
    argv = ["mariadb-dump", "--no-defaults", "--socket=" + settings["sockets"]["old"], "--user=root", "--no-create-info", "--skip-triggers",
            "--single-transaction", "--master-data=1", "--ignore-table=mig.taken", "--databases", settings["schema"], "mig"]
    rows = subprocess.run(argv, check=True, capture_output=True).stdout
    mysql("new", rows)
    mysql("new", "START SLAVE")


def fault(operation, said):
    print("\nAn error occurred (ResourceNotFoundFault) when calling the %s operation: %s" % (operation, said), file=sys.stderr)
    sys.exit(254)


def task(of):
    """What takes its time is over when it is looked at, but for the beginning and the deletion of a task: at the second look."""
    name = of["filters"].split("Values=")[1]
    found = settings["tasks"].get(name)
    if found is None:
        fault("DescribeReplicationTasks", "No Tasks found matching the given filters.")
    if of["query"].endswith("Arn"):
        return "arn:aws:dms:eu-central-1:123456789012:task:" + name
    status = found["status"] = {"creating": "ready", "stopping": "stopped"}.get(found["status"], found["status"])
    found["status"] = {"starting": "running"}.get(status, status)
    if status == "deleting":
        del settings["tasks"][name]
    return status


def named(of):
    name = of["replication-task-arn"].rsplit(":", 1)[1]
    if name not in settings["tasks"]:
        fault("DescribeReplicationTask", "No Task found with that ARN.")
    return name, settings["tasks"][name]


def create(of):
    for option in ("table-mappings", "replication-task-settings"):
        json.loads(of[option])
    settings["tasks"][of["replication-task-identifier"]] = {"status": "creating", "looks": 0}
    settings["schema"] = json.loads(of["table-mappings"])["rules"][0]["object-locator"]["schema-name"]


def start(of):
    found = named(of)[1]
    if of["start-replication-task-type"] == "start-replication" and found["status"] == "ready":
        load()
    elif of["start-replication-task-type"] == "resume-processing" and found["status"] == "stopped":
        mysql("new", "START SLAVE")
    else:
        sys.exit("An error occurred (InvalidResourceStateFault)")
    found.update(status="starting", looks=0)


def stop(of):
    mysql("new", "STOP SLAVE")
    named(of)[1]["status"] = "stopping"


def delete(of):
    found = named(of)[1]
    if found["status"] == "running":
        sys.exit("An error occurred (InvalidResourceStateFault)")
    mysql("new", "STOP SLAVE; RESET SLAVE ALL")
    found["status"] = "deleting"


def statistics(of):
    found = named(of)[1]
    found["looks"] += 1
    count = len(mysql("old", "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = '%s'"
                      % settings["schema"]).split()) + 1
    before, after = {"TableStatistics[].TableState": ("Full load", "Table completed"),
                     "TableStatistics[].ValidationState": ("Pending records", "Validated")}[of["query"]]
    states = [settings.get("table_state") or after] * count
    if found["looks"] % 2:
        states[0] = before
    return "\t".join(states)


def instances(of):
    if of["query"].endswith("InstanceCreateTime"):
        made = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=settings["hours"])
        return made.isoformat()
    return settings["instance"]


def end_instance(of):
    if settings["instance"] == "deleted":
        fault("DeleteReplicationInstance", "Replication Instance not found.")
    settings["instance"] = "deleted"


COMMANDS = {
    ("dms", "describe-replication-instances"): instances,
    ("dms", "describe-connections"): lambda of: "successful",
    ("rds", "describe-db-clusters"): lambda of: "available\t8.0.mysql_aurora.3.08.0",
    ("dms", "describe-replication-tasks"): task,
    ("dms", "create-replication-task"): create,
    ("dms", "start-replication-task"): start,
    ("dms", "stop-replication-task"): stop,
    ("dms", "delete-replication-task"): delete,
    ("dms", "describe-table-statistics"): statistics,
    ("cloudwatch", "get-metric-statistics"): lambda of: settings["latency"],
    ("dms", "delete-replication-instance"): end_instance,
}

if sys.argv[1:] == ["--version"]:
    print("aws-cli/2.17.0 a stand-in")
    sys.exit(0)
with open(STATE, encoding="utf-8") as file:
    settings = json.load(file)
words = sys.argv[1:]
options, name = {}, None
for word in words[2:]:
    if word.startswith("--"):
        name = word[2:]
        options[name] = ""
    else:
        options[name] = (options[name] + " " + word).strip()
command = COMMANDS.get(tuple(words[:2]))
if command is None:
    print("aws: error: argument command: Invalid choice", file=sys.stderr)
    sys.exit(252)
answer = command(options)
with open(STATE + ".next", "w", encoding="utf-8") as file:
    json.dump(settings, file)
os.replace(STATE + ".next", STATE)
print(answer if answer is not None else "{}")
