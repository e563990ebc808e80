"""agree.py TMINUS ROOT: do the schema of a book, an independent validator of JSON Schema, and the program agree?

The file that is checked in is what the program prints. It is a good schema, closed everywhere. Then books: the shipped
ones, and book.json, which has one of everything, as it is and changed in one place. What the schema refuses the program
must refuse too; and what the program refuses for its shape, the schema must refuse.
"""
import copy
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from jsonschema import Draft202012Validator

# ---- changes: a place is the keys and indices on the way to it ----


# What stands for a param that has to be given; a text may begin a URL.
SAID = {"text": "http://said.example", "integer": 1}


def steps_of(place):
    return [int(step) if step.isdigit() else step for step in place.split("/")]


def parent_of(book, place):
    for step in place[:-1]:
        book = book[step]
    return book


def put(place, value):
    def change(book):
        parent_of(book, steps_of(place))[steps_of(place)[-1]] = value

    return place, change


def drop(place):
    def change(book):
        del parent_of(book, steps_of(place))[steps_of(place)[-1]]

    return place, change


def rename(place, key):
    def change(book):
        parent = parent_of(book, steps_of(place))
        parent[key] = parent.pop(steps_of(place)[-1])

    return place, change


STEP = "phases/1/steps/0"

# What is wrong in one place of book.json, each once.
REFUSED = {
    "a misspelt field of the book": rename("summary", "sumary"),
    "a misspelt field of a phase": rename("phases/0/owner", "onwer"),
    "a misspelt field of a step": rename(f"{STEP}/lock_timeout", "lock_timeot"),
    "a misspelt field of a rollback": rename(f"{STEP}/rollback/0/lock_timeout", "locktimeout"),
    "a misspelt field of a gate": rename("phases/0/gate/criteria", "criterion"),
    "a misspelt field of what is only shown": rename("environment/volume/largest/0/rows", "row"),
    "a field of another kind of step": put("phases/1/steps/5/sql", "SELECT 1"),
    "no version of the format": drop("tminus"),
    "another version of the format": put("tminus", 2),
    "the version as a text": put("tminus", "1"),
    "no id": drop("id"),
    "an id with a capital": put("phases/1/id", "Second"),
    "an id that begins with a dot": put("phases/1/id", ".second"),
    "an id of 65 characters": put("phases/1/id", "a" * 65),
    "an empty title": put("title", ""),
    "no phases": drop("phases"),
    "phases that are none": put("phases", []),
    "phases as an object": put("phases", {"first": {}}),
    "no such kind of phase": put("phases/0/kind", "prefligth"),
    "a phase without steps": drop("phases/1/steps"),
    "a risk in small letters": put("phases/0/risk", "low"),
    "a flag as a text": put("phases/0/parallel", "true"),
    "an estimate as a number": put("phases/0/estimate", 10),
    "a range with three ends": put("phases/0/estimate", "1s..2s..3s"),
    "a step without a kind": drop(f"{STEP}/kind"),
    "no such kind of step": put(f"{STEP}/kind", "psql"),
    "a kind of step that stands in rollbacks only": put("phases/1/steps/5/kind", "none"),
    "a kind of step that stands in no rollback": put(f"{STEP}/rollback/1/kind", "check"),
    "a step without an id": drop(f"{STEP}/id"),
    "a step without a target": drop(f"{STEP}/target"),
    "a rollback entry with an id": put(f"{STEP}/rollback/0/id", "back"),
    "a rollback that is empty": put(f"{STEP}/rollback", []),
    "statements as an object": put(f"{STEP}/sql", {"text": "SELECT 1"}),
    "a statement as a number": put(f"{STEP}/sql/1", 1),
    "statements from two places": put(f"{STEP}/file", "change.sql"),
    "a duration without a unit": put(f"{STEP}/lock_timeout", "500"),
    "a duration with a fraction": put(f"{STEP}/lock_timeout", "0.5s"),
    "a duration with a space": put(f"{STEP}/lock_timeout", "500 ms"),
    "a duration that goes up": put(f"{STEP}/lock_timeout", "30s1m"),
    "a duration with a unit twice": put(f"{STEP}/lock_timeout", "1s2s"),
    "a fraction where a whole number stands": put(f"{STEP}/retry/attempts", 2.5),
    "less than the least": put(f"{STEP}/retry/attempts", 0),
    "more than the most": put(f"{STEP}/retry/attempts", 101),
    "a retry without a number": drop(f"{STEP}/retry/attempts"),
    "no such lock": put(f"{STEP}/locks/users", "AccesExclusive"),
    "an argument as a number": put("phases/1/steps/1/argv/1", 7),
    "arguments as one text": put("phases/1/steps/1/argv", "/bin/true now"),
    "a variable that is none": rename("phases/1/steps/1/env/LANG", "NO-NAME"),
    "a variable as a number": put("phases/1/steps/1/env/LANG", 1),
    "an expectation of nothing": put("phases/1/steps/4/expect", {}),
    "an expectation of two": put("phases/1/steps/4/expect/value", 1),
    "an expectation of a list": put(f"{STEP}/rollback/1/expect/value", [1]),
    "no such comparison": put("triggers/0/when/is", "=>"),
    "a condition without a value": drop("triggers/0/when/value"),
    "a value that is true": put("triggers/0/when/value", True),
    "a vote as an object": put("phases/0/gate/votes/1", {"role": "reviewer"}),
    "an override by nobody": drop("phases/0/gate/override/by"),
    "no such type of param": put("params/batch/type", "int"),
    "a default with a fraction": put("params/batch/default", 1.5),
    "a param with a bad name": rename("params/hook", "the hook"),
    "a target without an engine": drop("targets/replica/engine"),
    "a role as a text": put("roles/reviewer", "not operator"),
    "a size with a fraction": put("environment/volume/size", "1.5GB"),
    "a size in unknown units": put("environment/volume/size", "50MBytes"),
    "a risk without its name": drop("risks/0/risk"),
    "a question as an object": put("postmortem/0", {"question": "why"}),
    "null where nothing should be": put("summary", None),
    "a question of two kinds": put("phases/2/steps/1/sql", "SELECT 1"),
    "a wait for two things": put("phases/2/steps/6/until", {"metric": "lag.seconds", "is": "<", "value": 1}),
    "statements from nowhere": drop("phases/2/steps/3/file"),
    "a kind that judges nothing in a verification": put("phases/2/verification/0/kind", "sql"),
    "an order of its own for a verification": put("phases/2/verification/0/after", "filled"),
    "a verification in the background": put("phases/2/verification/0/background", True),
    "a name for what a rollback entry answers": put("phases/2/steps/5/rollback/0/as", "x"),
    "a backfill without a target": drop("phases/2/steps/7/target"),
    "an osc without a probe": drop("phases/2/steps/11/done_when"),
    "an osc without a tool": drop("phases/2/steps/11/tool"),
    "an osc by another tool": put("phases/2/steps/11/tool", "pt-archiver"),
    "a list for a ready-made check": put("phases/2/steps/0/with/longest", [1]),
    "no such type of item": put("phases/2/steps/5/for_each/type", "name"),
    "a side without a target": drop("phases/2/steps/8/left/target"),
    "a person replaced by a number": put("phases/0/steps/1/unattended", 7),
    "a person replaced by nothing that is recorded": drop("phases/1/steps/2/unattended/text"),
    "a person replaced by a shell's words": put("phases/1/steps/2/unattended/argv", "turn it"),
    "a promise of a rollback entry": put(f"{STEP}/rollback/0/idempotent", True),
    "a promise of what a person does": put("phases/1/steps/2/idempotent", True),
    "a comparison of two things": put("rehearsal/data/0/sql", "SELECT 1"),
    "a comparison of nothing": drop("rehearsal/data/1/sql"),
    "an age in weeks": put("rehearsal/required", "4w"),
    "a rollback entry for each": put("phases/2/steps/5/rollback/0/for_each", {"sql": "SELECT 1", "as": "x"}),
}

