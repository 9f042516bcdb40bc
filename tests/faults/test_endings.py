"""An access, a session or a place in a team ends while a page is open: it does at once, whatever else is down."""

import datetime as dt
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from time import monotonic
from uuid import UUID

import pytest
import pytest_asyncio

from portal import clock
from portal.models.access.account import Access
from portal.models.access.contact_links import change_terms, end_tie
from portal.models.access.network import switch_network
from portal.models.ground.fact import unit
from portal.models.messages.conversation import Conversation
from portal.models.people.client import CareTeam, Client
from portal.models.people.contact import ContactLink
from portal.permissions import Restriction, Right
from portal.realtime.page import NO_ACCESS, SIGNED_OUT
from tests.deployment import Deployment
from tests.faults.telling import LATE, Telling, by_hand, waits_for_a_lock
from tests.pages import Page, in_time, open_page
from tests.servers import Redis


@pytest_asyncio.fixture
async def restored(ground: Deployment) -> AsyncIterator[Deployment]:
    """Dana's access to Noa, and Miriam's place in Noa's team, are as they were after the test."""
    yield ground
    noa = UUID(ground.cast.client["noa"])
    await ground.sql("update client set contact_network = true where id = :noa", noa=noa)
    await ground.sql(
        "update contact_link set until_at = null, agreed_until = null, no_contact_from = null, may_messages = true "
        "where id in (select contact_link_id from access where client_id = :noa and account_id = :dana)",
        noa=noa,
        dana=UUID(ground.cast.account["dana"]),
    )
    for table, holder, id in (
        ("access", "account_id", ground.cast.account["dana"]),
        ("care_team", "staff_id", ground.cast.staff["miriam"]),
    ):
        await ground.sql(
            f"update {table} set until_at = null where client_id = :noa and {holder} = :id", noa=noa, id=UUID(id)
        )


async def access_of(deployment: Deployment, account: str, client: str) -> Access:
    ids = {"account_id": deployment.cast.account[account], "client_id": deployment.cast.client[client]}
    return await Access.get(**ids, until_at=None)


async def close(pages: list[Page], code: int, since: float) -> list[float]:
    """Wait until the server closes these pages for good, in time; gives the seconds since, for each."""
    late = []
    for page in pages:
        await page.until(lambda page=page: page.over, what="its end")
        assert page.closed == code
        late.append(monotonic() - since)
    in_time(dict(zip(map(repr, pages), late, strict=True)), LATE)
    return late


async def ends(deployment: Deployment, how: str) -> None:
    """Dana may see nothing of Noa any more: her access ended, she is no contact, is kept away, or no contact acts."""
    noa = deployment.cast.client["noa"]
    access = await access_of(deployment, "dana", "noa")
    link = await ContactLink.get(id=access.contact_link_id)
    match how:
        case "access":
            await access.end()
        case "contact":
            await end_tie(link, UUID(deployment.cast.staff["miriam"]))
        case "restriction":
            kept = {Restriction.NO_CONTACT: clock.now()}
            await change_terms(link, replace(link.terms, restrictions=kept))
        case "network":
            await switch_network(await Client.get(id=noa), False)


@pytest.mark.parametrize("redis", ["well", "stopped"])
@pytest.mark.parametrize("how", ["access", "contact", "restriction", "network"])
async def test_an_access_that_ends_closes_the_profiles_pages_on_every_worker(
    restored: Deployment, own_redis: Redis, redis: str, how: str
) -> None:
    cast = restored.cast
    dana = await cast.sign_in("dana")
    noa, eli, thread = cast.client["noa"], cast.client["eli"], cast.conversation["noa clinical"]
    async with restored.models(), AsyncExitStack() as stack:
        enter = stack.enter_async_context
        path = f"/clients/{noa}/conversations/{thread}"
        pages = [await enter(open_page(dana, path, worker=worker)) for worker in (0, 1)]
        pages.append(await enter(open_page(dana, f"/clients/{noa}/home", worker=1)))
        brothers = await enter(open_page(dana, f"/clients/{eli}/home", worker=1))
        unopened = await enter(open_page(dana, path, worker=1, socket=False))
        if redis == "stopped":
            own_redis.stop()
        secret = "Only for those who may still read it."
        async with by_hand(restored, "lock table participant in access exclusive mode"):
            # A message is pending for each page: whether they may see it is asked, and not answered yet.
            async with unit():
                conversation = await Conversation.get(id=thread)
                await conversation.post(secret, staff=UUID(cast.staff["miriam"]))
            await waits_for_a_lock(restored, "participant", count=2)
            async with unit():
                await ends(restored, how)
            ended = monotonic()
            late = await close(pages, NO_ACCESS, ended)
        print(f"{how} ended, Redis {redis}: {max(late):.2f} s")
        await brothers.settle()
        assert not brothers.over
        await brothers.current()
        # One that had loaded before, and asks for its socket only now, is told the same.
        await unopened.come_back()
        assert unopened.closed == NO_ACCESS
        for page in [*pages, brothers, unopened]:
            assert all(secret not in frame["content"] for frame in page.pushes)
        assert await unopened.reload() == {}


