"""Somebody is away, or leaves for good: who stands in sees what is theirs to see, from when until when, and no client
is left without somebody."""

import datetime as dt
import re
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.demo.people import ZONE
from portal.language import date_in_words, date_of, local_day
from portal.models.ground.fact import unit
from portal.models.people.leave import Leave
from tests.deployment import Deployment, own_practice
from tests.messages.reading import act, says, shown
from tests.messages.thread import Thread
from tests.pages import are_current, open_page
from tests.practice.brings import DAYS as WEEK

willow = own_practice("embedded", scope="function")


def chart(willow: Deployment, name: str = "noa") -> str:
    return f"/staff/clients/{willow.cast.client[name]}"


def thread(willow: Deployment, name: str = "noa clinical") -> str:
    return Thread(willow.cast, name).place


async def away(willow: Deployment, cover: str, **until: float) -> None:
    """Miriam is away from now on."""
    async with willow.models(), unit():
        miriam, standing_in, ada = (UUID(willow.cast.staff[name]) for name in ("miriam", cover, "ada"))
        await Leave.plan(miriam, standing_in, willow.now, willow.now + dt.timedelta(**until), ada)


async def test_a_cover_sees_and_answers_until_the_leave_is_over(willow: Deployment) -> None:
    theo, dana = await willow.cast.sign_in("theo"), await willow.cast.sign_in("dana")
    assert (await theo.get(chart(willow))).status_code == 404
    async with open_page(dana, thread(willow)) as page, open_page(theo, "/staff/clients") as clients:
        await away(willow, "theo", minutes=8)
        await page.until(lambda: "Theo Novak reads and answers here." in str(page.live), what="the cover")
        await clients.until(lambda: "Noa Reyes-Menon" in str(clients.live), what="the client of whom he covers for")
        await are_current(page, clients)
        async with open_page(theo, f"/staff{thread(willow)}") as cover:
            assert "Until then you’re covering." in str(cover.live)
            await Thread(willow.cast).write(theo, "I read for Miriam.")
            assert "Noa Reyes-Menon" in (await theo.get("/staff/inbox")).text
            await page.until(lambda: "I read for Miriam." in str(page.live), what="his answer")
            # Theo reads what his permissions let him read: a scheduler who covered would read no clinical thread.
            await willow.move_clock(minutes=9)
            await page.until(lambda: "Theo Novak reads" not in str(page.live), what="the end")
            await cover.until(lambda: "guinea" not in str(cover.live), what="the end of his cover")
            await clients.until(lambda: "Noa Reyes-Menon" not in str(clients.live), what="the end of his list")
    assert (await theo.get(chart(willow))).status_code == 404
    assert "Miriam Adler is away" not in (await dana.get(thread(willow))).text


async def test_back_is_a_day_on_which_the_office_is_open(willow: Deployment) -> None:
    """The page says another day as soon as other hours are kept."""
    dana, ada = await willow.cast.sign_in("dana"), await willow.cast.sign_in("ada")
    ends = willow.now + dt.timedelta(days=3)
    day, after = (local_day(ends + dt.timedelta(days=n), ZONE) for n in (0, 1))
    closed = {f"{name}_first_{edge}": "" for name in (WEEK[day.weekday()],) for edge in ("from", "to")}
    always = {f"{name}_first_{edge}": at for name in WEEK for edge, at in (("from", "08:00"), ("to", "18:00"))}
    assert (await ada.post("/staff/settings/availability/hours", **always)).status_code == 303
    async with open_page(dana, thread(willow)) as page, open_page(ada, "/staff/colleagues") as colleagues:
        await away(willow, "theo", days=3)
        await page.until(lambda: f"will be back on {date_of(day, 'en')}" in str(page.live), what="the day")
        assert (await ada.post("/staff/settings/availability/hours", **always | closed)).status_code == 303
        await page.until(lambda: f"will be back on {date_of(after, 'en')}" in str(page.live), what="the next open day")
        await colleagues.until(lambda: f"back on {date_in_words(after, 'en')}" in str(colleagues.live), what="it too")
        await are_current(page, colleagues)