# What is right too.
ACCEPTED = {
    "as it is": put("tminus", 1),
    "no schema": drop("$schema"),
    "no risks": drop("risks"),
    "one statement": put("phases/1/steps/3/sql", "DROP TABLE old"),
    "a list of one": put("phases/0/steps/1/after", ["sensed"]),
    "one role votes": put("phases/0/gate/votes", "reviewer"),
    "a gate without criteria": drop("phases/0/gate/criteria"),
    "a gate without votes": drop("phases/0/gate/votes"),
    "a duration with all units": put(f"{STEP}/statement_timeout", "1h2m3s4ms"),
    "a duration that is a large number of its unit": put(f"{STEP}/statement_timeout", "90m"),
    "one duration as an estimate": put("phases/0/estimate", "10s"),
    "bytes": put("environment/volume/size", "5000"),
    "an expectation of null": put(f"{STEP}/rollback/1/expect/value", None),
    "an expectation of a text": put(f"{STEP}/rollback/1/expect/value", "1"),
    "a value with a fraction": put("triggers/0/when/value", 0.25),
    "an id that begins with a digit": put("phases/1/id", "2.second-phase_x"),
    "an id of 64 characters": put("phases/1/id", "a" * 64),
    "an entry with a target of its own": put(f"{STEP}/rollback/1/target", "replica"),
    "any table": put(f"{STEP}/locks", {"Schema With Space.table": "Share"}),
    "a duration in days": put(f"{STEP}/statement_timeout", "2d"),
    "a rehearsal of which nothing is said": put("rehearsal", {}),
    "a step without a title": drop("phases/1/steps/5/title"),
}

