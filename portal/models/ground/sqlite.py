"""Tortoise's SQLite client with the two settings that keep writes safe: BEGIN IMMEDIATE and a busy time-out.

Tortoise begins with a plain BEGIN: a transaction that reads first and writes later can then fail
half-way, because another process took the write lock between the two.
"""

from __future__ import annotations

import sqlite3

from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import TransactionManagementError


class ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as reason:
            raise TransactionManagementError(reason) from reason


class SqliteConnection(SqliteClient):
    def _in_transaction(self) -> SqliteTransactionContext:
        return SqliteTransactionContext(ImmediateTransaction(self), self._lock)


client_class = SqliteConnection
