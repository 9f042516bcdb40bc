"""A planned coming of age (J3): who is told when, what stands on Today and on Home, and what is left to do."""

import datetime as dt
from contextlib import AsyncExitStack

import pytest

from portal.demo.people import ZONE
from portal.models.practice.age import begins, birthday, step, steps
from tests.access.test_minors import is_born, tie_of, turning, until
from tests.deployment import Deployment, own_practice
from tests.pages import Page, are_current, open_page

SOON = {"miriam": "Comes of age soon.", "dana": "Eli comes of age soon.", "eli": "You come of age soon."}
NOW = {
    "miriam": "Has come of age: guardians’ access has ended.",
    "dana": "Someone you acted for has come of age.",
    "eli": "You have come of age.",
}
HOUR = dt.timedelta(hours=1)


willow = own_practice("full", scope="function")  # its clock goes on


async def pages(willow: Deployment, stack: AsyncExitStack, child: str = "eli") -> dict[str, Page]:
    """Open pages of everybody whom it may concern, each signed in anew, on either worker."""
    found = {}
    home = f"/clients/{willow.cast.client['eli']}/home"
    for n, (who, path) in enumerate(
        {
            "miriam": "/staff/today",
            "dana": f"/clients/{willow.cast.client[child]}/home",
            "eli": home,
            "ravi": home,
        }.items()
    ):
        person = await willow.cast.sign_in(who, worker=n % 2)
        found[who] = await stack.enter_async_context(open_page(person, path))
    return found


async def test_people_are_told_in_the_mornings_and_pages_say_it_from_ninety_days_before(willow: Deployment) -> None:
    await is_born(willow, born := turning(willow, 95))
    day = birthday(born, 18)
    eli = willow.cast.client["eli"]

    await until(willow, begins(day - dt.timedelta(days=90), ZONE), -60)
    async with AsyncExitStack() as stack:
        open_pages = await pages(willow, stack)
        for page in open_pages.values():
            assert "comes of age" not in str(page.live)
        await willow.move_clock(seconds=61)
        today, dana, his, ravi = (open_pages[who] for who in ("miriam", "dana", "eli", "ravi"))
        await today.until(lambda: "Eli Reyes-Menon" in today.live["today-of-age"], what="him on Today")
        await dana.until(lambda: "Eli comes of age" in dana.live[f"ahead?client={eli}"], what="her card")
        await his.until(lambda: "you come of age" in his.live[f"ahead?client={eli}"], what="his card")
        for page in open_pages.values():
            await page.current()
            assert not page.toasts, "at midnight nobody is woken"
        assert "of age" not in ravi.live[f"ahead?client={eli}"], "nothing of his ends by it"

    for days in (90, 30, 7):
        await until(willow, begins(day - dt.timedelta(days=days), ZONE) + 8 * HOUR, -60)
        async with AsyncExitStack() as stack:
            open_pages = await pages(willow, stack)
            await willow.move_clock(seconds=61)
            for who, said in SOON.items():
                page = open_pages[who]
                await page.until(lambda p=page, s=said: s in str(p.toasts), what=f"{who}, {days} days before")  # type: ignore[misc]
            await open_pages["ravi"].settle()
            assert not open_pages["ravi"].toasts
    assert "Eli comes of age" in (await (await willow.cast.sign_in("dana")).get("/board", follow=True)).text


async def test_on_the_day_all_are_told_and_the_guardians_by_a_letter_too(willow: Deployment) -> None:
    await is_born(willow, born := turning(willow, 3))
    await until(willow, begins(birthday(born, 18), ZONE), -60)
    noa = willow.cast.client["noa"]
    async with AsyncExitStack() as stack:
        open_pages = await pages(willow, stack, child="noa")
        await willow.move_clock(seconds=61)
        for who, said in NOW.items():
            page = open_pages[who]
            await page.until(lambda p=page, s=said: s in str(p.toasts), what=f"{who} to be told")  # type: ignore[misc]
        shown = str(open_pages["dana"].toasts)
        assert "Eli" not in shown, "she sees nothing of him any more"
        await open_pages["ravi"].settle()
        assert not open_pages["ravi"].toasts
        for page in open_pages.values():
            await page.current()
    dana = await willow.cast.sign_in("dana")
    assert NOW["dana"] in (await dana.get(f"/clients/{noa}/notices")).text
    assert await willow.sql("select 1 from outbox where about_id = :id", id=dana.id), "and written to"
    assert "Of age since" in (await (await willow.cast.sign_in("miriam")).get("/staff/today")).text


