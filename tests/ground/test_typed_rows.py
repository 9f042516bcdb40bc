"""Rows arrive typed, and the same on both databases: PostgreSQL's own catalogue says in which types."""

import datetime as dt
from pathlib import Path
from uuid import UUID

import asyncpg

from portal.models.ground import sql
from portal.models.ground.sqlite import DECODERS
from tests.deployment import Deployment, practice_in_postgres
from tests.ground.test_constraints import columns, tables
from tests.rooms import fill
from tests.servers import PostgreSQL

TYPES: dict[str, tuple[type, ...]] = {
    "uuid": (UUID,),
    "timestamp with time zone": (dt.datetime,),
    "boolean": (bool,),
    "jsonb": (dict, list),
    "ARRAY": (list,),
    "bytea": (bytes,),
    "integer": (int,),
    "bigint": (int,),
    "character varying": (str,),
    "xid8": (int,),
}

# As SQLite's tables have it: the driver decodes by this alone.
DECLARED = {
    "uuid": "char",
    "timestamp with time zone": "timestamp",
    "boolean": "int",
    "jsonb": "json",
    "ARRAY": "json",
    "bigint": "integer",
    "bytea": "blob",
    "character varying": "varchar",
}


async def test_each_column_of_each_table_arrives_in_its_type(
    unserved: Deployment, postgres: PostgreSQL, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(practice_in_postgres(postgres, tmp_path, "typed", filled=False), ssl=False)
    catalogue = await connection.fetch(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'"
    )
    await connection.close()
    postgres.drop_database("typed")
    kinds = {(row["table_name"], row["column_name"]): row["data_type"] for row in catalogue}
    arrived = set()
    async with unserved.models():
        await fill(unserved.cast)
        for table in await tables():
            for name, column in (await columns(table)).items():
                kind = kinds[table, name]
                declared = column.kind.lower()
                assert declared in {kind.lower(), DECLARED.get(kind, kind)}, f"{table}.{name} is declared {declared}"
            for row in await sql.rows(f"select * from {table}"):
                for name, value in row.items():
                    if value is not None:
                        kind = kinds[table, name]
                        is_a = isinstance(value, TYPES[kind]) and (kind == "boolean") is isinstance(value, bool)
                        assert is_a, f"{table}.{name}: {value!r}"
                        assert kind != "timestamp with time zone" or value.utcoffset() == dt.timedelta(0)
                        arrived.add(kind)
    assert arrived >= TYPES.keys() - {"xid8"}


async def test_a_column_that_is_worked_out_arrives_in_the_type_it_says(unserved: Deployment) -> None:
    async with unserved.models():
        (row,) = await sql.rows(
            "select v.id::uuid as id, v.at::timestamptz as at, (v.at is null)::boolean as never, "
            "v.words::jsonb as words, v.nobody::uuid as nobody from ("
            "select '01a22e5e-dd4b-7982-8250-94a591332fa3'::uuid as id, "
            ":at::timestamptz as at, '[true, \"a\"]' as words, null as nobody) v order by at",
            at=dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC),
        )
    assert row == {
        "id": UUID("01a22e5e-dd4b-7982-8250-94a591332fa3"),
        "at": dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC),
        "never": False,
        "words": [True, "a"],
        "nobody": None,
    }
    assert row["never"] is False and len(DECODERS) == 4
