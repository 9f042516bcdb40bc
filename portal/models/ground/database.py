"""The database and how it is opened: SQLite in the data folder, or PostgreSQL by its address."""

import json
import sqlite3
from functools import cache
from importlib import import_module
from inspect import isclass
from pkgutil import walk_packages
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError
from tortoise.migrations.api import migrate as apply_migrations
from tortoise.migrations.executor import MigrationExecutor
from tortoise.models import Model

from portal import crypto
from portal import models as rooms
from portal.models.ground import sql
from portal.models.ground.fact import begin_era
from portal.settings import Settings


@cache
def models() -> list[str]:
    """Return the modules that hold a model; Tortoise would warn of the others."""
    files = [file.name for file in walk_packages(rooms.__path__, "portal.models.") if not file.ispkg]
    return [name for name in files if any(_is_model_of(name, thing) for thing in vars(import_module(name)).values())]


def _is_model_of(module: str, thing: object) -> bool:
    return isclass(thing) and issubclass(thing, Model) and thing.__module__ == module and not thing._meta.abstract


def config(settings: Settings) -> dict[str, Any]:
    """Return Tortoise's configuration for these settings."""
    if settings.sqlite:
        connection: dict[str, Any] = {
            "engine": "portal.models.ground.sqlite",
            "credentials": {"file_path": str(settings.data / "portal.db"), "synchronous": "FULL", "busy_timeout": 5000},
        }
    else:
        address = urlsplit(settings.database_url)
        options = {key: values[-1] for key, values in parse_qs(address.query).items()}
        connection = {
            "engine": "portal.models.ground.postgres",
            "credentials": {
                "host": options.get("host", address.hostname),
                "port": address.port or 5432,
                "user": unquote(address.username or ""),
                "password": unquote(address.password or "") or None,
                "database": address.path.lstrip("/"),
                # None is held open for its own sake: nothing to restore while the database is away.
                "minsize": 0,
                "maxsize": settings.pool,
                "timeout": 5,
                "command_timeout": 20,
                "application_name": "portal",
                "reset": _leave_as_it_is,
                "init": decode_json,
                "server_settings": {
                    "idle_in_transaction_session_timeout": "30000",
                    "statement_timeout": "20000",
                    "jit": "off",
                    # The rules of who may see what take longer to plan than to run, and their texts
                    # are few: PostgreSQL plans each once per connection.
                    "plan_cache_mode": "force_generic_plan",
                },
            }
            | ({"ssl": options["sslmode"]} if "sslmode" in options else {}),
        }
    return {
        "connections": {"default": connection},
        "apps": {
            "models": {"models": models(), "default_connection": "default", "migrations": "portal.models.migrations"}
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def decode_json(connection: asyncpg.Connection) -> None:
    """Have JSON arrive parsed on this new connection. It is still written as text."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=json.loads)


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Replace the four statements by which asyncpg cleans each connection that comes back to the pool.

    Nothing here sets, locks or listens for a whole session, and asyncpg has rolled back an open transaction
    before it asks this.
    """


async def open_database(settings: Settings) -> TortoiseContext:
    """Connect, for this process. The connection is tried first when it is used."""
    if settings.sqlite:
        settings.data.mkdir(parents=True, exist_ok=True)
    # Tortoise keeps what it compiled under the connection's name, even for a database of the other kind.
    EXECUTOR_CACHE.clear()
    return await Tortoise.init(config=config(settings), _enable_global_fallback=True)


async def close_database() -> None:
    """Close the connections; a process that forgets this never ends."""
    await Tortoise.close_connections()


async def migrate(settings: Settings) -> None:
    """Bring the database to the shape this version needs, on connections of its own. Safe to repeat. What is sealed
    is opened with the key file, where there is one."""
    if settings.sqlite:
        settings.data.mkdir(parents=True, exist_ok=True)
    if settings.keys_path.exists():
        crypto.load_keys(settings.keys_path)
    try:
        await apply_migrations(config=config(settings))
        if not await sql.exists("select 1 from era"):
            await begin_era()
    finally:
        await close_database()


async def pending_migrations() -> list[str]:
    """Return the names of migrations that this database has not had."""
    executor = MigrationExecutor(
        sql.connection(), {"models": {"models": models(), "migrations": "portal.models.migrations"}}
    )
    return [step.migration.name for step in await executor.plan(None)]


# The database's absence, from the driver up.
AWAY = (
    ConnectionError,
    OSError,
    TimeoutError,
    DBConnectionError,
    sqlite3.OperationalError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,  # starting, stopping, or stopped by an operator or a time-out
    asyncpg.InsufficientResourcesError,  # too many connections, a full disk
    asyncpg.TransactionRollbackError,  # a deadlock: the next try goes through
    asyncpg.InvalidTransactionStateError,  # it has become a standby, or a transaction stood idle too long
)


def is_away(reason: BaseException) -> bool:
    """Tell whether the database is not there; Tortoise wraps some of its errors. Anything else is a mistake of ours,
    and no later try would help."""
    return isinstance(reason, AWAY) or isinstance(reason.__cause__, AWAY)
