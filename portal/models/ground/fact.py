"""The table of facts, the unit of work that announces them, and the bookmark of a reader."""

import datetime as dt
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from asyncpg import InvalidTextRepresentationError
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from portal import clock
from portal.facts import Fact
from portal.models.ground import sql

KEPT = dt.timedelta(hours=48)
FORGOTTEN_AFTER = 1000  # facts; a bookmark further behind is unknown and its page re-reads everything


@dataclass
class Unit:
    """One transaction, what it will have announced once it is committed, and what it writes at its end."""

    facts: list[Fact] = field(default_factory=list)
    writes: list[sql.Statement] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        return {key for fact in self.facts for key in fact.keys()}  # noqa: SIM118


_unit: ContextVar[Unit | None] = ContextVar("unit", default=None)


@asynccontextmanager
async def unit() -> AsyncIterator[Unit]:
    """Open one transaction. The caller sends the hint for `unit.keys` after it has ended well."""
    opened = Unit()
    async with in_transaction():
        token = _unit.set(opened)
        try:
            yield opened
            await sql.together([*opened.writes, *_told(opened.facts)])
        finally:
            _unit.reset(token)


def unit_of_work() -> Unit | None:
    """Return the unit of work that this task is in."""
    return _unit.get()


async def write(text: str, **values: Any) -> None:
    """Write, at the end of the unit of work, rows that nobody reads before: with all others of their kind. Outside a
    unit they are written at once."""
    current = _unit.get()
    if current is None:
        await sql.rows(text, **values)
    else:
        current.writes.append((text, values))


async def announce(fact: Fact) -> None:
    """Record that something happened, inside the transaction that made it true."""
    current = _unit.get()
    if current is None:
        raise RuntimeError(f"{type(fact).__name__} was announced outside a unit of work")
    current.facts.append(fact)


def _told(facts: list[Fact]) -> list[sql.Statement]:
    """Return the one statement that writes the rows of these facts, in their order."""
    if not facts:
        return []
    told = [{"kind": type(fact).__name__, "keys": sorted(fact.keys()), "body": fact.body()} for fact in facts]
    text = _TELL_POSTGRES if sql.is_postgres() else _TELL_SQLITE
    return [(text, {"at": clock.now(), "facts": json.dumps(told)})]


_TELL_POSTGRES = (
    "insert into fact (kind, at, keys, body) select f.kind, :at, f.keys, f.body "
    "from jsonb_to_recordset(:facts::jsonb) f(kind text, keys jsonb, body jsonb)"
)
_TELL_SQLITE = (
    "insert into fact (kind, at, keys, body) select json_extract(value, '$.kind'), :at, "
    "json_extract(value, '$.keys'), json_extract(value, '$.body') from json_each(:facts) order by key"
)


@dataclass(frozen=True)
class Bookmark:
    """A reader's place: PostgreSQL's snapshot or SQLite's highest fact id, in one era of the database.

    `version` is the number of finished transactions, so a later state of the database never has a lower one.
    """

    era: str
    place: str
    taken: int  # seconds since 1970; one older than ten minutes is unknown

    def __str__(self) -> str:
        return f"{self.era}.{self.taken}.{self.place}"

    @staticmethod
    def now_at(row: dict[str, Any]) -> "Bookmark":
        return Bookmark(row["era"], str(row["place"]), int(clock.now().timestamp()))

    @cached_property
    def version(self) -> int:
        if ":" not in self.place:
            return int(self.place)
        _, xmax, running = self.place.split(":")
        return int(xmax) - (running.count(",") + 1 if running else 0)

    @staticmethod
    def read(text: str) -> "Bookmark | None":
        """Return the bookmark that a browser sent, or None where it is none. The database never sees anything else."""
        match = _BOOKMARK.fullmatch(text) if len(text) <= 4096 else None
        if match is None:
            return None
        if match["snapshot"]:
            xmin, xmax, running = match["snapshot"].split(":")
            ids = [int(n) for n in running.split(",")] if running else []
            if not int(xmin) <= int(xmax) < 2**62 or ids != sorted(set(ids)):
                return None
            if any(not int(xmin) <= n < int(xmax) for n in ids):
                return None
        elif int(match["place"]) >= 2**63:
            return None
        return Bookmark(match["era"], match["place"], int(match["taken"]))


