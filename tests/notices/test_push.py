"""A device that asked for it is told while no page is open: once, neutrally, and never of what was read."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from portal.settings import Settings
from portal.web.public_hosts import Forbidden, is_public
from portal.web.pushing import check_endpoint
from tests.cast import Person
from tests.deployment import Deployment
from tests.mail.post_office import eventually
from tests.notices.conftest import Practice
from tests.notices.push_service import Browser, PushService
from tests.pages import open_page
from tests.servers import PostgreSQL, Redis

AGENT = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service() -> AsyncIterator[PushService]:
    async with PushService() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["embedded", "full"])
async def willow(
    request: pytest.FixtureRequest, service: PushService, postgres: PostgreSQL, redis_server: Redis
) -> AsyncIterator[Practice]:
    more = {"PORTAL_PUSH_ANYWHERE": "1"}
    made = Deployment.full(postgres, redis_server, **more) if request.param == "full" else Deployment.embedded(**more)
    async with made as deployment:
        yield Practice(deployment)


def settings_of(willow: Practice, person: Person) -> str:
    if person.side == "staff":
        return "/staff/notices"
    return f"/clients/{willow.cast.client['sam' if person.name == 'sam' else 'noa']}/notices"


async def asks_to_be_told(willow: Practice, person: Person, browser: Browser) -> None:
    answer = await person.post(
        f"{settings_of(willow, person)}/devices", None, {"HX-Request": "true", "User-Agent": AGENT}, **browser.form
    )
    assert answer.status_code == 204, answer.text


async def devices(willow: Practice, person: Person) -> list[dict[str, Any]]:
    column = "staff_id" if person.side == "staff" else "account_id"
    return await willow.deployment.sql(f"select * from push_device where {column} = :id", id=person.id)


async def at_rest(willow: Practice, person: Person) -> None:
    async def look() -> bool:
        return all(row["due_at"] is None for row in await devices(willow, person))

    await eventually(look)


async def begins_anew(willow: Practice, *people: Person) -> None:
    for person in people:
        await willow.has_seen_all(person)
        column = "staff_id" if person.side == "staff" else "account_id"
        await willow.deployment.sql(f"delete from push_device where {column} = :id", id=person.id)
        await willow.deployment.sql("delete from mail_choice where person_id = :id", id=person.id)


async def test_a_mother_is_told_once_and_of_nothing_in_particular(willow: Practice, service: PushService) -> None:
    dana, miriam = await willow.cast.sign_in("dana"), await willow.cast.sign_in("miriam")
    await begins_anew(willow, dana, miriam)
    phone = service.browser(f"dana-{willow.deployment.sqlite}")
    path = phone.endpoint.partition(str(service.port))[2]
    await asks_to_be_told(willow, dana, phone)
    await willow.writes(miriam, "She did well today.")
    await service.got(path)
    ((_, words),) = [one for one in service.said if one[0] == path]
    assert words == {"title": "Willow Street Counselling", "body": "Something new for you."}
    assert service.headers[-1]["ttl"] == "86400"
    # More of what she has not read is no second push.
    await willow.writes(miriam, "And another thing.")
    await willow.told()
    await at_rest(willow, dana)
    assert service.tried.count(path) == 1
    # Having read, she is told of the next; discreetly, if she wishes.
    await willow.reads(dana)
    await dana.post("/discretion", discreet="on")
    await willow.writes(miriam, "One more.")
    await service.got(path, 2)
    assert service.said[-1][1] == {"title": "Portal", "body": "Something new for you."}
    await dana.post("/discretion", discreet="off")
    # What lies here of her device is sealed.
    (row,) = await devices(willow, dana)
    assert b"push/" not in bytes(row["subscription_sealed"])


async def test_what_was_read_or_is_not_wanted_is_not_pushed(willow: Practice, service: PushService) -> None:
    dana, miriam = await willow.cast.sign_in("dana"), await willow.cast.sign_in("miriam")
    await begins_anew(willow, dana, miriam)
    desk = service.browser(f"miriam-{willow.deployment.sqlite}")
    path = desk.endpoint.partition(str(service.port))[2]
    await asks_to_be_told(willow, miriam, desk)
    await willow.writes(dana, "Read at once.")
    await willow.reads(miriam)
    await willow.told()
    choices = f"{settings_of(willow, miriam)}/choices"
    await miriam.post(choices, often="once", shown_message="on")
    await willow.writes(dana, "Not wanted.")
    await willow.told()
    await at_rest(willow, miriam)
    assert path not in service.tried
    await willow.reads(miriam)
    await miriam.post(choices, often="once", shown_message="on", push_message="on")
    # In quiet hours it waits for their end.
    await miriam.post(
        choices, often="once", push_message="on", quiet_from="00:00", quiet_until="23:59", shown_message="on"
    )
    await willow.writes(dana, "In the night.")
    await willow.told()

    async def waits() -> bool:
        (row,) = await devices(willow, miriam)
        return row["due_at"] is not None and row["leased_until"] is None and row["tries"] > 0

    await eventually(waits)
    assert path not in service.tried
    (row,) = await devices(willow, miriam)
    await willow.reads(miriam)
    await willow.deployment.sql("update push_device set due_at = added_at where id = :id", id=row["id"])
    await at_rest(willow, miriam)
    assert path not in service.tried


async def test_a_service_that_fails_is_tried_again_and_one_that_forgot_the_device_is_not(
    willow: Practice, service: PushService
) -> None:
    dana, miriam = await willow.cast.sign_in("dana"), await willow.cast.sign_in("miriam")
    await begins_anew(willow, dana, miriam)
    phone = service.browser(f"again-{willow.deployment.sqlite}")
    path = phone.endpoint.partition(str(service.port))[2]
    await asks_to_be_told(willow, dana, phone)
    service.answers.append(503)
    await willow.writes(miriam, "Hello?")

    async def put_off() -> bool:
        return service.tried.count(path) == 1 and (await devices(willow, dana))[0]["leased_until"] is None

    await eventually(put_off)
    assert not [one for one in service.said if one[0] == path]
    await willow.deployment.sql("update push_device set due_at = added_at where account_id = :id", id=dana.id)
    await service.got(path)
    async with open_page(dana, f"{settings_of(willow, dana)}/choices") as page:
        key = "devices?person=" + dana.id
        await page.until(lambda: "Firefox, Android" in page.live[key])
        await willow.reads(dana)
        service.answers.append(410)
        await willow.writes(miriam, "Still there?")
        await page.until(lambda: "None yet" in page.live[key])
        await page.current()
    assert await devices(willow, dana) == []


async def test_a_device_is_whoevers_asked_last_and_is_theirs_to_remove(willow: Practice, service: PushService) -> None:
    dana, sam = await willow.cast.sign_in("dana"), await willow.cast.sign_in("sam")
    await begins_anew(willow, dana)
    shared = service.browser(f"shared-{willow.deployment.sqlite}")
    await asks_to_be_told(willow, dana, shared)
    await asks_to_be_told(willow, sam, shared)
    assert await devices(willow, dana) == []
    (row,) = await devices(willow, sam)
    # Another's can't be removed, nor is it told that it is there.
    removal = f"{settings_of(willow, dana)}/devices/removal"
    assert (await dana.post(removal, device=str(row["id"]))).status_code == 303
    assert len(await devices(willow, sam)) == 1
    await sam.post(f"{settings_of(willow, sam)}/devices/removal", device=str(row["id"]))
    assert await devices(willow, sam) == []


@pytest.mark.parametrize(
    "wrong", [{"auth": "c2hvcnQ"}, {"p256dh": "BAAA"}, {"p256dh": "!"}, {"endpoint": "nowhere"}, {"endpoint": ""}]
)
async def test_what_is_no_subscription_is_refused(
    willow: Practice, service: PushService, wrong: dict[str, str]
) -> None:
    jo = await willow.cast.sign_in("jo")
    form = service.browser("wrong").form | wrong
    assert (await jo.post("/staff/notices/devices", **form)).status_code == 422
    assert await devices(willow, jo) == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://updates.push.services.mozilla.com/x",
        "https://updates.push.services.mozilla.com:8443/x",
        "https://someone:word@updates.push.services.mozilla.com/x",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://fcm.googleapis.com/x\r\nHost: inside",
        "file:///etc/passwd",
    ],
)
def test_nothing_is_sent_to_machines_inside(endpoint: str) -> None:
    with pytest.raises(Forbidden):
        check_endpoint(endpoint)


def test_push_services_are_sent_to() -> None:
    check_endpoint("https://fcm.googleapis.com/fcm/send/abc:def")
    check_endpoint("https://updates.push.services.mozilla.com/wpush/v2/abc")


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.1", "::1", "fd00::1", "::ffff:127.0.0.1", "224.0.0.1"])
def test_a_name_that_leads_inside_is_not_followed(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert is_public(ipaddress.ip_address("142.250.185.74"))


def test_the_setting_that_lets_pushes_go_anywhere_is_for_demos_alone() -> None:
    chosen = Settings(push_anywhere=True, demo=False, base_url="https://portal.example.org")
    assert any("PORTAL_PUSH_ANYWHERE" in problem for problem in chosen.problems())