# ---- the two judges ----

# How json_decode and the checks of step kinds begin what they say about a shape.
SHAPE = re.compile(
    r"error: (unknown field \"|[^:]* lacks the field \"|[^:]* must be an object, not |a step needs a \"kind\"|kind \"|"
    r"\"[^\"]*\" of .* (wants |must not be empty|is wrong: ))"
)
# What a pattern cannot say.
BEYOND = re.compile(r"begins with its longer end|is longer than the maximum|is over what 63 bits hold")


class Judges:
    def __init__(self, tminus, schema, directory):
        self.tminus = tminus
        self.validator = Draft202012Validator(schema)
        self.directory = directory

    def judge(self, number, book):
        """What the validator says, and the lines of the program; nothing: it is accepted."""
        path = self.directory / f"{number}.json"
        path.write_text(json.dumps(book, indent=1))
        said = subprocess.run([self.tminus, "dry-run", path], capture_output=True, text=True, timeout=60)
        path.unlink()
        lines = said.stderr.splitlines()
        if said.returncode == 1:
            lines.pop()  # "tminus: the book is refused: ..."
        if said.returncode not in (0, 1) or (said.returncode == 0) != (lines == []):
            raise SystemExit(f"tminus dry-run ended with {said.returncode} and said {said.stderr}")
        for line in lines:
            if not re.match(re.escape(str(path)) + r":[1-9][0-9]*:[1-9][0-9]*: error: .", line):
                raise SystemExit(f"tminus dry-run said no place: {line}")
        return list(self.validator.iter_errors(book)), lines

    def judge_all(self, books):
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(self.judge, range(len(books)), books))


def changed(book, change):
    book = copy.deepcopy(book)
    change(book)
    return book


# ---- every place of a book, changed in every way ----


def places(value, place=()):
    yield place, value
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, place + (key,))


def kind_of(book, place):
    """What stands for a place: the same for all items of a list, but for each kind of step another one."""
    names = []
    for step in place:
        book = book[step]
        kind = book.get("kind") if isinstance(book, dict) else None
        names.append(f"[{kind}]" if isinstance(step, int) else step)
    return tuple(names)


OTHERS = (None, 7, 1.5, "", "word", [], {}, [7])


def some_others(number):
    """Three of them, others from place to place and the same each time: all at each place would take minutes."""
    return [OTHERS[(number + step) % len(OTHERS)] for step in (0, 3, 6)]


def mutants(book):
    """(place, what was done, the book) for each kind of place once."""
    done = set()
    for place, value in places(book):
        if not place or kind_of(book, place) in done:
            continue
        done.add(kind_of(book, place))

        def replaced(other):
            mutant = copy.deepcopy(book)
            parent_of(mutant, place)[place[-1]] = other
            return mutant

        for other in some_others(len(done)):
            yield place, f"made {json.dumps(other)}", replaced(other)
        if isinstance(value, dict):
            yield place, "given a field", replaced({**value, "no-such-field": 7})
        mutant = copy.deepcopy(book)
        del parent_of(mutant, place)[place[-1]]
        yield place, "taken away", mutant


def made_up(pieces, count):
    """Texts of one to six pieces, the same each time."""
    source = random.Random(20261121)
    return ["".join(source.choices(pieces, k=source.randint(1, 6))) for _ in range(count)]


def spelled(book):
    """(what, the book) with durations, ranges, sizes and ids that are made up."""
    units = ["0", "1", "20", "300", "d", "h", "m", "s", "ms"]
    for place, pieces in (
        ("objectives/rto", units + ["-", " ", "H", "1h", "2m", "3s", "4ms"]),
        ("phases/0/estimate", units + ["..", "1h", "2m", "3s", "4ms", ".."]),
        ("environment/volume/size", ["0", "1", "20", "k", "M", "G", "T", "i", "B", "kB", "KiB", "MB", "-", " "]),
        ("phases/1/id", ["a", "z9", "0", ".", "_", "-", "A", "\u00e9", " ", "abcdefghijklmnopqrstuvwxyz"]),
    ):
        for text in made_up(pieces, 60):
            yield f"{place} = {json.dumps(text)}", changed(book, put(place, text)[1])


