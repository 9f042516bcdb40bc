"""The demo practice in this process, on either database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.deployment import Deployment, opened
from tests.servers import PostgreSQL, Redis


@pytest.fixture(params=["sqlite", "postgres"])
async def practice(
    request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path
) -> AsyncIterator[None]:
    """The demo practice, in this process."""
    async with opened(tmp_path, postgres if request.param == "postgres" else None):
        yield


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
