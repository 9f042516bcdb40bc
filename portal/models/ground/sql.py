"""SQL with named places, the same text for PostgreSQL and SQLite.

`:name` is a place; `= any(:names)` means "is in this list", of a column too (`= any(r.names)`). A column that is worked
out says its type: `min(r.due_at)::timestamptz as at`. SQLite never sees such a type, nor a lock (`for update`).

Everything that reads or writes outside Tortoise's own query builder goes through `rows`, so there is one place where
values meet a database, and they arrive typed on both.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from uuid import UUID

from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context

from portal import clock
from portal.models.ground.sqlite import DECODERS

_PLACE = re.compile(r"(?<!:):([a-z_]+)\b")
_ANY = re.compile(r"= any\((:[a-z_]+|[a-z]+\.[a-z_]+)\)")
_COMPUTED = re.compile(rf"::({'|'.join(DECODERS)}) as ([a-z_]+)\b")
# SQLite has no such types, and knows no locks: a transaction that writes has the whole database to itself.
_UNKNOWN = re.compile(
    rf"::({'|'.join(DECODERS)})\b(?!\[)|\s+for (?:no key )?(?:update|share)\b(?: of \w+)?(?: skip locked)?"
)
_QUESTION = re.compile(r"\s*(?:select|with)\b(?!.*\b(?:insert into|update|delete from)\b)", re.DOTALL)

counted: list[str] | None = None  # tests put a list here to count a page's queries

_read: ContextVar[dict[tuple[str, str], list[dict[str, Any]]] | None] = ContextVar("read", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """Read a page as of one moment, and ask only once for what several of its regions need. Only for what does not
    write: an answer is remembered until something else than a question passes through `rows`."""
    token = _read.set({})
    try:
        with clock.held():
            yield
    finally:
        _read.reset(token)


def connection() -> BaseDBAsyncClient:
    """Return the database, or the transaction this task is in."""
    return require_context().connections.get("default")


def is_postgres() -> bool:
    return connection().capabilities.dialect == "postgres"


@lru_cache(maxsize=2048)
def _compiled(text: str, postgres: bool) -> tuple[str, tuple[str, ...]]:
    names: list[str] = []
    if not postgres:
        text = _ANY.sub(r"in (select value from json_each(\1))", text)
        text = _UNKNOWN.sub("", text)

    def number(match: re.Match[str]) -> str:
        name = match[1]
        if name not in names:
            names.append(name)
        return f"{'$' if postgres else '?'}{names.index(name) + 1}"

    return _PLACE.sub(number, text), tuple(names)


@lru_cache(maxsize=2048)
def _computed(text: str) -> tuple[tuple[str, str], ...]:
    return tuple({name: kind for kind, name in _COMPUTED.findall(text)}.items())


def decoded(text: str, answer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Decode, in SQLite's answer, the columns of which `text` says the type. Others are decoded as declared."""
    for name, kind in _computed(text):
        decode = DECODERS[kind]
        for row in answer:
            if isinstance(row.get(name), (str, int)):
                row[name] = decode(row[name])
    return answer


@lru_cache(maxsize=2048)
def _only_asks(text: str) -> bool:
    return _QUESTION.match(text) is not None


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, (list, tuple, set)):
        return json.dumps([_for_sqlite(item) for item in value])
    return value


async def rows(text: str, **values: Any) -> list[dict[str, Any]]:
    """Run one statement and return its rows as dictionaries (none for a plain write).

    Values: UUIDs, aware datetimes, text, numbers, bytes, lists for `any`; JSON goes in as text and arrives parsed.
    """
    postgres = is_postgres()
    sql, names = _compiled(text, postgres)
    given = [values[name] if postgres else _for_sqlite(values[name]) for name in names]
    known = _read.get()
    if known is None:
        return await _asked(text, sql, given)
    if not _only_asks(text):
        known.clear()
        return await _asked(text, sql, given)
    question = (sql, repr(given))
    if question not in known:
        known[question] = await _asked(text, sql, given)
    return [dict(row) for row in known[question]]