async def test_what_a_cover_took_is_nobodys_secret_when_the_leave_is_over(willow: Deployment) -> None:
    """He sees it no more, so it is not his to answer: it is hers who leads the care, or nobody's."""
    miriam, theo, henrik = [await willow.cast.sign_in(name) for name in ("miriam", "theo", "henrik")]
    clinical, office = [willow.cast.conversation[f"noa {kind}"] for kind in ("clinical", "administrative")]
    await away(willow, "theo", minutes=8)
    for conversation in (clinical, office):
        await act(theo, conversation, "reopening")
        await act(theo, conversation, "assignment", staff=theo.id)
    here = "/staff/inbox?view=unassigned"
    async with (
        open_page(henrik, f"/staff/inbox/{clinical}") as page,
        open_page(henrik, here) as nobodys,
        open_page(miriam, f"/staff/inbox/{clinical}?view=mine") as hers,
    ):
        assert says(page, "Theo Novak is on it") and says(hers, "Theo Novak is on it")
        assert "Noa Reyes-Menon, Administrative" not in shown(nobodys)
        await willow.move_clock(minutes=9)
        await page.until(lambda: says(page, "Miriam Adler is on it"), what="who is on it now")
        await hers.until(lambda: says(hers, "You’re on it"), what="that it is hers")
        await nobodys.until(lambda: "Noa Reyes-Menon, Administrative" in shown(nobodys), what="what nobody is on")
        assert "Noa Reyes-Menon, Clinical" in shown(hers)
        await are_current(page, nobodys, hers)


async def test_a_cover_reads_by_permission(willow: Deployment) -> None:
    """Jo sees all clients and no clinical messages: as a cover too."""
    jo, dana = await willow.cast.sign_in("jo"), await willow.cast.sign_in("dana")
    await away(willow, "jo", minutes=8)
    assert (await jo.get(f"/staff{thread(willow)}")).status_code == 404
    page = (await dana.get(thread(willow))).text
    assert "Miriam Adler is away" in page and "Jo Marsh" not in page


async def test_planning_by_the_page(willow: Deployment) -> None:
    miriam, theo, ada = [await willow.cast.sign_in(name) for name in ("miriam", "theo", "ada")]
    staff = willow.cast.staff
    today = willow.now.astimezone(ZoneInfo("America/New_York")).date()

    def days(first: int, last: int) -> dict[str, str]:
        return {name: (today + dt.timedelta(days=n)).isoformat() for name, n in (("first", first), ("last", last))}

    mine = {"staff": staff["miriam"], "cover": staff["theo"]}
    async with open_page(theo, "/staff/leave") as page:
        assert (await miriam.post("/staff/leave", **mine, **days(3, 5))).status_code == 303
        await page.until(lambda: "Miriam Adler" in str(page.live), what="the plan")
        await page.current()
        assert "Theo Novak is covering" in str(page.live)
        # Nothing changes before it begins.
        assert (await theo.get(chart(willow))).status_code == 404
        rows = await willow.sql("select id, from_at, until_at from leave where staff_id = :id", id=staff["miriam"])
        (row,) = rows
        begins = row["from_at"].astimezone(ZoneInfo("America/New_York"))
        assert begins.date() == today + dt.timedelta(days=3) and begins.time() == dt.time()
        assert (await theo.post(f"/staff/leave/{row['id']}/end")).status_code == 403
        assert (await ada.post(f"/staff/leave/{row['id']}/end")).status_code == 303
        await page.until(lambda: "Miriam Adler" not in str(page.live), what="its end")
    for wrong in (
        mine | days(5, 3),
        mine | days(-1, 3),
        mine | {"cover": staff["miriam"]} | days(3, 4),
        mine | {"cover": staff["grace"]} | days(3, 4),  # she reads no clinical messages
        {"staff": staff["miriam"], "cover": staff["theo"]} | days(39, 41),  # Theo is away himself
    ):
        assert (await miriam.post("/staff/leave", **wrong)).status_code == 422
    assert (await theo.post("/staff/leave", **mine, **days(3, 4))).status_code == 403  # not his to plan
    assert (await ada.post("/staff/leave", **mine, **days(3, 4))).status_code == 303
    assert (await miriam.post("/staff/leave", **mine, **days(4, 6))).status_code == 422  # twice at once
    # Who stands in is there: Theo goes when Miriam is back.
    his = {"staff": staff["theo"], "cover": staff["henrik"]}
    refused = await theo.post("/staff/leave", **his, **days(4, 6))
    assert refused.status_code == 422 and "First day away: they’re covering for someone at that time." in refused.text
    assert (await theo.post("/staff/leave", **his, **days(5, 6))).status_code == 303


