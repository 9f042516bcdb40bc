"""Tortoise's SQLite client, with what keeps writes safe and with columns that arrive in their types.

Tortoise begins with a plain BEGIN: a transaction that reads first and writes later can then fail
half-way, because another process took the write lock between the two.

SQLite has no types of its own for ids, times, truth and JSON. Its driver decodes a value by the type that its column
was declared with, also through subqueries, unions and `returning`; a computed column has none (`sql.rows`).
"""

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite
from asyncpg.pgproto.pgproto import UUID  # PostgreSQL's driver makes these; seven times as fast as the standard one
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import TransactionManagementError

from portal.models.ground.dialect import for_sqlite

DECODERS: dict[str, Callable[[Any], Any]] = {
    "uuid": UUID,
    "timestamptz": dt.datetime.fromisoformat,
    "boolean": lambda value: bool(int(value)),
    "jsonb": json.loads,
}


def _decode_columns() -> None:
    for kind, decode in DECODERS.items():
        declared = for_sqlite(kind).partition("(")[0]
        sqlite3.register_converter(declared, lambda value, decode=decode: decode(value.decode()))  # type: ignore[misc]


_decode_columns()


class ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as reason:
            raise TransactionManagementError(reason) from reason


class SqliteConnection(SqliteClient):
    async def create_connection(self, with_db: bool) -> None:
        """Open the file as Tortoise does, and have declared columns decoded."""
        if self._connection is None:
            self._connection = await aiosqlite.connect(
                self.filename, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES
            )
            self._connection._conn.row_factory = sqlite3.Row
            for pragma, value in self.pragmas.items():
                await self._connection.execute(f"pragma {pragma}={value}")
            await self._post_connect()

    def _in_transaction(self) -> SqliteTransactionContext:
        return SqliteTransactionContext(ImmediateTransaction(self), self._lock)


client_class = SqliteConnection
