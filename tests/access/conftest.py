"""One practice for all tests of this folder: two workers, PostgreSQL, Redis, and a mail server that is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.access.desk import Desk
from tests.deployment import Deployment
from tests.mail.post_office import PostOffice
from tests.servers import PostgreSQL, Redis


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whole(postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Desk]:
    async with (
        PostOffice() as office,
        Deployment.full(
            postgres, redis_server, SMTP_URL=office.url, PORTAL_DRAIN="1", PORTAL_PATIENCE="30"
        ) as deployment,
    ):
        await deployment.sql("update practice set mail_after = 240")  # no letter in the midst of a test
        yield Desk(deployment, office)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(whole: Desk) -> Desk:
    """Nobody has tried anything yet: what one test counts against an address is not the next one's."""
    await whole.sql("delete from throttle")
    return whole
