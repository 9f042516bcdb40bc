"""A deployment of its own for these tests, on either kind of database, and what people do in it."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cast import Cast, Person
from tests.deployment import Deployment, begun
from tests.mail.post_office import PostOffice, eventually
from tests.messages.thread import Thread
from tests.notices.push_service import Browser, PushService
from tests.pages import Page

AGENT = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"


def whose(person: Person) -> str:
    """Return the condition for a person's rows, in tables of both sides."""
    return "staff_id = :id" if person.side == "staff" else "account_id = :id"


@dataclass
class Practice:
    """A practice with the mail that leaves it and the pushes it sends."""

    deployment: Deployment
    post: PostOffice
    pushes: PushService

    @property
    def cast(self) -> Cast:
        return self.deployment.cast

    async def sql(self, text: str, **values: Any) -> list[dict[str, Any]]:
        return await self.deployment.sql(text, **values)

    async def people(self, *names: str) -> list[Person]:
        """Sign these people in, with nothing new, no device and no choices of their own; no letter is to be written."""
        people = [await self.cast.sign_in(name) for name in names]
        for person in people:
            for name in ("noa clinical", "noa administrative", "sam clinical"):
                if (await person.get(self.thread(name).path(person))).status_code == 200:
                    await self.reads(person, name)
        await self.told()
        for person in people:
            for text in (
                f"update notice set read_at = made_at where read_at is null and {whose(person)}",
                f"delete from push_device where {whose(person)}",
                "delete from mail_choice where person_id = :id",
            ):
                await self.sql(text, id=person.id)
        await self.sql("update conversation set mail_since = null, tell_at = null")
        await self.sql("delete from burst")
        await self.sql("update notice set mail_at = null")
        return people

    def thread(self, name: str = "noa clinical") -> Thread:
        return Thread(self.cast, name)

    async def writes(self, person: Person, text: str, to: str = "noa clinical") -> str:
        return await self.thread(to).write(person, text)

    async def reads(self, person: Person, thread: str = "noa clinical") -> None:
        await self.thread(thread).read(person)

    # --- Notices ------------------------------------------------------------------------------

    async def told(self) -> None:
        """Return when those who had not read have their notices."""
        told = "select 1 as yes where not exists (select 1 from conversation where tell_at is not null)"
        await eventually(lambda: self.sql(told))

    async def new_for(self, person: Person) -> list[dict[str, Any]]:
        """Return the rows of this person's unread notices, the oldest first."""
        unread = f"{whose(person)} and read_at is null"
        return await self.sql(f"select * from notice where {unread} order by number", id=person.id)

    # --- Devices ------------------------------------------------------------------------------

    def settings_of(self, person: Person) -> str:
        if person.side == "staff":
            return "/staff/notices"
        return f"/clients/{self.cast.client['sam' if person.name == 'sam' else 'noa']}/notices"

    async def device(self, person: Person, browser: Browser | None = None) -> Browser:
        """Have this person's browser told while no page is open."""
        browser = browser or self.pushes.browser()
        headers = {"HX-Request": "true", "User-Agent": AGENT}
        answer = await person.post(f"{self.settings_of(person)}/devices", None, headers, **browser.form)
        assert answer.status_code == 204, answer.text
        return browser

    async def devices(self, person: Person) -> list[dict[str, Any]]:
        return await self.sql(f"select * from push_device where {whose(person)}", id=person.id)

    async def at_rest(self, person: Person) -> None:
        """Return when nothing waits to be pushed to this person."""

        async def look() -> bool:
            return all(row["due_at"] is None for row in await self.devices(person))

        await eventually(look)

    async def put_off(self, person: Person, browser: Browser) -> None:
        """Return when a push to this browser, the person's only one, was tried once in vain."""

        async def look() -> bool:
            (device,) = await self.devices(person)
            return self.pushes.tried.count(browser.path) == 1 and device["leased_until"] is None

        await eventually(look)

    async def push_again(self, person: Person) -> None:
        """Let what was put off be due now."""
        await self.sql(f"update push_device set due_at = added_at where {whose(person)}", id=person.id)

    # --- Letters ------------------------------------------------------------------------------

    def letters_to(self, name: str) -> int:
        """Return how many have left for this person of the client side, or else of the practice."""
        side = "client" if name in self.cast.account else "staff"
        return self.post.recipients.count(self.cast.email[side, name])

    async def all_written(self) -> None:
        """Return when no letter is due that was not written, or written and not sent."""

        async def look() -> bool:
            return not await self.sql(
                "select 1 from burst where letter_id is null and due_at <= :now union all "
                "select 1 from notice where mail_at <= :now union all "
                "select 1 from outbox where done_at is null and failed_at is null and due_at <= :now union all "
                "select 1 from conversation where mail_since <= :until",
                now=self.deployment.now,
                until=self.deployment.now - dt.timedelta(minutes=5),
            )

        await eventually(look)


def bell(page: Page) -> int:
    """Return the number at the bell of a page as it is now."""
    shown = page.document.by_id("bell")
    assert shown is not None
    count = next((one for one in shown.walk() if "count" in one.classes), None)
    return int(count.elements[0].text) if count else 0


@pytest.fixture(scope="package", params=["embedded", "full"])
async def willow(request: pytest.FixtureRequest) -> AsyncIterator[Practice]:
    """One for all files that use it; its clock goes on, and a window stays signed in for one test."""
    async with PostOffice() as post, PushService() as pushes:
        settings = {"SMTP_URL": post.url, "PORTAL_PUSH_ANYWHERE": "1"}
        async with begun(request, request.param, **settings) as deployment:
            yield Practice(deployment, post, pushes)