# ---- the schema itself ----


def holes(schema, where="#"):
    """Places where anything may stand, that nobody explains, or that refer to nothing."""
    if not any(word in schema for word in ("type", "const", "enum", "$ref", "not", "anyOf")):
        yield f"{where}: anything may stand there"
    chooses = any("if" in case for case in schema.get("allOf", []))  # a kind of step, which has the rest
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if "object" in types and "additionalProperties" not in schema and not chooses:
        yield f"{where}: an object with anything in it"
    if "array" in types and "items" not in schema:
        yield f"{where}: an array of anything"
    for key, part in schema.get("properties", {}).items():
        if not chooses and not part.get("description"):
            yield f"{where}/{key}: has no description"
        yield from holes(part, f"{where}/{key}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from holes(schema[word], f"{where}/{word}")
    for part in schema.get("anyOf", []):
        yield from holes(part, f"{where}/anyOf")
    for name, part in schema.get("$defs", {}).items():
        yield from holes(part, f"#/$defs/{name}")


def references(value):
    for _, part in places(value):
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            yield part["$ref"]


def check_schema(tminus, root):
    printed = subprocess.run([tminus, "schema"], capture_output=True, check=True, timeout=60).stdout
    if (root / "runbooks/runbook.schema.json").read_bytes() != printed:
        yield "runbooks/runbook.schema.json is not what `tminus schema` prints: ./dev schema"
    schema = json.loads(printed)
    Draft202012Validator.check_schema(schema)
    yield from holes(schema)
    named = {f"#/$defs/{name}" for name in schema["$defs"]}
    for name in sorted(named ^ set(references(schema))):
        yield f"{name}: is not there, or is never referred to"


# ---- all of it ----


def check_shipped(judges, root):
    for path in sorted((root / "runbooks").glob("*.json")):
        if path.name == "runbook.schema.json":
            continue
        book = json.loads(path.read_text())
        for param in book.get("params", {}).values():
            if param["type"] in SAID:  # on the command line, where the book has no default
                param.setdefault("default", SAID[param["type"]])
        errors, lines = judges.judge(0, book)
        if errors or lines:
            yield f"{path.name}: {[error.message for error in errors]} {lines}"


def check_accepted(judges, book):
    verdicts = judges.judge_all([changed(book, change) for _, change in ACCEPTED.values()])
    for name, (errors, lines) in zip(ACCEPTED, verdicts):
        if errors or lines:
            yield f"accepted: {name}: {[error.message for error in errors]} {lines}"


def check_refused(judges, book):
    verdicts = judges.judge_all([changed(book, change) for _, change in REFUSED.values()])
    for (name, (place, _)), (errors, lines) in zip(REFUSED.items(), verdicts):
        if not lines:
            yield f"refused: {name}: the program takes it"
        if not errors:
            yield f"refused: {name}: the schema takes it"
        for error in errors:
            if list(error.absolute_path) != steps_of(place)[: len(error.absolute_path)]:
                yield f"refused: {name}: the schema tells it of {list(error.absolute_path)}: {error.message}"


def check_agreement(judges, cases):
    for (name, _), (errors, lines) in zip(cases, judges.judge_all([book for _, book in cases])):
        if errors and not lines:
            yield f"{name}: only the schema refuses it: {[error.message for error in errors]}"
        shape = [line for line in lines if SHAPE.search(line) and not BEYOND.search(line)]
        if shape and not errors:
            yield f"{name}: only the program refuses it: {shape}"


def check_all(tminus, root, directory):
    yield from check_schema(tminus, root)
    shutil.copytree(root / "runbooks", directory, dirs_exist_ok=True)  # books name files beside them
    (directory / "statements.sql").write_text("CREATE TABLE made AS SELECT 1 AS a;\n")
    judges = Judges(tminus, json.loads((root / "runbooks/runbook.schema.json").read_text()), directory)
    book = json.loads((root / "tests/schema/book.json").read_text())
    yield from check_shipped(judges, root)
    yield from check_accepted(judges, book)
    yield from check_refused(judges, book)
    cases = list(spelled(book))
    cases += [("/".join(map(str, place)) + " " + what, mutant) for place, what, mutant in mutants(book)]
    yield from check_agreement(judges, cases)
    print(f"{len(ACCEPTED)} accepted, {len(REFUSED)} refused, {len(cases)} changes judged twice")


def main():
    tminus, root = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="tminus-schema.") as directory:
        faults = list(check_all(tminus, root, pathlib.Path(directory)))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


main()
