"""What every test may ask for.

`embedded` and `full` are shared by all tests that leave the practice as they found it, or don't mind what
others have written there; a test that needs one for itself makes it: `async with Deployment.full(...)`.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.deployment import Deployment
from tests.servers import PostgreSQL, Redis


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all", action="store_true", help="Try everything where a sample is tried in every run."
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def embedded() -> AsyncIterator[Deployment]:
    """SQLite, the in-process bus, one worker."""
    async with Deployment.embedded(PORTAL_PATIENCE="30") as deployment:
        await _without_mail(deployment)
        yield deployment


@pytest_asyncio.fixture(scope="session")
async def full(postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Deployment]:
    """PostgreSQL, Redis, two workers, and the worker for what is due."""
    async with Deployment.shared("full", postgres, redis_server) as deployment:
        await _without_mail(deployment)
        yield deployment


async def _without_mail(deployment: Deployment) -> None:
    """No e-mail about a message falls due in the midst of what another test compares."""
    await deployment.sql("update practice set mail_after = 240")
