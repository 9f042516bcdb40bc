"""Minors (H5, J3): the practice's ages, and what ends by itself when somebody comes of age."""

import asyncio
import datetime as dt
import signal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2

from portal.demo.people import ZONE
from portal.language import local_day
from portal.models.practice.age import begins, birthday
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.pages import are_current, open_page
from tests.people.contacts import EVERYTHING, agree, link_of

willow = own_practice("full", scope="function")  # its clock goes on, and dates of birth are changed


def turning(willow: Deployment, days: int, years: int = 18) -> dt.date:
    """The date of birth of somebody who turns so many years in so many days, and not on a 29 February."""
    day = local_day(willow.now, ZONE) + dt.timedelta(days=days)
    born = birthday(day, -years)
    assert birthday(born, years) == day, "on a 29 February this is tried from the day after"
    return born


async def is_born(willow: Deployment, born: dt.date | None, who: str = "eli") -> None:
    """Staff write another date of birth on the chart."""
    id = willow.cast.client[who]
    row = await willow.row("client", id)
    form = {name: row[name] or "" for name in ("first_name", "last_name", "email")}
    miriam = await willow.cast.sign_in("miriam")
    answer = await miriam.post(f"/staff/clients/{id}", **form, date_of_birth=born.isoformat() if born else "")
    assert answer.status_code == 303, answer.text


async def ages(willow: Deployment, own: int = 14, majority: int = 18, **more: str) -> httpx2.Response:
    ada = await willow.cast.sign_in("ada")
    form = {"own_account_age": str(own), "majority_age": str(majority)}
    return await ada.post("/staff/settings/minors", **form, **more)


async def tie_of(willow: Deployment, contact: str, client: str) -> dict[str, Any]:
    return await willow.row("contact_link", await link_of(willow, contact, client))


async def until(willow: Deployment, moment: dt.datetime, seconds: float = 0) -> None:
    """The clock goes on to so many seconds after that moment."""
    await willow.move_clock(seconds=(moment - willow.now).total_seconds() + seconds)
    # Else what happens next would come after a gap of days, and a page would read everything again.
    await willow.followed()


async def dana_again(willow: Deployment, worker: int = 0) -> Person:
    return await willow.cast.sign_in("dana", worker=worker)


async def test_a_guardians_page_closes_at_midnight_and_the_other_child_stays(willow: Deployment) -> None:
    cast = willow.cast
    born = turning(willow, 40)
    await is_born(willow, born)
    midnight = begins(birthday(born, 18), ZONE)
    tie = await tie_of(willow, "Dana", "Eli")
    assert tie["of_age_at"] == tie["until_at"] == midnight
    assert (await tie_of(willow, "Ravi", "Eli"))["until_at"] is None, "he is no legal guardian"
    tab = f"/staff/clients/{cast.client['eli']}/contacts"
    assert "Until coming of age on" in (await (await cast.sign_in("miriam")).get(tab)).text

    await until(willow, midnight, -60)
    eli, noa = f"/clients/{cast.client['eli']}/home", f"/clients/{cast.client['noa']}/home"
    first, second = await dana_again(willow), await dana_again(willow, worker=1)
    young, miriam = await cast.sign_in("eli", worker=1), await cast.sign_in("miriam")
    async with (
        open_page(first, eli) as one,
        open_page(second, eli) as other,
        open_page(second, noa) as sister,
        open_page(young, eli) as own,
        open_page(miriam, tab) as chart,
    ):
        await are_current(one, other, sister, own, chart)
        await until(willow, midnight, 1)
        await one.until(lambda: one.over, what="her page on one worker to close")
        await other.until(lambda: other.over, what="her page on the other to close")
        await chart.until(lambda: "Ended with coming of age" in str(chart.live), what="the chart to say that it ended")
        for page in (sister, own, chart):
            await page.settle()
            assert not page.over
            await page.current()
        assert "Eli" not in sister.live[f"switch?client={cast.client['noa']}"]
    for person in (first, second):
        assert (await person.get(eli)).status_code == 404
        assert (await person.get(noa)).status_code == 200


async def test_born_on_the_29th_of_february_one_comes_of_age_on_the_1st_of_march(willow: Deployment) -> None:
    born, today = dt.date(2012, 2, 29), local_day(willow.now, ZONE)
    majority = next(
        years
        for years in range(15, 26)
        if birthday(born, years) > today + dt.timedelta(days=2) and birthday(born, years).month == 3
    )
    await is_born(willow, born)
    assert (await ages(willow, majority=majority)).status_code == 200
    midnight = dt.datetime(born.year + majority, 3, 1, tzinfo=ZoneInfo(ZONE))
    assert (await tie_of(willow, "Dana", "Eli"))["until_at"] == midnight
    await until(willow, midnight, -30)
    home = f"/clients/{willow.cast.client['eli']}/home"
    dana = await dana_again(willow)
    assert (await dana.get(home)).status_code == 200
    await until(willow, midnight, 1)
    assert (await dana.get(home)).status_code == 404


