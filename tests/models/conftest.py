"""The demo practice in this process, on either database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from tortoise.backends.base.executor import EXECUTOR_CACHE

from portal import crypto
from portal.demo import make_practice
from portal.models.ground.database import close_database, migrate, open_database
from portal.settings import Settings
from tests.deployment import Deployment
from tests.servers import PostgreSQL, Redis


@pytest.fixture(params=["sqlite", "postgres"])
async def practice(
    request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path
) -> AsyncIterator[None]:
    """The demo practice, in this process."""
    name = f"writing_{uuid4().hex[:8]}"
    url = postgres.create_database(name) if request.param == "postgres" else ""
    settings = Settings(data=tmp_path, DATABASE_URL=url, REDIS_URL="")
    crypto.make_key_file(settings.keys_path)
    crypto.load_keys(settings.keys_path)
    # Tortoise keeps the INSERTs it has made, whichever database they were for.
    EXECUTOR_CACHE.clear()
    await migrate(settings)
    await open_database(settings)
    try:
        await make_practice()
        yield
    finally:
        await close_database()
        EXECUTOR_CACHE.clear()
        if url:
            postgres.drop_database(name)


@pytest_asyncio.fixture(scope="module", params=["sqlite", "postgres"])
async def willow(
    request: pytest.FixtureRequest, postgres: PostgreSQL, redis_server: Redis
) -> AsyncIterator[Deployment]:
    """A deployment that nobody serves, one for all tests of a file: its `models()` work in this process."""
    if request.param == "sqlite":
        async with Deployment.embedded(workers=0) as willow:
            yield willow
    else:
        async with Deployment.full(postgres, redis_server, workers=0, with_worker=False) as willow:
            yield willow
