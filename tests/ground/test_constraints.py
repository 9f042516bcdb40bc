"""The database itself refuses, proven by trying: every constraint of its catalogue, on both databases.

The lists are read from the catalogue, so a constraint that is lost, or new and not tried, is red.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
from tortoise.exceptions import BaseORMException
from tortoise.fields import UUIDField
from tortoise.transactions import in_transaction

from portal.models.ground import sql
from tests.deployment import Deployment
from tests.laws.test_structure import RECORDS
from tests.rooms import brought_by_name, fill

REFUSALS = (BaseORMException, asyncpg.PostgresError)
# The tables of getting in: what they refuse is tried by whole flows, in tests/access.
GETTING_IN = {"first_run", "half_session", "invitation", "reset"}
TABLES = {model._meta.db_table for model in RECORDS.values()} - GETTING_IN
# Tables that no model stands for: their verbs write them by statements.
WITHOUT_MODEL = {
    "automatic_reply",
    "device",
    "era",
    "fact",
    "idempotency",
    "mail_choice",
    "notice_choice",
    "notice_place",
    "reading",
    "reading_step",
    "throttle",
}
# Columns that only statements write and ask: no field is a list of uuids on one database and JSON on the other.
WITHOUT_FIELD = {"conversation": {"read_by"}}


@dataclass(frozen=True)
class Column:
    name: str
    required: bool
    length: int | None  # of text
    kind: str


async def tables() -> list[str]:
    found = await sql.rows(
        "select table_name as name from information_schema.tables where table_schema = 'public' "
        "and table_type = 'BASE TABLE'"
        if sql.is_postgres()
        else "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    )
    names = {row["name"] for row in found if not row["name"].startswith("tortoise")}
    return sorted(names - GETTING_IN)


async def columns(table: str) -> dict[str, Column]:
    if sql.is_postgres():
        found = await sql.rows(
            "select column_name as name, is_nullable = 'NO' as required, character_maximum_length as length, "
            "data_type as kind from information_schema.columns "
            "where table_schema = 'public' and table_name = :name",
            name=table,
        )
        return {row["name"]: Column(row["name"], row["required"], row["length"], row["kind"]) for row in found}
    found = await sql.rows("select * from pragma_table_info(:name)", name=table)
    made = {}
    for row in found:
        kind, _, length = row["type"].rstrip(")").partition("(")
        made[row["name"]] = Column(
            row["name"], bool(row["notnull"] or row["pk"]), int(length) if length else None, kind
        )
    return made


async def foreign_keys(table: str) -> set[tuple[str, str]]:
    """Each column that refers to another table's rows, and that table."""
    found = await sql.rows(
        "select a.attname as own, c.confrelid::regclass::text as other from pg_constraint c "
        "join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey) "
        "where c.contype = 'f' and c.conrelid = (:name::text)::regclass"
        if sql.is_postgres()
        else 'select "from" as own, "table" as other from pragma_foreign_key_list(:name)',
        name=table,
    )
    return {(row["own"], row["other"]) for row in found}


async def uniques(table: str) -> set[tuple[tuple[str, ...], str]]:
    """The columns of each unique index, the primary key's too, and the condition of a partial one."""
    if sql.is_postgres():
        found = await sql.rows(
            "select pg_get_indexdef(i.indexrelid) as text from pg_index i "
            "where i.indisunique and i.indrelid = (:name::text)::regclass",
            name=table,
        )
        made = set()
        for row in found:
            match = re.search(r"\(([^)]*)\)(?: WHERE (.*))?$", row["text"])
            assert match
            made.add((tuple(match[1].replace('"', "").split(", ")), (match[2] or "").lower().strip("()")))
        return made
    made = set()
    for index in await sql.rows('select name, "unique", partial from pragma_index_list(:name)', name=table):
        if index["unique"]:
            own = await sql.rows("select name from pragma_index_info(:name)", name=index["name"])
            text = await sql.row("select sql from sqlite_master where name = :name", name=index["name"])
            where = text["sql"].partition(" where ")[2].strip() if index["partial"] and text else ""
            made.add((tuple(row["name"] for row in own), where))
    single = await sql.rows("select name from pragma_table_info(:name) where pk > 0 and type = 'integer'", name=table)
    return made | {((row["name"],), "") for row in single}


async def checks(table: str) -> int:
    if sql.is_postgres():
        found = await sql.row(
            "select count(*) as n from pg_constraint where contype = 'c' and conrelid = (:name::text)::regclass",
            name=table,
        )
        return int(found["n"]) if found else 0
    found = await sql.row("select sql from sqlite_master where name = :name and type = 'table'", name=table)
    return len(re.findall(r"\bcheck \(", found["sql"])) if found else 0


class _Undone(Exception):
    pass


async def refused(text: str, **values: Any) -> str | None:
    """Return what the database says to a statement; None where it takes it. Nothing of it stays."""
    try:
        async with in_transaction():
            await sql.rows(text, **values)
            raise _Undone
    except _Undone:
        return None
    except REFUSALS as reason:
        return str(reason).lower()


