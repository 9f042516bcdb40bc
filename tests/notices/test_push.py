"""A device that asked for it is told while no page is open: once, neutrally, and never of what was read."""

import pytest

from portal.settings import Settings
from portal.web.public_hosts import Forbidden
from portal.web.pushing import check_endpoint
from tests.mail.post_office import eventually
from tests.notices.conftest import Practice
from tests.pages import open_page


async def test_a_mother_is_told_once_and_of_nothing_in_particular(willow: Practice) -> None:
    dana, miriam = await willow.people("dana", "miriam")
    phone = await willow.device(dana)
    await willow.writes(miriam, "She did well today.")
    await willow.pushes.got(phone)
    ((_, words),) = [one for one in willow.pushes.said if one[0] == phone.path]
    assert words == {"title": "Willow Street Counselling", "body": "Something new for you."}
    assert willow.pushes.headers[-1]["ttl"] == "86400"
    # More of what she has not read is no second push.
    await willow.writes(miriam, "And another thing.")
    await willow.told()
    await willow.at_rest(dana)
    assert willow.pushes.tried.count(phone.path) == 1
    # Having read, she is told of the next; discreetly, if she wishes.
    await willow.reads(dana)
    await dana.post("/discretion", discreet="on")
    await willow.writes(miriam, "One more.")
    await willow.pushes.got(phone, 2)
    assert willow.pushes.said[-1][1] == {"title": "Portal", "body": "Something new for you."}
    await dana.post("/discretion", discreet="off")
    # What lies here of her device is sealed.
    (row,) = await willow.devices(dana)
    assert b"push/" not in bytes(row["subscription_sealed"])


async def test_what_was_read_or_is_not_wanted_is_not_pushed(willow: Practice) -> None:
    dana, miriam = await willow.people("dana", "miriam")
    desk = await willow.device(miriam)
    await willow.writes(dana, "Read at once.")
    await willow.reads(miriam)
    await willow.told()
    choices = f"{willow.settings_of(miriam)}/choices"
    await miriam.post(choices, often="once", shown_message="on")
    await willow.writes(dana, "Not wanted.")
    await willow.told()
    await willow.at_rest(miriam)
    assert desk.path not in willow.pushes.tried
    await willow.reads(miriam)
    await miriam.post(choices, often="once", shown_message="on", push_message="on")
    # In quiet hours it waits for their end.
    await miriam.post(
        choices,
        often="once",
        push_message="on",
        quiet="on",
        quiet_from="00:00",
        quiet_until="23:59",
        shown_message="on",
    )
    await willow.writes(dana, "In the night.")
    await willow.told()

    async def waits() -> bool:
        (row,) = await willow.devices(miriam)
        return row["due_at"] is not None and row["leased_until"] is None and row["tries"] > 0

    await eventually(waits)
    assert desk.path not in willow.pushes.tried
    await willow.reads(miriam)
    await willow.push_again(miriam)
    await willow.at_rest(miriam)
    assert desk.path not in willow.pushes.tried


async def test_a_service_that_fails_is_tried_again_and_one_that_forgot_the_device_is_not(willow: Practice) -> None:
    dana, miriam = await willow.people("dana", "miriam")
    phone = await willow.device(dana)
    willow.pushes.answers.append(503)
    await willow.writes(miriam, "Hello?")

    await willow.put_off(dana, phone)
    assert not [one for one in willow.pushes.said if one[0] == phone.path]
    await willow.push_again(dana)
    await willow.pushes.got(phone)
    async with open_page(dana, f"{willow.settings_of(dana)}/choices") as page:
        key = "devices?person=" + dana.id
        await page.until(lambda: "Firefox, Android" in page.live[key])
        await willow.reads(dana)
        willow.pushes.answers.append(410)
        await willow.writes(miriam, "Still there?")
        await page.until(lambda: "None yet" in page.live[key])
        await page.current()
    assert await willow.devices(dana) == []


async def test_a_device_is_whoevers_asked_last_and_is_theirs_to_remove(willow: Practice) -> None:
    dana, sam = await willow.people("dana", "sam")
    shared = await willow.device(dana)
    await willow.device(sam, shared)
    assert await willow.devices(dana) == []
    (row,) = await willow.devices(sam)
    # Another's can't be removed, nor is it told that it is there.
    removal = f"{willow.settings_of(dana)}/devices/removal"
    assert (await dana.post(removal, device=str(row["id"]))).status_code == 303
    assert len(await willow.devices(sam)) == 1
    await sam.post(f"{willow.settings_of(sam)}/devices/removal", device=str(row["id"]))
    assert await willow.devices(sam) == []


@pytest.mark.parametrize(
    "wrong", [{"auth": "c2hvcnQ"}, {"p256dh": "BAAA"}, {"p256dh": "!"}, {"endpoint": "nowhere"}, {"endpoint": ""}]
)
async def test_what_is_no_subscription_is_refused(willow: Practice, wrong: dict[str, str]) -> None:
    jo = await willow.cast.sign_in("jo")
    form = willow.pushes.browser().form | wrong
    assert (await jo.post("/staff/notices/devices", **form)).status_code == 422
    assert await willow.devices(jo) == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://updates.push.services.mozilla.com/x",
        "https://updates.push.services.mozilla.com:8443/x",
        "https://someone:word@updates.push.services.mozilla.com/x",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://fcm.googleapis.com/x\r\nHost: inside",
        "file:///etc/passwd",
    ],
)
def test_nothing_is_sent_to_machines_inside(endpoint: str) -> None:
    """Other addresses that lead inside are in tests/attacks/test_for_the_record.py."""
    with pytest.raises(Forbidden):
        check_endpoint(endpoint)


def test_push_services_are_sent_to() -> None:
    check_endpoint("https://fcm.googleapis.com/fcm/send/abc:def")
    check_endpoint("https://updates.push.services.mozilla.com/wpush/v2/abc")


def test_the_setting_that_lets_pushes_go_anywhere_is_for_demos_alone() -> None:
    chosen = Settings(push_anywhere=True, demo=False, base_url="https://portal.example.org")
    assert any("PORTAL_PUSH_ANYWHERE" in problem for problem in chosen.problems())
