"""One practice for all tests of this folder: two workers, PostgreSQL, Redis, and a mail server that is its own."""

import pytest

from tests.access.desk import Desk, own_desk

whole = own_desk(scope="package", PORTAL_PATIENCE="30")


@pytest.fixture
async def desk(whole: Desk) -> Desk:
    """Nobody has tried anything yet: what one test counts against an address is not the next one's."""
    await whole.sql("delete from throttle")
    return whole
