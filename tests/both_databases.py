"""Notes which SQL texts ran on which database, so that a whole run can say which ran on one alone.

Every process of a run notes: tests, workers and commands, a file for each text and database in one folder. Locks, casts
and lists given as tables are written differently for each database; here they count as the same. A statement that runs
together with others counts by itself.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal.models.ground import sql

PLACE = "TESTS_NOTE_SQL"  # the folder, in the environment of a run

# What one database does in its own way, by a part of the text, and why.
OWN_WAY = {
    "pg_current_snapshot": "PostgreSQL's bookmark is a snapshot",
    "coalesce(max(id), 0) from fact": "SQLite's bookmark is the highest fact",
    "jsonb_to_recordset(:facts)": "PostgreSQL takes rows from JSON in its own words",
    "json_each(:facts)": "and so does SQLite",
    "select 1 from practice": "only holds a lock, and SQLite has one writer",
    "select 1 from notice_place": "only holds locks",
}

_WRITTEN_DIFFERENTLY = re.compile(r"\s+for (no key )?(update|share)( of \w+)?( skip locked)?\b|::\w+(\[\])?")


def begin() -> None:
    """Have this run, and all that it starts, note into a new folder."""
    os.environ[PLACE] = tempfile.mkdtemp(prefix="portal-sql-")


def end() -> None:
    """Forget what was noted."""
    shutil.rmtree(os.environ.pop(PLACE), ignore_errors=True)


def note_here() -> None:
    """Note the texts that this process and those it forks run from now on."""
    if (place := os.environ.get(PLACE)) is None:
        return
    rows, together, table = sql.rows, sql.together, sql.table
    known, tables = set[tuple[str, bool]](), dict[str, str]()

    def note(text: str) -> None:
        ran = text, sql.is_postgres()
        if ran in known:
            return
        known.add(ran)
        for written, name in tables.items():
            text = text.replace(written, name)
        text = " ".join(_WRITTEN_DIFFERENTLY.sub("", text).split()).replace(" )", ")")
        name = hashlib.sha256(text.encode()).hexdigest()
        Path(place, f"{name}.{'postgres' if ran[1] else 'sqlite'}").write_text(text)

    async def noting_rows(text: str, **values: Any) -> list[dict[str, Any]]:
        found = await rows(text, **values)
        if text not in joined:
            note(text)
        return found

    async def noting_together(statements: list[sql.Statement]) -> None:
        await together(statements)
        for text, _ in statements:
            note(text)

    joined = set[str]()
    as_one = sql._as_one

    def noting_as_one(texts: tuple[str, ...]) -> str:
        joined.add(text := as_one(texts))
        return text

    def noting_table(name: str, **columns: tuple[str, str]) -> str:
        written = table(name, **columns)
        tables[written] = f"{columns} {name}"
        return written

    sql.rows, sql.together, sql._as_one, sql.table = noting_rows, noting_together, noting_as_one, noting_table  # type: ignore[assignment]


def on_one_alone() -> Iterator[tuple[str, str]]:
    """The texts that ran on one database alone, with that database's name."""
    ran: dict[str, set[str]] = {}
    for path in Path(os.environ[PLACE]).iterdir():
        ran.setdefault(path.read_text(), set()).add(path.suffix[1:])
    for text, databases in sorted(ran.items()):
        if len(databases) == 1 and not any(part in text for part in OWN_WAY):
            yield text, databases.pop()
