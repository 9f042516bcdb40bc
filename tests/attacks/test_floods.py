"""A flood of wishes for a new password holds up nobody but who sends it, and leaves nothing behind."""

import asyncio
import datetime as dt
from uuid import UUID

import httpx2
import pytest

from portal import clock
from portal.mail.reset_requests import grant_requests
from portal.models.access import reset_request
from portal.models.access.reset_request import ResetRequest, request_reset, requests_due
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.throttle import network_of
from portal.realtime.bus import Bus
from tests.deployment import Deployment, own_practice
from tests.mail.post_office import eventually

# --- At the request ----------------------------------------------------------------------------------


behind = own_practice(PORTAL_TRUSTED_PROXIES="127.0.0.1")  # a proxy says where a request comes from


async def wished(deployment: Deployment, email: str, address: str) -> httpx2.Response:
    return await deployment.cast.stranger().post("/forgot", None, {"X-Forwarded-For": address}, email=email)


async def without_wishes(deployment: Deployment) -> None:
    await eventually(lambda: deployment.sql("select 1 as yes where not exists (select 1 from wish)"), 20)


async def test_over_its_limit_a_network_writes_nothing_and_is_answered_alike(behind: Deployment) -> None:
    answers = await asyncio.gather(
        *(wished(behind, f"nobody{n}@family.example", f"2001:db8:1:1::{n + 1:x}") for n in range(40))
    )
    await without_wishes(behind)
    [counted] = await behind.sql("select max(count) as most from throttle where key like 'reset from:%'")
    again = await asyncio.gather(
        *(wished(behind, f"others{n}@family.example", f"2001:db8:1:1::{n + 1:x}") for n in range(20))
    )
    rows = await behind.sql("select max(count) as most from throttle where key like 'reset from:%'")
    assert rows == [counted], "nothing is written any more, not even that there was something"
    assert await behind.count("throttle where key like 'reset for:%'") <= 20, (
        "a network makes so many rows, and no more"
    )
    assert {answer.status_code for answer in (*answers, *again)} == {200}

    sam = behind.cast.account["sam"]
    before = await behind.sql("select id from reset where account_id = :id", id=sam)
    await wished(behind, behind.cast.email["client", "sam"], "2001:db8:1:1::1")
    await without_wishes(behind)
    assert await behind.sql("select id from reset where account_id = :id", id=sam) == before
    await wished(behind, behind.cast.email["client", "sam"], "2001:db8:2:1::1")
    await eventually(lambda: behind.sql("select id from reset where account_id = :id", id=sam), 20)


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c.example", "ﷺ" * 254, "a@" + "b" * 80 + ".example"])
async def test_what_is_no_address_is_no_wish(behind: Deployment, email: str) -> None:
    await behind.sql("delete from throttle")
    assert (await wished(behind, email, "203.0.113.9")).status_code == 200
    assert await behind.sql("select 1 from throttle") == await behind.sql("select 1 from wish") == []
    assert "unexpected" not in behind.log()


# --- In the queue ------------------------------------------------------------------------------------


async def several(network: str, emails: list[str]) -> None:
    for email in emails:
        async with unit():
            await request_reset(email, network_of(network))
        clock.move(clock.now() - dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1))


async def whose(ids: list[UUID]) -> list[str]:
    found = {row.id: row.email or "" for row in await ResetRequest.filter(id__in=ids)}
    return [found[id].partition("@")[0] for id in ids]


async def test_one_networks_flood_waits_behind_itself(client: UUID, bus: Bus) -> None:
    await several("203.0.113.1", [f"flood{n}@family.example" for n in range(15)])
    await several("203.0.113.2", ["dana@family.example", "second@family.example"])
    await several("2001:db8::1", ["sam@family.example"])
    assert await whose(await requests_due(5)) == ["flood0", "dana", "sam", "flood1", "second"]
    assert await grant_requests(bus) == 18 and await requests_due(5) == []


async def test_no_more_wait_than_can_be_granted_soon(client: UUID, bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reset_request, "MOST", 5)
    for n in range(9):
        await several(f"203.0.113.{n}", [f"someone{n}@family.example"])
    assert len(await sql.rows("select id from wish")) == 5
    await grant_requests(bus)
    await several("203.0.113.9", ["dana@family.example"])
    assert len(await sql.rows("select id from wish")) == 1


async def test_who_asks_and_for_whom_can_t_be_read_or_guessed(client: UUID, bus: Bus) -> None:
    await several("203.0.113.1", ["dana@family.example"])
    kept = repr(await sql.rows("select * from wish")) + repr(await sql.rows("select * from throttle"))
    assert "dana" not in kept and "203.0.113.1" not in kept
