"""The cost of pages to the database as a practice grows, in pages of 8 KiB that it touches."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from portal.app import create
from portal.demo import make_crowd
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.messages.conversation import Conversation
from portal.models.staff.session import Session
from portal.settings import settings
from portal.web.doors import cookie_name
from tests.deployment import Deployment
from tests.servers import PostgreSQL, Redis

ORIGIN = "http://localhost:8000"
LONG = 100_000
CROWD = 1_000  # clients with an open conversation each, all seen by one member of staff
NEWEST = 60  # at the end, that can be read; those before them are copies

# The messages move up, and copies of one of them, which cannot be read, take the places before them.
_MOVED = """
    with moved as (update message set number = number + cast(:more as int) where conversation_id = :id)
    update conversation set last_number = last_number + cast(:more as int), last_said = last_said + cast(:more as int),
    read_by = '{}' where id = :id
"""
_COPIES = """
    insert into message (id, conversation_id, number, staff_id, account_id, body_sealed, sent_at, automatic)
    select gen_random_uuid(), m.conversation_id, g.number, m.staff_id, m.account_id, m.body_sealed,
        m.sent_at - interval '1 year' + g.number * interval '1 minute', false
    from (select * from message where conversation_id = :id order by number limit 1) m,
        generate_series(1, cast(:more as int)) g(number)
"""

# All but the last three are read.
_READ = """
    insert into reading (conversation_id, reader_id, number, at)
    select c.id, p.id, c.last_number - 3, now() from conversation c, unnest(cast(:people as uuid[])) p(id)
    where c.id = :id on conflict (conversation_id, reader_id) do update set number = excluded.number
"""


@pytest_asyncio.fixture
async def willow(postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Deployment]:
    async with Deployment.full(postgres, redis_server, workers=0, with_worker=False) as willow:
        yield willow


class Explained:
    """Stands before the database: what each question touches there is written down, in pages of 8 KiB."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.touched: dict[str, int] = {}
        self._ask = sql._asked
        monkeypatch.setattr(sql, "_asked", self)

    async def __call__(self, database: Any, text: str, given: list[Any]) -> list[dict[str, Any]]:
        if sql._only_asks(text):
            (row,) = await self._ask(database, f"explain (analyze, buffers, format json) {text}", given)
            (plan,) = json.loads(next(iter(row.values())))
            blocks = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
            self.touched[text] = self.touched.get(text, 0) + blocks
        return await self._ask(database, text, given)


async def opened(willow: Deployment, explained: Explained, pages: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """For each page: how many questions it asks, and how much they touch."""
    cast = willow.cast
    costs = {}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(create()), base_url=ORIGIN) as browser:
        for who, paths in pages.items():
            side = "staff" if who in cast.staff else "client"
            _, token = await Session.start(side, UUID((cast.staff if side == "staff" else cast.account)[who]), "", "")
            for path in paths:
                explained.touched.clear()
                answer = await browser.get(path, headers={"Cookie": f"{cookie_name(side)}={token}"})
                assert answer.status_code in (200, 303), path
                costs[path] = (len(explained.touched), sum(explained.touched.values()))
    return costs


async def test_a_hundred_thousand_messages_cost_what_a_hundred_cost(
    willow: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_BASE_URL", ORIGIN)
    settings.cache_clear()
    noa, thread = willow.cast.client["noa"], UUID(willow.cast.conversation["noa clinical"])
    pages = {
        "dana": [f"/clients/{noa}/conversations/{thread}", f"/clients/{noa}/home", f"/clients/{noa}/messages"],
        "miriam": [
            f"/staff/clients/{noa}/conversations/{thread}",
            f"/staff/inbox/{thread}",
            "/staff/today",
            "/staff/notices",
        ],
    }
    async with willow.models():
        miriam = UUID(willow.cast.staff["miriam"])
        readers = [miriam, UUID(willow.cast.account["dana"])]
        for number in range(NEWEST):
            async with unit():
                await (await Conversation.get(id=thread)).post(f"Word {number}.", staff=miriam)
        await willow.sql(_READ, id=thread, people=readers)
        explained = Explained(monkeypatch)
        await willow.sql("analyze")
        few = await opened(willow, explained, pages)

        await willow.sql(_MOVED, id=thread, more=LONG)
        await willow.sql(_COPIES, id=thread, more=LONG)
        await willow.sql(_READ, id=thread, people=readers)
        await willow.sql("vacuum analyze message")
        many = await opened(willow, explained, pages)
    settings.cache_clear()
    assert {path: questions for path, (questions, _) in many.items()} == {
        path: questions for path, (questions, _) in few.items()
    }
    # An index of a larger table is a level or two deeper: each look into it touches that much more.
    assert not {path: (few[path][1], touched) for path, (_, touched) in many.items() if touched > 2 * few[path][1]}


async def test_an_inbox_touches_little_for_each_open_conversation(
    willow: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts them all, so it grows with them; but no question asks each of them about the whole practice."""
    monkeypatch.setenv("PORTAL_BASE_URL", ORIGIN)
    settings.cache_clear()
    pages = {"henrik": ["/staff/inbox", "/staff/inbox?view=mine", "/staff/today", "/staff/clients"]}
    async with willow.models():
        await make_crowd(CROWD, CROWD)
        await willow.sql("vacuum analyze")
        costs = await opened(willow, Explained(monkeypatch), pages)
    settings.cache_clear()
    assert not {path: touched / CROWD for path, (_, touched) in costs.items() if touched > 8 * CROWD}, costs
