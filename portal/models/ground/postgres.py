"""Tortoise's PostgreSQL client, which leaves nothing behind when a transaction can't begin or end.

Tortoise puts a transaction into the task's context before it sends BEGIN, and takes it out after the connection
is given back. Where the line breaks in between, the dead connection stays in the context: a task that goes on,
such as the worker's, would ask it for ever.
"""

from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContextPooled
from tortoise.connection import get_connections


class Transaction(TransactionContextPooled):
    async def __aenter__(self) -> TransactionalDBClient:
        try:
            return await super().__aenter__()
        except BaseException:
            if self._leave():
                await self.client._parent._pool.release(self.client._connection)
            raise

    async def __aexit__(self, *reason: Any) -> None:
        try:
            await super().__aexit__(*reason)
        finally:
            self._leave()

    def _leave(self) -> bool:
        """Take the transaction out of the context. Return False where it is not there."""
        if get_connections().get(self.connection_name) is not self.client:
            return False
        get_connections().reset(self.token)
        return True


class PostgresClient(AsyncpgDBClient):
    def _in_transaction(self) -> TransactionContextPooled:
        return Transaction(TransactionWrapper(self), self._pool_init_lock)


client_class = PostgresClient