async def _asked(text: str, sql: str, given: list[Any]) -> list[dict[str, Any]]:
    if counted is not None:
        counted.append(sql)
    database = connection()
    answer = await database.execute_query_dict(sql, given)
    return answer if database.capabilities.dialect == "postgres" else decoded(text, answer)


async def row(text: str, **values: Any) -> dict[str, Any] | None:
    answer = await rows(text, **values)
    return answer[0] if answer else None


async def column(text: str, **values: Any) -> list[Any]:
    """Return the first column of each row."""
    return [next(iter(row.values())) for row in await rows(text, **values)]


async def exists(text: str, **values: Any) -> bool:
    """Tell whether there is such a row."""
    return bool(await rows(text, **values))


async def insert_once(table: str, **columns: Any) -> bool:
    """Write this row, and return True; where a unique index has one like it, leave all as it is, and return False."""
    places = ", ".join(f":{name}" for name in columns)
    made = await rows(
        f"insert into {table} ({', '.join(columns)}) values ({places}) on conflict do nothing returning 1 as made",
        **columns,
    )
    return bool(made)


async def upsert(table: str, key: str, **columns: Any) -> None:
    """Write this row; where there is one with the same `key`, the columns of a unique index, put it in its place."""
    places = ", ".join(f":{name}" for name in columns)
    anew = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key.split(", "))
    await rows(
        f"insert into {table} ({', '.join(columns)}) values ({places}) on conflict ({key}) do update set {anew}",
        **columns,
    )


async def take_due(table: str, which: str, change: str, returning: str, **values: Any) -> list[dict[str, Any]]:
    """Make the `change`, an update or a delete, to the rows of `which` that nobody else is taking at this moment, and
    return them. Two workers never take the same one. `which` may end with an order and a limit."""
    return await rows(
        f"with due as materialized (select id from {table} where {which} for update skip locked) "
        f"{change} where id in (select id from due) returning {returning}",
        **values,
    )


def table(name: str, **columns: tuple[str, str]) -> str:
    """Return lists of equal length as a table to select from: each column is named with its list's place and its type.

    >>> table("v", id=("viewers", "uuid"), number=("numbers", "int"))
    "unnest(:viewers::uuid[], :numbers::int[]) v(id, number)"
    """
    if is_postgres():
        lists = ", ".join(f":{place}::{kind}[]" for place, kind in columns.values())
        return f"unnest({lists}) {name}({', '.join(columns)})"
    # One list is walked, and the others are asked what stands at the same place: a join of them would have no index.
    first = next(place for place, _ in columns.values())
    values = ", ".join(
        (f"{first}.value" if place == first else f"json_extract(:{place}, '$[' || {first}.key || ']')")
        + (f"::{kind}" if kind in DECODERS else "")
        + f" as {column}"
        for column, (place, kind) in columns.items()
    )
    return f"(select {values} from json_each(:{first}) {first}) {name}"


Statement = tuple[str, dict[str, Any]]

AT_ONCE = 20  # statements that `together` makes into one


async def together(statements: list[Statement]) -> None:
    """Run statements that need nothing of each other and whose rows nobody wants. PostgreSQL is asked once
    for many of them, because the way there and back costs more than most of them do.

    No two of them may change the same row.
    """
    if not is_postgres():
        for text, values in statements:
            await rows(text, **values)
        return
    for start in range(0, len(statements), AT_ONCE):
        some = statements[start : start + AT_ONCE]
        values = {
            f"{name}_{letter}": value
            for letter, (_, own) in zip(_LETTERS, some, strict=False)
            for name, value in own.items()
        }
        await rows(_as_one(tuple(text for text, _ in some)), **values)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@lru_cache(maxsize=256)
def _as_one(texts: tuple[str, ...]) -> str:
    own = [
        _PLACE.sub(lambda match, letter=letter: f":{match[1]}_{letter}", text)  # type: ignore[misc]
        for letter, text in zip(_LETTERS, texts, strict=False)
    ]
    first = ", ".join(f"{letter} as ({text})" for letter, text in zip(_LETTERS, own[:-1], strict=False))
    return f"with {first} {own[-1]}" if first else own[-1]


async def close() -> None:
    await Tortoise.close_connections()
