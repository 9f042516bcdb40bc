"""Servers and workers that these tests may stop, freeze and kill: nobody else uses them."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.deployment import Deployment
from tests.faults.telling import becomes
from tests.servers import PostgreSQL, Redis

# A thousand pages are told how far they are as rarely as they may be elsewhere.
PLENTY = {"PORTAL_MESSAGES_PER_MINUTE": "100000", "PORTAL_HEARTBEAT": "1"}


@pytest.fixture(scope="package")
def own_postgres() -> Iterator[PostgreSQL]:
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="package")
def own_redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest_asyncio.fixture(scope="package")
async def _ground(own_postgres: PostgreSQL, own_redis: Redis) -> AsyncIterator[Deployment]:
    async with Deployment.full(own_postgres, own_redis, **PLENTY) as deployment:
        # A sequence of a copied database would go back to where the copy was made, were it to crash
        # before its first checkpoint.
        own_postgres.sql("checkpoint")
        yield deployment


@pytest_asyncio.fixture
async def ground(_ground: Deployment, own_postgres: PostgreSQL, own_redis: Redis) -> AsyncIterator[Deployment]:
    """Two workers, the one beside them, PostgreSQL and Redis; whole again after each test."""
    yield _ground
    for number in range(2):
        # Seen where the test has failed.
        print(f"Worker {number} said:\n{_ground.log(number)[-4000:]}")
    for server in (own_redis, own_postgres, *_ground.workers, _ground.beside):
        assert server is not None
        if server.process is not None and server.process.poll() is not None:
            server.process = None
        if server.process is None:
            await asyncio.to_thread(server.start)
        server.thaw()
    for worker in _ground.workers:
        await becomes(lambda worker=worker: asyncio.to_thread(worker.answers))