async def test_a_successor_takes_over_all_of_it(willow: Deployment) -> None:
    ada, theo, dana, miriam = [await willow.cast.sign_in(name) for name in ("ada", "theo", "dana", "miriam")]
    here = f"/staff/colleagues/{willow.cast.staff['miriam']}/departure"
    shown = (await ada.get(here)).text
    assert "Noa Reyes-Menon" in shown and "Idris Bello" in shown
    asked = await ada.post(here, successor="")
    assert asked.status_code == 422 and "Who takes over: choose a colleague" in asked.text
    assert (await ada.post(here, successor=willow.cast.staff["grace"])).status_code == 422
    await away(willow, "theo", days=3)
    before = await willow.count(ORPHANS)
    async with open_page(dana, thread(willow)) as page, open_page(miriam, "/staff/today") as gone:
        assert (await ada.post(here, successor=willow.cast.staff["theo"])).status_code == 303
        await gone.until(lambda: gone.over, what="the end of her page")
        await page.until(lambda: "Miriam Adler" not in page.live[head(page.live)], what="the new name")
        assert "Theo Novak" in page.live[head(page.live)]
        await page.current()
    assert (await theo.get(f"/staff{thread(willow)}")).status_code == 200
    assert (await theo.get(f"/staff{thread(willow, 'eli confidential')}")).status_code == 200
    assert (await theo.get(chart(willow, "gus"))).status_code == 200  # the intern's, whom he supervises now
    led = "care_team where staff_id = :id and lead and until_at is null"
    assert await willow.count(led, id=willow.cast.staff["theo"]) > 5
    assert await willow.count(ORPHANS) == before
    assert (await ada.get(here)).status_code == 404  # it is over
    again = await ada.post(f"/staff/colleagues/{willow.cast.staff['ada']}/departure", successor="nobody")
    assert again.status_code == 409


def head(live: dict[str, str]) -> str:
    return next(key for key in live if key.startswith("thread-head"))


ORPHANS = (
    "client c where archived_at is null and not exists (select 1 from care_team t join staff_member s "
    "on s.id = t.staff_id and s.ended_at is null where t.client_id = c.id and t.until_at is null)"
)


async def test_clients_of_a_colleague_are_counted_alike_on_both_pages(willow: Deployment) -> None:
    """Clients who are archived are told apart."""
    ada, miriam = await willow.cast.sign_in("ada"), willow.cast.staff["miriam"]

    async def counted() -> tuple[int, int, int]:
        page = (await ada.get("/staff/colleagues")).text.partition(f"colleague-{miriam}")[2]
        ending = (await ada.get(f"/staff/colleagues/{miriam}/departure")).text
        listed = re.search(r"(\d+) clients", page)
        to_hand_over = re.search(r"<summary>(\d+) clients, and (\d+) who are archived</summary>", ending)
        assert listed and to_hand_over
        return int(listed[1]), int(to_hand_over[1]), int(to_hand_over[2])

    number, same, archived = await counted()
    assert number == same
    assert (await ada.post(f"{chart(willow, 'sam')}/archival")).status_code == 303
    assert await counted() == (number - 1, number - 1, archived + 1)


async def test_without_a_successor_it_is_a_task_until_somebody_is_found(willow: Deployment) -> None:
    ada, theo = await willow.cast.sign_in("ada"), await willow.cast.sign_in("theo")
    here = f"/staff/colleagues/{willow.cast.staff['miriam']}/departure"
    async with open_page(ada, "/staff/today") as today, open_page(ada, "/staff/colleagues") as page:
        assert "Noa Reyes-Menon" not in today.live["needs-hand"]
        assert (await ada.post(here, successor="nobody")).status_code == 303
        await today.until(lambda: "more clients have no therapist" in today.live["needs-hand"], what="the task")
        await page.until(lambda: "Who takes over Noa Reyes-Menon" in str(page.live), what="the clients")
        await are_current(today, page)
        left = await willow.count(ORPHANS)
        assert left > 3
        assert (await ada.post(f"{chart(willow)}/care-team", staff=willow.cast.staff["theo"])).status_code == 303
        await page.until(lambda: "Who takes over Noa Reyes-Menon" not in str(page.live), what="one less")
        await are_current(today, page)
    assert await willow.count(ORPHANS) == left - 1
    assert (await theo.get(chart(willow))).status_code == 200
    assert "no therapist" not in (await theo.get("/staff/today")).text
