"""An open database of either kind, with a practice and a client in it, and a mail server that is the practice's; or a
whole practice of a file's own, with a mail server of its own."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from portal import clock
from portal.mail.delivery import deliver
from portal.models.ground.fact import unit
from portal.models.people.client import Client
from portal.models.practice.practice import Practice
from portal.realtime.bus import Bus
from portal.settings import settings
from portal.web import rendering
from portal.web.rendering import learn_practice
from tests.deployment import Deployment, opened
from tests.mail.imap import certificate
from tests.mail.post_office import PostOffice
from tests.servers import PostgreSQL


@pytest.fixture(params=["sqlite", "postgres"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UUID]:
    """The client Noa in a practice that has nobody else; its database is open meanwhile."""
    postgres: PostgreSQL | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    before = dict(rendering.practice)
    async with opened(tmp_path, postgres, filled=False):
        try:
            async with unit():
                await Practice.create(name="Willow Street", phone="(555) 010-0134")
                noa = await Client.add({"first_name": "Noa", "last_name": "Reyes"}, None)
            await learn_practice()
            yield noa.id
        finally:
            clock.move(dt.timedelta())
            rendering.practice.clear()
            rendering.practice.update(before)


@pytest.fixture
async def office(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostOffice]:
    """The practice's mail server."""
    async with PostOffice() as server:
        use(monkeypatch, server.url)
        yield server
    settings.cache_clear()


@dataclass
class Outgoing:
    """Letters leave a practice that has nobody but its client Noa, and come to its mail server."""

    client: UUID
    office: PostOffice
    bus: Bus

    async def deliver(self) -> int:
        return await deliver(self.bus)


@pytest.fixture
def out(client: UUID, office: PostOffice, bus: Bus) -> Outgoing:
    return Outgoing(client, office, bus)


@pytest.fixture(scope="module")
async def mail() -> AsyncIterator[PostOffice]:
    async with PostOffice() as server:
        yield server


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the certificate that the practice trusts."""
    return certificate(tmp_path_factory.mktemp("trusted")).parent


@pytest.fixture(scope="module")
async def portal(mail: PostOffice, trusted: Path) -> AsyncIterator[Deployment]:
    """A practice whose mail server is that office, and whose mailbox may be on its own network."""
    inside = {"SSL_CERT_FILE": str(certificate(trusted)), "PORTAL_MAIL_HOSTS": "mail.willow.example, localhost"}
    async with Deployment.embedded(SMTP_URL=mail.url, **inside) as deployment:
        yield deployment


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SMTP_URL", url)
    monkeypatch.setenv("PORTAL_BASE_URL", "https://portal.willow.example")
    settings.cache_clear()


@pytest.fixture
async def bus() -> AsyncIterator[Bus]:
    made = Bus.make("")
    await made.connect()
    yield made
    await made.close()