async def test_another_date_of_birth_is_another_end(willow: Deployment) -> None:
    cast = willow.cast
    home = f"/clients/{cast.client['eli']}/home"
    dana = await dana_again(willow, worker=1)
    for days in (40, 400):
        await is_born(willow, born := turning(willow, days))
        assert (await tie_of(willow, "Dana", "Eli"))["until_at"] == begins(birthday(born, 18), ZONE)
    stood = await tie_of(willow, "Dana", "Eli")
    await is_born(willow, None)
    assert (await tie_of(willow, "Dana", "Eli"))["until_at"] == stood["until_at"], "nobody knows more"
    await is_born(willow, born)
    assert (await dana.get(home)).status_code == 200

    # They turn out to be of age: it ends as that becomes known, and a page that is open hears of it.
    async with open_page(dana, home) as page:
        await is_born(willow, turning(willow, -3))
        await page.until(lambda: page.over, what="her page to close")
    tie = await tie_of(willow, "Dana", "Eli")
    assert tie["until_at"] == tie["of_age_at"] > willow.now - dt.timedelta(minutes=5), "not before"
    # What has ended does not come back by a date that is put right.
    await is_born(willow, born)
    assert (await tie_of(willow, "Dana", "Eli"))["until_at"] == tie["until_at"]
    assert (await dana.get(home)).status_code == 404


async def test_what_was_agreed_ends_it_where_that_comes_before(willow: Deployment) -> None:
    miriam = await willow.cast.sign_in("miriam")
    await is_born(willow, born := turning(willow, 40))
    of_age = birthday(born, 18)
    for last, ends in (
        (of_age - dt.timedelta(days=11), of_age - dt.timedelta(days=10)),
        (of_age + dt.timedelta(days=30), of_age),
    ):
        assert (await agree(willow, miriam, "eli", **EVERYTHING, last=last.isoformat())).status_code == 303
        assert (await tie_of(willow, "Dana", "Eli"))["until_at"] == begins(ends, ZONE)
        form = await miriam.get(
            f"/staff/clients/{willow.cast.client['eli']}/contacts/{await link_of(willow, 'Dana', 'Eli')}"
        )
        assert f'value="{last.isoformat()}"' in form.text, "what was agreed stands in the form"
    # The agreed day still holds when the birthday moves past it.
    await is_born(willow, turning(willow, 200))
    assert (await tie_of(willow, "Dana", "Eli"))["until_at"] == begins(of_age + dt.timedelta(days=31), ZONE)


async def test_other_ages_end_what_they_end_and_ask_first(willow: Deployment) -> None:
    cast = willow.cast
    home = f"/clients/{cast.client['eli']}/home"
    dana = await dana_again(willow, worker=1)
    await is_born(willow, born := turning(willow, 300))
    for own, majority in ((19, 18), (3, 18), (14, 40)):
        refused = await ages(willow, own, majority)
        assert refused.status_code == 422 and "why-" in refused.text
    assert (await ages(willow, majority=19)).status_code == 200
    assert (await tie_of(willow, "Dana", "Eli"))["until_at"] == begins(birthday(born, 19), ZONE)
    async with open_page(dana, home) as page:
        asked = await ages(willow, majority=17)
        assert asked.status_code == 422 and "The access of 1 guardian ends at once" in asked.text
        await page.settle()
        assert not page.over
        assert (await ages(willow, majority=17, sure="on")).status_code == 200
        await page.until(lambda: page.over, what="her page to close")
    # Noa is nine: her mother's access is not touched, but will end earlier.
    assert (await dana.get(f"/clients/{cast.client['noa']}/home")).status_code == 200
    assert (await ages(willow, majority=18)).status_code == 200
    assert (await dana.get(home)).status_code == 404, "it is given anew, or not"


async def test_who_is_added_after_coming_of_age_stays(willow: Deployment) -> None:
    cast = willow.cast
    await is_born(willow, born := turning(willow, 2))
    await until(willow, begins(birthday(born, 18), ZONE), 5)
    miriam = await cast.sign_in("miriam")
    eli = cast.client["eli"]
    tie = await tie_of(willow, "Dana", "Eli")
    form = {"key": str(uuid4()), "contact": str(tie["contact_id"]), "relationship": "Mother"}
    answer = await miriam.post(f"/staff/clients/{eli}/contacts", **form, guardian="on", messages="on")
    assert answer.status_code == 303
    tie = await tie_of(willow, "Dana", "Eli")
    assert tie["until_at"] is None and tie["of_age_at"] is None
    # Her access of before has ended with the tie of before.
    assert (await (await dana_again(willow)).get(f"/clients/{eli}/home")).status_code == 404
    # Another date of birth that is as long ago changes nothing of it; nor do the practice's ages.
    await is_born(willow, turning(willow, -30))
    assert (await ages(willow, majority=16)).status_code == 200
    assert (await tie_of(willow, "Dana", "Eli"))["until_at"] is None


async def test_whoever_was_tied_before_portal_knew_of_ages_is_found(willow: Deployment) -> None:
    """After an upgrade the worker gives each guardian of a minor the end that is theirs."""
    assert willow.beside is not None
    willow.beside.stop(signal.SIGTERM)
    await willow.sql("update contact_link set of_age_at = null, until_at = agreed_until")
    await asyncio.to_thread(willow.beside.start)
    async with asyncio.timeout(20):
        for child in ("Eli", "Noa"):
            while (await tie_of(willow, "Dana", child))["until_at"] is None:  # noqa: ASYNC110 (it is another process)
                await asyncio.sleep(0.1)
    assert (await tie_of(willow, "Ravi", "Noa"))["of_age_at"] is None, "that one has ended"