@pytest.mark.parametrize("redis", ["well", "stopped"])
async def test_a_right_that_is_taken_takes_what_it_showed_and_leaves_the_rest(
    restored: Deployment, own_redis: Redis, redis: str
) -> None:
    cast = restored.cast
    dana, noa, thread = await cast.sign_in("dana"), cast.client["noa"], cast.conversation["noa clinical"]
    path, stream = f"/clients/{noa}/conversations/{thread}", f"messages?conversation={thread}"
    async with restored.models(), AsyncExitStack() as stack:
        enter = stack.enter_async_context
        pages = [await enter(open_page(dana, path, worker=worker)) for worker in (0, 1)]
        home = await enter(open_page(dana, f"/clients/{noa}/home", worker=1))
        if redis == "stopped":
            own_redis.stop()
        secret = "Only for those who may write with us."
        async with by_hand(restored, "lock table participant in access exclusive mode"):
            async with unit():
                await (await Conversation.get(id=thread)).post(secret, staff=UUID(cast.staff["miriam"]))
            await waits_for_a_lock(restored, "participant", count=2)
            async with unit():
                link = await ContactLink.get(id=cast.link)
                await change_terms(link, replace(link.terms, rights=set(link.rights) - {Right.MESSAGES}))
            taken = monotonic()
        late = {}
        for page in pages:
            await page.until(lambda page=page: stream not in page.live, what="the conversation's end")
            late[repr(page)] = monotonic() - taken
        in_time(late, LATE)
        for page in [*pages, home]:
            await page.settle()
            assert all(secret not in frame["content"] for frame in page.pushes)
        assert not home.over
        await home.current()


async def test_a_planned_end_holds_with_nobody_to_strike_it(restored: Deployment, own_redis: Redis) -> None:
    cast = restored.cast
    dana, noa = await cast.sign_in("dana"), cast.client["noa"]
    assert restored.beside is not None
    async with restored.models(), AsyncExitStack() as stack:
        enter = stack.enter_async_context
        pages = [await enter(open_page(dana, f"/clients/{noa}/home", worker=worker)) for worker in (0, 1)]
        restored.beside.stop(signal.SIGKILL)
        own_redis.stop()
        end = clock.now() + dt.timedelta(seconds=3)
        async with unit():
            await (await access_of(restored, "dana", "noa")).end_on(end)
        ended = monotonic() + (end - clock.now()).total_seconds()
        late = await close(pages, NO_ACCESS, ended)
        assert min(late) >= 0
        print(f"planned end, nobody at work: {max(late):.2f} s")


async def test_a_session_that_runs_out_closes_its_pages(ground: Deployment) -> None:
    cast = ground.cast
    dana, noa = await cast.sign_in("dana"), cast.client["noa"]
    end = clock.now() + dt.timedelta(seconds=5)  # its pages are open by then
    ended = monotonic() + 5
    await ground.sql(
        "update session set idle_until = :end where account_id = :dana and ended_at is null",
        end=end,
        dana=UUID(cast.account["dana"]),
    )
    async with AsyncExitStack() as stack:
        opened = [
            open_page(dana, f"/clients/{noa}/{name}", worker) for name in ("home", "messages") for worker in (0, 1)
        ]
        late = await close([await stack.enter_async_context(one) for one in opened], SIGNED_OUT, ended)
        assert min(late) >= 0
        print(f"session ran out: {max(late):.2f} s")


async def test_who_leaves_a_team_is_shown_no_more(restored: Deployment) -> None:
    cast = restored.cast
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana", worker=1)
    noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
    answers = Telling(dana, noa, thread)
    async with restored.models(), AsyncExitStack() as stack:
        enter = stack.enter_async_context
        path = f"/staff/clients/{noa}/conversations/{thread}"
        pages = [await enter(open_page(miriam, path, worker=worker)) for worker in (0, 1)]
        async with unit():
            team = {"client_id": noa, "staff_id": cast.staff["miriam"], "until_at": None}
            await (await CareTeam.get(**team)).end()
        ended = monotonic()
        late = {}
        for page in pages:
            await page.until(lambda page=page: "This has ended." in page.document.text, what="the end")
            late[repr(page)] = monotonic() - ended
        in_time(late, LATE)
        await answers.say(2)
        for page in pages:
            await page.settle()
            assert not page.over
            assert not any(answers.word in frame["content"] for frame in page.pushes)


@pytest.mark.parametrize("redis", ["well", "stopped"])
async def test_signing_out_closes_that_sessions_pages_on_every_worker(
    ground: Deployment, own_redis: Redis, redis: str
) -> None:
    cast = ground.cast
    noa = cast.client["noa"]
    dana, elsewhere = await cast.sign_in("dana"), await cast.sign_in("dana")
    miriam = await cast.sign_in("miriam", worker=1)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        pages = [await enter(open_page(dana, f"/clients/{noa}/home", worker=worker)) for worker in (0, 1)]
        other = await enter(open_page(elsewhere, f"/clients/{noa}/home", worker=1))
        hers = await enter(open_page(miriam, f"/staff/clients/{noa}"))
        unopened = await enter(open_page(dana, f"/clients/{noa}/home", worker=1, socket=False))
        if redis == "stopped":
            own_redis.stop()
        assert (await dana.post("/sign-out")).status_code == 303
        ended = monotonic()
        late = await close(pages, SIGNED_OUT, ended)
        print(f"signed out, Redis {redis}: {max(late):.2f} s")
        await unopened.come_back()
        assert unopened.closed == SIGNED_OUT
        for page in (other, hers):
            await page.settle()
            assert not page.over and page.connections == 1