def row_of(table: str, column: str) -> str:
    """The condition for one row, one with a value in the column where there is any."""
    return (
        f"where {column} = (select {column} from {table} where {column} is not null limit 1)"
        if column
        else "where true"
    )


async def test_every_table_has_a_model_or_is_known_to_have_none(unserved: Deployment) -> None:
    async with unserved.models():
        assert set(await tables()) == TABLES | WITHOUT_MODEL


async def test_models_and_tables_have_the_same_fields(unserved: Deployment) -> None:
    async with unserved.models():
        for model in RECORDS.values():
            meta, found = model._meta, await columns(model._meta.db_table)
            own = {meta.fields_map[field].source_field or field for field in meta.db_fields}
            unmapped = WITHOUT_FIELD.get(meta.db_table, set())
            assert own | unmapped == set(found) and not own & unmapped, model.__name__
            for field in meta.db_fields:
                described = meta.fields_map[field]
                column = found[described.source_field or field]
                assert described.null is not column.required, f"{model.__name__}.{field} null"
                length = None if isinstance(described, UUIDField) else getattr(described, "max_length", None)
                assert length == (None if column.kind == "char" else column.length), f"{model.__name__}.{field}"


async def test_what_is_required_is_required_by_the_database(unserved: Deployment) -> None:
    tried = 0
    async with unserved.models():
        await fill(unserved.cast)
        for table in await tables():
            if table == "audit":
                continue  # its rows can't be changed at all
            for column in (await columns(table)).values():
                if column.required:
                    told = await refused(f"update {table} set {column.name} = null")
                    assert told and ("not null" in told or "not-null" in told or "mismatch" in told), (
                        f"{table}.{column.name}: {told}"
                    )
                    tried += 1
    assert tried > 90


async def test_what_is_once_is_once(unserved: Deployment) -> None:
    """Each unique index refuses a second row that differs in everything else that must differ."""
    tried = set()
    async with unserved.models():
        await fill(unserved.cast)
        for table in await tables():
            found, known = await columns(table), await uniques(table)
            singles = {name for names, _ in known for name in names}
            for names, where in known:
                kept = [name for name in found if name not in singles or name in names]
                fresh = [name for name in found if name not in kept]
                if table == "fact":
                    kept, fresh = [name for name in kept if name != "xid"], []
                values = {f"new_{name}": _fresh(found[name]) for name in fresh}
                chosen = " and ".join([f"{name} is not null" for name in names] + ([where] if where else []))
                text = (
                    f"insert into {table} ({', '.join([*kept, *fresh])}) select {', '.join(kept)}"
                    f"{''.join(', ' + _cast(found[name], f':new_{name}') for name in fresh)} "
                    f"from {table} where {chosen} limit 1"
                )
                told = await refused(text, **values)
                assert told and "unique" in told, f"{table} {names} {where}: {told}"
                if not sql.is_postgres():
                    assert all(f"{table}.{name}" in told for name in names), told
                tried.add((table, names, bool(where)))
    assert {("access", ("account_id", "client_id"), True), ("care_team", ("client_id", "staff_id"), True)} <= tried
    assert {("message", ("conversation_id", "number"), False), ("session", ("token_hash",), False)} <= tried
    assert {("staff_member", ("email_key",), False), ("portal_account", ("email_key",), False)} <= tried


def _fresh(column: Column) -> Any:
    if column.kind == "uuid":
        return uuid4()
    return 987_654 if "int" in column.kind else uuid4().hex


def _cast(column: Column, place: str) -> str:
    name = {"uuid": "uuid", "integer": "integer", "bigint": "bigint"}.get(column.kind, "varchar")
    value = f"{place}::{name}" if sql.is_postgres() else place
    return f"case when {column.name} is null then null else {value} end"


BROKEN: dict[str, list[str]] = brought_by_name("BROKEN")
CONSTRAINT = re.compile(r'check constraint "([^"]+)"|check constraint failed: (.*)', re.DOTALL)


async def test_every_check_refuses_what_it_is_for(unserved: Deployment) -> None:
    async with unserved.models():
        await fill(unserved.cast)
        for table in await tables():
            broken = set()
            for text in BROKEN.get(table, []):
                told = await refused(text)
                match = CONSTRAINT.search(told or "")
                assert match, f"{text}: {told}"
                broken.add(match[1] or match[2])
            assert len(broken) == await checks(table), f"{table} has {await checks(table)} checks"


async def test_audit_rows_stay_as_they_were_written(unserved: Deployment) -> None:
    async with unserved.models():
        await fill(unserved.cast)
        attempts = ["update audit set action = 'nothing'", "delete from audit"]
        if sql.is_postgres():
            attempts.append("truncate audit")
        for text in attempts:
            told = await refused(text)
            assert told and "audit rows are never changed or deleted" in told, f"{text}: {told}"
