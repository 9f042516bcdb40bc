"""A practice that really sends mail: real workers, a mail server on loopback, and the demo's mailbox to read it in.

async with house(postgres, redis) as willow:
    willow.letterbox.refuses["typo@example.com"] = "550 5.1.1 No such user here"
"""

import asyncio
import contextlib
import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.async_api import Locator, Page, expect

from tests.access.desk import Desk
from tests.browser.visitor import Visitor
from tests.deployment import Deployment
from tests.mail.post_office import PostOffice
from tests.servers import PostgreSQL, Redis


class Letterbox(PostOffice):
    """Keeps each letter where the demo's page of mail looks for it; `refuses` answers for single addresses."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.refuses: dict[str, str] = {}

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        await asyncio.to_thread(self._keep, envelope.content)
        return await super().handle_DATA(server, session, envelope)

    def _keep(self, content: bytes) -> None:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{time.time_ns()}-{os.urandom(4).hex()}"
        path.with_suffix(".part").write_bytes(content)
        path.with_suffix(".part").rename(path.with_suffix(".eml"))


class House(Desk):
    """The demo practice with its letterbox."""

    def __init__(self, deployment: Deployment, letterbox: Letterbox) -> None:
        super().__init__(deployment, letterbox)
        self.letterbox = letterbox
        letterbox.folder = deployment.folder / "mail"

    async def open_letter(self, visitor: Visitor, to: str, says: str, worker: int = 1) -> Page:
        """The demo's mail as a page, once there is a letter to this address that says this."""
        page = await visitor.context.new_page()
        await self.letter(to, says)
        await page.goto(self.deployment.bases[worker] + "/demo/mail")
        await expect(theirs(page, to, says)).to_be_visible()
        return page

    async def follow(self, page: Page, to: str, says: str, worker: int = 1) -> None:
        """Press the link of that letter. Letters name the worker that wrote them; a balancer would choose any."""
        link = theirs(page, to, says).locator("a[href*='/welcome/'], a[href*='/reset/']")
        address = await link.get_attribute("href")
        assert address is not None
        base = self.deployment.bases[worker]
        await link.evaluate("(link, base) => { link.href = base + new URL(link.href).pathname; }", base)
        await link.click()
        # The secret of a link leaves the address bar at once.
        await expect(page).to_have_url(re.compile("/(welcome|reset)$"))
        assert urlsplit(address).path not in await page.evaluate("location.href")


def theirs(page: Page, to: str, says: str) -> Locator:
    """The newest letter to an address that says something."""
    return page.get_by_role("article").filter(has_text=to).filter(has_text=says).first


@contextlib.asynccontextmanager
async def house(postgres: PostgreSQL, redis: Redis) -> AsyncIterator[House]:
    """PostgreSQL, Redis, two workers, the one beside them, and the letterbox."""
    async with (
        Letterbox() as letterbox,
        Deployment.full(postgres, redis, SMTP_URL=letterbox.url, PORTAL_DRAIN="1") as deployment,
    ):
        yield House(deployment, letterbox)