_BOOKMARK = re.compile(
    r"(?P<era>[0-9a-f]{8,32})\.(?P<taken>\d{1,12})\.(?P<place>(?P<snapshot>[1-9]\d{0,18}:[1-9]\d{0,18}:(?:\d{1,19}(?:,\d{1,19})*)?)|\d{1,18})",
    re.ASCII,
)


def here() -> str:
    """Return the columns from which a query's own row tells the bookmark of its moment (`Bookmark.now_at`)."""
    place = "pg_current_snapshot()::text" if sql.is_postgres() else "(select coalesce(max(id), 0) from fact)"
    return f"(select value from era) as era, {place} as place"


# The next bookmark comes from the same statement as the facts, so that nothing can commit in between.
_SINCE_POSTGRES = f"""
    with s as (select era.value as era, pg_current_snapshot() as snap from era)
    select s.era, s.snap::text as place, f.id, f.kind, f.body
    from s left join lateral (
        select id, kind, body from fact
        where xid >= pg_snapshot_xmin(:place::text::pg_snapshot)
          and not pg_visible_in_snapshot(xid, :place::text::pg_snapshot)
        order by id limit {FORGOTTEN_AFTER + 1}
    ) f on true order by f.id
"""
_SINCE_SQLITE = f"""
    select era.value as era, (select coalesce(max(id), 0) from fact) as place, f.id, f.kind, f.body
    from era left join (
        select id, kind, body from fact where id > :place order by id limit {FORGOTTEN_AFTER + 1}
    ) f on true order by f.id
"""


async def bookmark() -> Bookmark:
    """Return where the database is now. Taken before a page's first query."""
    row = await sql.row(f"select {here()}")
    assert row is not None
    return Bookmark.now_at(row)


@dataclass(frozen=True)
class NewFacts:
    """The facts that a bookmark had not seen. `facts` is None where they are unknown: then everything is read again."""

    facts: list[Fact] | None
    bookmark: Bookmark


async def since(seen: Bookmark) -> NewFacts:
    """Return all facts that `seen` lacks, and the bookmark after them, in one query.

    Unknown: another era, a bookmark ahead of the database, one older than ten minutes or more than a
    thousand facts behind.
    """
    postgres = sql.is_postgres()
    if postgres != (":" in seen.place):
        return NewFacts(None, await bookmark())
    try:
        unseen = await sql.rows(
            _SINCE_POSTGRES if postgres else _SINCE_SQLITE, place=seen.place if postgres else int(seen.place)
        )
    except OperationalError as reason:
        # Some versions take no snapshot from an epoch of transactions that this cluster has not reached.
        if isinstance(reason.__cause__, InvalidTextRepresentationError):
            return NewFacts(None, await bookmark())
        raise
    after = Bookmark.now_at(unseen[0])
    if (
        seen.era != after.era
        or seen.version > after.version
        or not 0 <= after.taken - seen.taken + 60 <= 660
        or len(unseen) > FORGOTTEN_AFTER
    ):
        return NewFacts(None, after)
    facts = [
        fact
        for row in unseen
        if row["id"] is not None and (fact := Fact.from_body(row["kind"], row["body"])) is not None
    ]
    return NewFacts(facts, after)


async def forget_old() -> None:
    """Delete facts older than 48 hours; a page that slept longer reads everything again."""
    await sql.rows("delete from fact where at < :before", before=clock.now() - KEPT)


async def begin_era() -> None:
    """Give the database a new name of its own. Bookmarks of another era are unknown."""
    await sql.rows("delete from era")
    await sql.rows("insert into era (one, value) values (1, :value)", value=secrets.token_hex(8))
