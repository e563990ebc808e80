"""examples.py TMINUS ROOT: does the program take the examples of tminus-runbook.5?

The examples that are parts of a book are put into one book, which is shown by `tminus dry-run`. A whole book is shown
as it stands.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# What the examples use and none of them declares.
FRAME = {
    "tminus": 1, "id": "examples", "title": "The examples of the manual",
    "targets": {
        "primary": {"engine": "postgresql", "role": "primary"},
        "replica": {"engine": "postgresql", "role": "replica", "of": "primary"},
        "old": {"engine": "postgresql"}, "new": {"engine": "postgresql"}, "shop": {"engine": "mysql"}},
    "params": {"token": {"type": "secret", "from": "env:TOKEN"}},
    "communications": {"begun": {"to": "support", "via": "command", "argv": ["echo"], "text": "It has begun."}},
}
POSITION = {"id": "position", "kind": "verify", "target": "primary", "sql": "SELECT pg_current_wal_lsn()",
            "as": "position"}
# Declared by examples, and used by none.
USES = {"id": "uses", "kind": "command", "argv": ["echo", "${table}", "${batch}"], "env": {"HOOK": "${hook}"},
        "rollback": [{"kind": "none", "why": "it only speaks"}]}


def examples_of(page):
    for block in re.findall(r"\.Bd -literal.*?\n(.*?)\.Ed", page, re.S):
        yield block.replace("\\e", "\\")


def parts_of(page):
    """What each example is: whole books and targets files, fields of a book or a phase, steps, what is expected."""
    books, steps, expected, fields = [], [], [], {}
    for block in examples_of(page):
        if block.startswith("{"):
            found = json.loads(block)
            if "kind" in found:
                steps.append(found)
            elif "tminus" in found:
                books.append(found)
            continue
        for field in re.split(r'\n(?=")', block.strip()):
            name, value = json.loads("{" + field + "}").popitem()
            if name == "expect":
                expected.append(value)
            else:
                fields[name] = value
    return books, steps, expected, fields


def book_of(steps, expected, fields):
    questions = [{"id": f"question-{i}", "kind": "verify", "target": "new", "sql": "SELECT 1", "expect": value}
                 for i, value in enumerate(expected)]
    gate = fields.pop("gate")
    params = FRAME["params"] | fields.pop("params")
    phase = {"id": "all", "kind": "cutover", "title": "All of them", "gate": gate,
             "steps": [POSITION, USES, *steps, *questions]}
    return FRAME | fields | {"params": params, "phases": [phase]}


def faults_of(tminus, book):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "book.json")
        path.write_text(json.dumps(book, indent=1))
        shown = subprocess.run([tminus, "dry-run", path], capture_output=True, text=True, timeout=60)
    return [] if shown.returncode == 0 else [shown.stdout + shown.stderr]


def main():
    tminus, root = sys.argv[1], pathlib.Path(sys.argv[2])
    books, steps, expected, fields = parts_of((root / "src/app/man/tminus-runbook.5").read_text())
    kinds = {step["kind"] for step in steps}
    schema = json.loads((root / "runbooks/runbook.schema.json").read_text())
    faults = [f"no example of a step of kind \"{kind}\""
              for kind in schema["$defs"]["step"]["properties"]["kind"]["enum"] if kind not in kinds]
    for book in [*books, book_of(steps, expected, fields)]:
        faults += faults_of(tminus, book)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
