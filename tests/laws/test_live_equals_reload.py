"""The transport of the live law: what the hub has marked arrives, on two workers, by Redis, in order, once.

That every region is marked by whatever changes it is held by test_regions.py, for everything there is to see. Here the
cast has pages open all the time, in two workers on PostgreSQL, and after one act of each class of facts each shows what
a reload would: as many pages as show all that staff, and all that clients see. `bin/test --all` tries every act with
every page, on SQLite too.

Costs a reload of each page for each act: some two seconds.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from tests.cast import ACCOUNTS, STAFF, Cast, Person
from tests.deployment import Deployment
from tests.html import parse
from tests.laws.stage import Act, Stage
from tests.pages import Page, open_page
from tests.servers import PostgreSQL, Redis

OF_ONE_PERSON = 10  # sockets of one person on one worker


def staff_pages(cast: Cast) -> list[str]:
    """Return the pages that staff leave open, the most telling first."""
    chart = {name: f"/staff/clients/{cast.client[name]}" for name in ("noa", "eli", "sam", "lena")}

    as_dana = f"{chart['noa']}/as/{cast.account['dana']}"

    def thread(name: str) -> str:
        return f"{chart[name.split()[0]]}/conversations/{cast.conversation[name]}"

    return [
        "/staff/today",
        "/staff/notices",
        "/staff/inbox",
        f"/staff/inbox/{cast.conversation['noa clinical']}?view=mine",
        "/staff/templates",
        "/staff/clients",
        "/staff/settings/availability",
        "/staff/clients#q=reyes",
        "/staff/clients?show=archived",
        chart["noa"],
        thread("noa clinical"),
        thread("eli confidential"),
        f"/staff/inbox?view=snoozed&client={cast.client['noa']}",
        f"{chart['sam']}/messages",
        f"{chart['lena']}/messages",
        chart["eli"],
        f"{chart['noa']}/messages",
        f"{chart['noa']}/conversations/new",
        f"{chart['noa']}/contacts",
        f"{chart['noa']}/contacts/{cast.link}/history",
        thread("noa administrative"),
        f"{thread('noa clinical')}/readers",
        f"{chart['noa']}/who-sees",
        f"{as_dana}/home",
        f"{as_dana}/conversations/{cast.conversation['noa clinical']}",
        f"{as_dana}/notices",
        f"/staff/inbox/{cast.conversation['eli confidential']}?view=done",
        thread("eli clinical"),
        thread("sam clinical"),
        thread("sam billing"),
        chart["sam"],
        chart["lena"],
        f"{chart['eli']}/messages",
    ]


def client_pages(cast: Cast) -> list[str]:
    """Return the pages that clients, and those who act for them, leave open, as far as they may."""
    pages = ["/board"]
    for name in ("noa", "eli", "sam"):
        here = f"/clients/{cast.client[name]}"
        pages += [f"{here}/home", f"{here}/notices", f"{here}/messages", f"{here}/conversations/new"]
        pages += [f"{here}/conversations/{thread}" for thread in cast.threads[name]]
        pages += [f"{here}/who-acts", f"{here}/who-sees", f"{here}/conversations/{cast.threads[name][0]}/readers"]
    return pages


@dataclass
class House:
    """A deployment with all pages of the cast open, spread over its workers."""

    stage: Stage
    pages: list[Page] = field(default_factory=list)
    proven: bool = False  # each page was found to be true, and nothing has happened since

    async def open(self, stack: contextlib.AsyncExitStack, everything: bool) -> None:
        """Have the cast's pages open: those that show what none before them shows, and one of each person on each
        worker; or everything."""
        cast, workers = self.stage.cast, len(self.stage.deployment.bases)
        pages: dict[tuple[Person, str], set[tuple[str, str]]] = {}
        for name in (*STAFF, *ACCOUNTS):
            person = await self.stage.person(name)
            for path in staff_pages(cast) if person.side == "staff" else client_pages(cast):
                answer = await person.get(path, follow=True)
                if answer.status_code == 200:
                    regions = parse(answer.text).all("data-region")
                    pages[person, answer.url.raw_path.decode()] = {
                        (person.side, region.get("data-region")) for region in regions
                    }
        shown, opened = set[tuple[str, str]](), Counter[Person]()
        for person, path in sorted(pages, key=lambda page: len(pages[page]), reverse=True):
            told_elsewhere = pages[person, path] <= shown and opened[person] >= workers
            if opened[person] < OF_ONE_PERSON * workers and (everything or not told_elsewhere):
                page = await stack.enter_async_context(open_page(person, path, opened[person] % workers))
                self.pages.append(page)
                opened[person] += 1
                shown |= pages[person, path]

    async def make_true(self) -> None:
        """Begin from pages that are open and true, whatever the test before has shown."""
        for page in self.pages:
            if page.over or (not self.proven and page.live != await page.reload()):
                await page.leave()
                if await page.opens():
                    await page.load()
                    await page.come_back()
        self.proven = False

    async def is_true(self) -> None:
        """Red with all pages that are out of date, not only the first."""
        open_now = [page for page in self.pages if page.staying or page.over]
        told = await asyncio.gather(*(page.current() for page in open_now), return_exceptions=True)
        wrong = [str(reason) for reason in told if isinstance(reason, BaseException)]
        assert not wrong, f"{len(wrong)} of {len(self.pages)} pages:\n" + "\n\n".join(wrong[:6])
        self.proven = True


@pytest_asyncio.fixture(scope="module")
async def house(request: pytest.FixtureRequest, postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[House]:
    async with (
        Deployment.shared(request.param, postgres, redis_server) as deployment,
        contextlib.AsyncExitStack() as stack,
    ):
        house = House(Stage(deployment))
        await house.open(stack, request.config.getoption("all"))
        yield house


def test_everybody_of_the_cast_has_pages_open(house: House) -> None:
    names = {page.person.name for page in house.pages}
    assert names == {*STAFF, *ACCOUNTS}
    workers = {page.worker for page in house.pages}
    assert workers == set(range(len(house.stage.deployment.bases)))


async def test_live_equals_reload(house: House, sampled: Act) -> None:
    await house.make_true()
    await sampled.happen(house.stage)
    await house.is_true()


async def test_nothing_comes_late_that_would_make_it_untrue(house: House) -> None:
    await house.make_true()
    await asyncio.gather(*(page.settle() for page in house.pages))
    await house.is_true()