async def test_what_is_left_to_do_stands_on_the_chart_until_it_is_done(willow: Deployment) -> None:
    cast = willow.cast
    eli = cast.client["eli"]
    miriam, theo, henrik = [await cast.sign_in(who) for who in ("miriam", "theo", "henrik")]
    tabs = [f"/staff/clients/{eli}/{tab}" for tab in ("contacts", "portal")]
    assert "Eli comes of age on" not in (await miriam.get(tabs[0])).text, "in years"
    assert "Until coming of age on" in (await miriam.get(tabs[0])).text, "beside whose access ends by it"
    await is_born(willow, turning(willow, 300))
    assert "Eli comes of age on" in (await miriam.get(tabs[0])).text, "within a year"
    assert "An account of their own" not in (await miriam.get(tabs[0])).text
    await is_born(willow, turning(willow, 60))
    async with open_page(miriam, "/staff/today") as today, open_page(henrik, tabs[1], worker=1) as chart:
        assert "Eli Reyes-Menon" in today.live["today-of-age"]
        for tab in tabs:
            text = (await miriam.get(tab)).text
            assert "The access of Dana Reyes ends that day at midnight" in text
            assert "Ravi Menon isn’t a legal guardian and isn’t affected." in text
            assert 'An account of their own<span class="sr">: done' in text
            assert 'reviewed together<span class="sr">: to do' in text
        # Whoever does not care for him is not reminded, though they may see him.
        assert "Eli" not in (await henrik.get("/staff/today")).text.partition("today-of-age")[2][:2000]
        assert (await theo.post(f"/staff/clients/{eli}/coming-of-age")).status_code == 404
        assert (await miriam.post(f"/staff/clients/{eli}/coming-of-age")).status_code == 303
        await today.until(lambda: "Eli" not in today.live["today-of-age"], what="it to go from Today")
        await chart.until(
            lambda: 'reviewed together<span class="sr">: done' in chart.live[f"of-age?client={eli}"],
            what="the chart to say it is done",
        )
        await are_current(today, chart)
        # Another day is another task.
        await is_born(willow, turning(willow, 50))
        await today.until(lambda: "Eli Reyes-Menon" in today.live["today-of-age"], what="it to come back")


async def test_where_nobody_cares_for_them_those_who_manage_the_portal_are_reminded(willow: Deployment) -> None:
    cast = willow.cast
    await is_born(willow, born := turning(willow, 31))
    await willow.sql(
        "update care_team set until_at = :now where client_id = :eli", now=willow.now, eli=cast.client["eli"]
    )
    assert "Eli" in (await (await cast.sign_in("jo")).get("/staff/today")).text
    await until(willow, begins(birthday(born, 18) - dt.timedelta(days=30), ZONE) + 8 * HOUR, -60)
    jo, grace = await cast.sign_in("jo"), await cast.sign_in("grace", worker=1)
    async with open_page(jo, "/staff/today") as page, open_page(grace, "/staff/today") as other:
        await willow.move_clock(seconds=61)
        await page.until(lambda: SOON["miriam"] in str(page.toasts), what="Jo to be told")
        await other.settle()
        assert not other.toasts and "Eli" not in other.live["today-of-age"], "she manages no access"


async def test_what_was_planned_for_another_birthday_is_not_said(willow: Deployment) -> None:
    await is_born(willow, born := turning(willow, 31))
    before = begins(birthday(born, 18) - dt.timedelta(days=30), ZONE) + 8 * HOUR
    await is_born(willow, turning(willow, 400))
    await until(willow, before, -60)
    async with AsyncExitStack() as stack:
        open_pages = await pages(willow, stack)
        await willow.move_clock(seconds=61)
        for page in open_pages.values():
            await page.settle()
            await page.current()
            assert not page.toasts and "of age soon" not in str(page.live)
    assert not await willow.sql("select 1 from notice where kind = 'coming_of_age'")


async def test_a_contact_who_is_a_guardian_no_more_hears_of_nothing(willow: Deployment) -> None:
    """Ended by hand before: then it does not end by coming of age."""
    cast = willow.cast
    await is_born(willow, turning(willow, 60))
    miriam, tie = await cast.sign_in("miriam"), await tie_of(willow, "Dana", "Eli")
    assert (await miriam.post(f"/staff/clients/{cast.client['eli']}/contacts/{tie['id']}/end")).status_code == 303
    assert "Eli" not in (await miriam.get("/staff/today")).text.partition("today-of-age")[2][:2000]
    assert "comes of age" not in (await miriam.get(f"/staff/clients/{cast.client['eli']}/contacts")).text


@pytest.mark.parametrize(
    ("days", "hour", "expected"),
    [
        (91, 9, None),
        (90, 0, None),
        (90, 9, 90),
        (88, 9, 90),
        (87, 9, None),
        (30, 7, None),
        (30, 8, 30),
        (7, 23, 7),
        (1, 9, None),
        (0, 0, 0),
        (-2, 9, 0),
        (-3, 9, None),
    ],
)
def test_which_step_it_is(days: int, hour: int, expected: int | None) -> None:
    at = begins(dt.date(2027, 5, 12), ZONE)
    now = begins(dt.date(2027, 5, 12) - dt.timedelta(days=days), ZONE) + hour * HOUR
    assert step(at, now, ZONE) == expected


def test_each_step_is_planned_for_a_time_at_which_it_is_one() -> None:
    """Clocks change between ninety days before and the day."""
    at = begins(dt.date(2027, 5, 12), ZONE)
    assert [step(at, when, ZONE) for when in steps(at, ZONE)] == [None, None, 90, 30, 7, 0]
