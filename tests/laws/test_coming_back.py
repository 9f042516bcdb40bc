"""A page whose socket was away, however long, comes back with its bookmark and is as true as any other."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.deployment import Deployment
from tests.html import parse
from tests.laws.sample import name_of
from tests.laws.samples import ALL_ROUTES, sample_of
from tests.pages import Page, open_page

TEN_MINUTES = 600


async def happen(deployment: Deployment, *names: str) -> None:
    """The samples of these routes, by those who may."""
    routes = {name_of(route): route for route in ALL_ROUTES}
    for name in names:
        sample = sample_of(routes[name])
        person = await deployment.cast.sign_in(sample.who)
        answer = await sample.ask(routes[name], person)
        assert answer.status_code == sample.status, answer.text


async def three_acts(deployment: Deployment) -> None:
    await happen(
        deployment,
        "POST /staff/clients/{client}",
        "POST /clients/{client}/conversations/{conversation}/messages",
        "POST /staff/clients/{client}/conversations/{conversation}/messages",
    )


@contextlib.asynccontextmanager
async def both_sides(deployment: Deployment) -> AsyncIterator[list[Page]]:
    """A mother's home, her open conversation, with which all is read, and the therapist's chart of the child."""
    cast = deployment.cast
    noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam")
    async with (
        open_page(dana, f"/clients/{noa}/conversations/{thread}") as conversation,
        open_page(dana, f"/clients/{noa}/home") as home,
        open_page(miriam, f"/staff/clients/{noa}") as chart,
    ):
        yield [home, conversation, chart]


async def test_what_happened_while_its_socket_was_closed_is_caught_up(deployment: Deployment) -> None:
    async with both_sides(deployment) as pages:
        for page in pages:
            await page.leave()
        await three_acts(deployment)
        for page in pages:
            before = len(page.frames)
            assert page.live != await page.reload(), f"{page} had nothing to catch up with"
            await page.come_back(worker=deployment.last)
            await page.settle()
            assert page.live == await page.reload()
            assert all("content" not in frame or frame in page.pushes for frame in page.frames[before:])


async def test_a_conversation_gets_each_missed_message_once_and_in_order(deployment: Deployment) -> None:
    async with both_sides(deployment) as (_, conversation, _):
        await conversation.leave()
        before, shown = len(conversation.pushes), conversation.document.all("data-number")
        last = max(int(item.get("data-number")) for item in shown)
        await three_acts(deployment)
        await three_acts(deployment)
        await conversation.come_back()
        await conversation.settle()
        numbers = [
            int(item.get("data-number"))
            for push in conversation.pushes[before:]
            if push["region"].startswith("messages")
            for item in _items(push)
            if int(item.get("data-number")) > last  # not those that were seen meanwhile
        ]
        assert len(numbers) == 4
        assert numbers == list(range(numbers[0], numbers[0] + 4))


async def test_each_message_is_sent_once_to_a_page_that_stays(deployment: Deployment) -> None:
    """A message that was sent is behind the page's cursor, also for those who write next."""
    async with both_sides(deployment) as (_, conversation, _):
        before, last = (
            len(conversation.pushes),
            max(int(item.get("data-number")) for item in conversation.document.all("data-number")),
        )
        for _ in range(3):
            await happen(deployment, "POST /clients/{client}/conversations/{conversation}/messages")
            await conversation.settle()
        sent = [
            int(item.get("data-number"))
            for push in conversation.pushes[before:]
            if push["region"].startswith("messages")
            for item in _items(push)
        ]
        assert [number for number in sent if number > last] == [last + 1, last + 2, last + 3]


def _items(push: dict[str, Any]) -> list[Any]:
    return parse(push["content"]).all("data-number")


def older(since: str) -> str:
    era, taken, place = since.split(".")
    return f"{era}.{int(taken) - TEN_MINUTES - 120}.{place}"


def of_another_era(since: str) -> str:
    era, taken, place = since.split(".")
    return f"{era[::-1]}.{taken}.{place}"


def ahead(since: str) -> str:
    era, taken, place = since.split(".")
    return f"{era}.{taken}." + (f"{2**40}:{2**40}:" if ":" in place else str(2**40))


def garbage(since: str) -> str:
    return "not a bookmark"


def of_the_other_database(since: str) -> str:
    era, taken, place = since.split(".")
    return f"{era}.{taken}." + ("17" if ":" in place else "700:700:")


@pytest.mark.parametrize("spoiled", [older, of_another_era, ahead, garbage, of_the_other_database])
async def test_with_a_bookmark_that_says_nothing_every_region_is_read_again(
    deployment: Deployment, spoiled: Any
) -> None:
    async with both_sides(deployment) as pages:
        for page in pages:
            await page.ask()
            await page.leave()
            before = len(page.pushes)
            said = page.since = spoiled(page.since)
            for region in page.document.all("data-look"):
                region.attributes["data-look"] = "another"  # else it would be read, and not sent
            await page.come_back()
            await page.until(lambda page=page, said=said: page.since != said, what="a bookmark of its own")
            again = {push["region"] for push in page.pushes[before:]}
            wholes = {key for key in page.showing if not key.startswith("messages")}
            assert wholes <= again, f"{page} read again only {again}"
            assert page.live == await page.reload()


async def test_a_page_that_is_current_is_told_nothing_when_it_comes_back(deployment: Deployment) -> None:
    async with both_sides(deployment) as pages:
        for page in pages:
            await page.ask()
            await page.leave()
            before = len(page.pushes)
            await page.come_back()
            await page.settle()
            assert page.pushes[before:] == []
