"""Notes which SQL texts Portal runs on which database, and has them read by the other.

Every process of a run notes: tests, workers and commands, a file for each text and database in one folder. Lists
given as tables are written differently for each database; here they count as the same. A statement that runs
together with others counts by itself. At the end of a whole run they are prepared on the other database, so that a text
is red that only one of them can read, or that gives a column another type; what is one database's own is listed with
the reason.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg

from portal.models.ground import sql
from portal.settings import ROOT

PLACE = "TESTS_NOTE_SQL"  # the folder, in the environment of a run

# What one database does in its own way, by a part of the text, and why.
OWN_WAY = {
    "pg_current_snapshot": "PostgreSQL's bookmark is a snapshot",
    "coalesce(max(id), 0) from fact": "SQLite's bookmark is the highest fact",
    "jsonb_to_recordset(": "PostgreSQL takes rows from JSON in its own words",
    "json_each(:facts)": "and so does SQLite",
}

_OWN = str(ROOT / "portal") + os.sep


def begin() -> None:
    """Have this run, and all that it starts, note into a new folder."""
    os.environ[PLACE] = tempfile.mkdtemp(prefix="portal-sql-")


def end() -> None:
    """Forget what was noted."""
    shutil.rmtree(os.environ.pop(PLACE), ignore_errors=True)


def note_here() -> None:
    """Note the texts that Portal runs in this process and in those it forks, from now on."""
    if (place := os.environ.get(PLACE)) is None:
        return
    rows, together, table, as_one = sql.rows, sql.together, sql.table, sql._as_one
    known, joined = dict[tuple[str, bool], dict[str, str]](), set[str]()
    tables: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {}  # as written, with what it was made of

    def note(text: str, asked_by: FrameType | None, answer: list[dict[str, Any]]) -> None:
        ran = text, sql.is_postgres()
        if text in joined:
            return
        types = known.get(ran, {})
        new = {
            name: type(value).__name__
            for row in answer[:50]
            for name, value in row.items()
            if value is not None and name not in types
        }
        if ran in known and not new:
            return
        known[ran] = types | new
        while asked_by is not None and asked_by.f_code.co_filename in (sql.__file__, __file__):
            asked_by = asked_by.f_back
        if asked_by is None or not asked_by.f_code.co_filename.startswith(_OWN):
            return
        used = {written: made for written, made in tables.items() if written in text}
        same = text
        for written, made in used.items():
            same = same.replace(written, str(made))
        same = " ".join(same.split())
        name = f"{hashlib.sha256(same.encode()).hexdigest()}.{'postgres' if ran[1] else 'sqlite'}"
        path = Path(place, name)
        before = json.loads(path.read_text())["types"] if path.exists() else {}
        # Tests kill processes, and none of them leaves half a note.
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({"text": text, "tables": used, "types": before | known[ran]}))
        draft.replace(path)

    async def noting_rows(text: str, **values: Any) -> list[dict[str, Any]]:
        found = await rows(text, **values)
        note(text, sys._getframe(1), found)
        return found

    async def noting_together(statements: list[sql.Statement]) -> None:
        await together(statements)
        for text, _ in statements:
            note(text, sys._getframe(1), [])

    def noting_as_one(texts: tuple[str, ...]) -> str:
        joined.add(text := as_one(texts))
        return text

    def noting_table(name: str, **columns: tuple[str, str]) -> str:
        written = table(name, **columns)
        tables[written] = name, columns
        return written

    # Types take a module's function, and one that is kept by lru_cache, for what can't be set.
    sql.rows, sql.together, sql._as_one, sql.table = noting_rows, noting_together, noting_as_one, noting_table  # type: ignore[assignment]


Tried = tuple[str, str, dict[str, str]]  # a text, the database to read it, and what it gave on the other


def for_the_other() -> Iterator[Tried]:
    """Yield each text as the other database would run it, with that other's name and the types of its columns: all that
    ran on SQLite, because its types are ours, and what ran on PostgreSQL alone."""
    ran: dict[str, list[Path]] = {}
    for path in Path(os.environ[PLACE]).glob("*.[ps]*"):
        ran.setdefault(path.stem, []).append(path)
    for paths in ran.values():
        path = max(paths, key=lambda path: path.suffix)
        noted = json.loads(path.read_text())
        if any(part in noted["text"] for part in OWN_WAY):
            continue
        other = "sqlite" if path.suffix == ".postgres" else "postgres"
        text = noted["text"]
        for written, (name, columns) in noted["tables"].items():
            text = text.replace(written, _table(name, columns, other == "postgres"))
        yield text, other, noted["types"]


def _table(name: str, columns: dict[str, list[str]], postgres: bool) -> str:
    asked, sql.is_postgres = sql.is_postgres, lambda: postgres
    try:
        return sql.table(name, **{column: (place, kind) for column, (place, kind) in columns.items()})
    finally:
        sql.is_postgres = asked


# PostgreSQL's types, as Python has them, that SQLite has none of. It gives others as they are.
TYPES = {"uuid": {"UUID"}, "timestamptz": {"datetime"}, "bool": {"bool"}, "jsonb": {"dict", "list"}, "uuid[]": {"list"}}
_DECODED = set().union(*TYPES.values())


async def not_read(texts: list[Tried], postgres: str, sqlite: Path) -> list[str]:
    """Return what the other database can't read of these texts, or gives in another type, with its reason: an address
    of PostgreSQL and a file of SQLite, both with all tables."""
    refused = []
    connection = await asyncpg.connect(postgres, ssl=False)
    file = sqlite3.connect(sqlite)
    try:
        for text, database, types in texts:
            compiled, names = sql._compiled(text, database == "postgres")
            try:
                if database == "postgres":
                    for column in (await connection.prepare(compiled)).get_attributes():
                        given, expected = types.get(column.name), TYPES.get(column.type.name)
                        if given and (given not in expected if expected else given in _DECODED):
                            refused.append(
                                f"{column.name} is {column.type.name}, on SQLite {given}; a column that is worked out "
                                f"says its type: {' '.join(text.split())[:600]}"
                            )
                else:
                    file.execute(f"explain {compiled}", [None] * len(names))
            except (asyncpg.PostgresError, sqlite3.Error) as reason:
                refused.append(f"{database} can’t read this ({reason}): {' '.join(text.split())}")
    finally:
        await connection.close()
        file.close()
    return refused
