"""A practice whose letters arrive, for all files of this folder that leave its people as they are; and what other rooms
set up for their own."""

from collections.abc import AsyncIterator

import pytest

from tests.access.desk import own_desk
from tests.browser.conftest import browser, practice, visit  # noqa: F401
from tests.deployment import Deployment
from tests.mail.conftest import bus, client, mail, office, out, portal, trusted  # noqa: F401
from tests.mail.test_returned import imap  # noqa: F401
from tests.notices.conftest import willow  # noqa: F401

desk = own_desk(scope="package", PORTAL_PATIENCE="30")


@pytest.fixture
async def untried(deployment: Deployment) -> AsyncIterator[Deployment]:
    """Nobody has tried anything yet, and what is tried here keeps nobody of another test out."""
    await deployment.sql("delete from throttle")
    yield deployment
    await deployment.sql("delete from throttle")
