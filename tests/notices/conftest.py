"""A deployment of its own for these tests, on either kind of database, and what people do in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.cast import Cast, Person
from tests.deployment import Deployment
from tests.pages import Page
from tests.servers import PostgreSQL, Redis


@dataclass
class Practice:
    deployment: Deployment

    @property
    def cast(self) -> Cast:
        return self.deployment.cast

    def thread(self, person: Person, name: str = "noa clinical") -> str:
        """The address of a conversation for this person."""
        staff = "/staff" if person.side == "staff" else ""
        return f"{staff}/clients/{self.cast.client[name.split()[0]]}/conversations/{self.cast.conversation[name]}"

    async def writes(self, person: Person, text: str, to: str = "noa clinical") -> None:
        answer = await person.send(f"{self.thread(person, to)}/messages", key=str(uuid4()), body=text)
        assert answer.status_code == 201, answer.text

    async def reads(self, person: Person, thread: str = "noa clinical") -> None:
        answer = await person.send(f"{self.thread(person, thread)}/reading", number=9999)
        assert answer.status_code == 204, answer.text

    async def told(self) -> None:
        """Return when those who had not read have their notices."""
        async with asyncio.timeout(20):
            while True:
                if not await self.deployment.sql("select 1 from conversation where tell_at is not null"):
                    return
                await asyncio.sleep(0.1)

    async def has_seen_all(self, person: Person) -> None:
        """Begin with nothing new, in the bell and in the conversations about Noa."""
        for thread in ("noa clinical", "noa administrative"):
            if (await person.get(self.thread(person, thread))).status_code == 200:
                await self.reads(person, thread)
        column = "staff_id" if person.side == "staff" else "account_id"
        await self.told()
        await self.deployment.sql(
            f"update notice set read_at = made_at where read_at is null and {column} = :id", id=person.id
        )

    async def new_for(self, person: Person) -> list[dict[str, Any]]:
        """The rows of this person's unread notices, the oldest first."""
        column = "staff_id" if person.side == "staff" else "account_id"
        return await self.deployment.sql(
            f"select * from notice where {column} = :id and read_at is null order by number", id=person.id
        )


def bell(page: Page) -> int:
    """The number at the bell of a page as it is now."""
    shown = page.document.by_id("bell")
    assert shown is not None
    count = next((one for one in shown.walk() if "count" in one.classes), None)
    return int(count.elements[0].text) if count else 0


@pytest_asyncio.fixture(scope="module", params=["embedded", "full"])
async def practice(
    request: pytest.FixtureRequest, postgres: PostgreSQL, redis_server: Redis
) -> AsyncIterator[Practice]:
    made = Deployment.full(postgres, redis_server) if request.param == "full" else Deployment.embedded()
    async with made as deployment:
        yield Practice(deployment)
