"""The number of questions that a page asks the database does not grow with what there is to show."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from starlette.routing import Route

from portal.app import create
from portal.demo import make_crowd
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.messages.conversation import Conversation
from portal.models.staff.session import Session
from portal.permissions import Audience
from portal.settings import settings
from portal.web.doors import cookie_name
from tests.deployment import Deployment
from tests.laws.sample import is_write, name_of
from tests.laws.samples import ALL_ROUTES, sample_of
from tests.servers import PostgreSQL, Redis

ORIGIN = "http://localhost:8000"
MOST = 24  # questions of any page: more would be a loop that the demo is too small to show
PAGES = [
    route for route in ALL_ROUTES if not is_write(route) and route.path.startswith(("/staff", "/clients", "/home"))
]


@pytest_asyncio.fixture(scope="module", params=["sqlite", "postgres"])
async def willow(
    request: pytest.FixtureRequest, postgres: PostgreSQL, redis_server: Redis
) -> AsyncIterator[Deployment]:
    """Served by nobody: the application answers in this very process, where its questions can be counted."""
    if request.param == "sqlite":
        async with Deployment.embedded(workers=0) as willow:
            yield willow
    else:
        async with Deployment.full(postgres, redis_server, workers=0, with_worker=False) as willow:
            yield willow


def askers(route: Route) -> set[str]:
    """The one whose sample it is, and where it is no page of theirs alone somebody who sees all clients."""
    sample = sample_of(route)
    return (
        {sample.who, "henrik"}
        if route.path.startswith("/staff")
        and not sample.template
        and not route.path.startswith(("/staff/settings/", "/staff/colleagues"))
        and not route.path.endswith("/care-team")
        else {sample.who}
    )


async def questions(willow: Deployment, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count the questions of each page, for the one whose sample it is and for somebody who sees all clients."""
    monkeypatch.setenv("PORTAL_BASE_URL", ORIGIN)
    settings.cache_clear()
    counts = {}
    transport = httpx2.ASGITransport(create())
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
        for route in PAGES:
            for who in askers(route):
                counts[f"{name_of(route)} by {who}"] = await _asked(willow, browser, route, who, monkeypatch)
    settings.cache_clear()
    return counts


async def _asked(
    willow: Deployment, browser: httpx2.AsyncClient, route: Route, who: str, monkeypatch: pytest.MonkeyPatch
) -> int:
    side = "staff" if who in willow.cast.staff else "client"
    holder = (willow.cast.staff if side == "staff" else willow.cast.account)[who]
    _, token = await Session.start(side, UUID(holder), "", "")
    asked: list[str] = []
    monkeypatch.setattr(sql, "counted", asked)
    path = sample_of(route).path(route, willow.cast)
    answer = await browser.get(path, headers={"Cookie": f"{cookie_name(side)}={token}"})
    monkeypatch.setattr(sql, "counted", None)
    assert answer.status_code in (200, 303), f"{path}: {answer.status_code}"
    return len(asked)


async def test_a_page_asks_as_often_in_a_full_practice(willow: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    async with willow.models():
        few = await questions(willow, monkeypatch)
        assert len(few) == sum(len(askers(route)) for route in PAGES)
        assert not {page: n for page, n in few.items() if not 0 < n <= MOST}

        await make_crowd(60, 600)
        async with unit():
            client, miriam = UUID(willow.cast.client["noa"]), UUID(willow.cast.staff["miriam"])
            contacts = await sql.rows("select contact_id from contact_link where client_id = :c", c=client)
            people = [row["contact_id"] for row in contacts]
            for audience in (*Audience, *Audience):
                thread = await Conversation.start(client, audience, people, with_client=True)
                await thread.post("One more.", staff=miriam)
            long = await Conversation.get(id=willow.cast.conversation["noa clinical"])
        for _ in range(120):
            async with unit():
                await long.post("And another.", staff=miriam)

        many = await questions(willow, monkeypatch)
    assert many == few
