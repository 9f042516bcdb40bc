"""Today says what to do: what is unread as the inbox counts it, one's own or the whole practice's, and who is away."""

import datetime as dt
import re
from uuid import UUID

from portal.models.ground.fact import unit
from portal.models.people.leave import Leave
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.html import filled
from tests.pages import are_current, open_page

willow = own_practice("embedded", scope="function")  # conversations are taken and done, and somebody is away


async def region_of(person: Person, name: str, path: str = "/staff/today") -> str:
    page = (await person.get(path)).text
    return page.partition(f'id="{name}"')[2].partition("</section>")[0]


async def test_today_the_inbox_and_the_number_beside_it_count_alike(willow: Deployment) -> None:
    miriam = await willow.cast.sign_in("miriam")
    async with open_page(miriam, "/staff/today") as today:
        counted = re.search(r'class="count soft">(\d+)<', today.live["today-unread"])
        assert counted and int(counted[1]) > 1
        said = f"{counted[1]} unread conversation"
        assert said in today.live["inbox-count"]
        # Done is done, also with something unread in it: it is on neither list.
        (done, *_) = re.findall(r'action="(/staff/inbox/[^"]+/completion)"', today.live["today-unread"])
        form = filled((await miriam.get("/staff/today")).text, done)
        assert (await miriam.post(done, **form)).status_code == 303
        await today.until(lambda: said not in today.live["inbox-count"], what="one less")
        await today.until(lambda: done not in today.live["today-unread"], what="the row to go")
        left = re.search(r'class="count soft">(\d+)<', today.live["today-unread"])
        assert left and int(left[1]) == int(counted[1]) - 1
        await today.current()


async def test_whoever_sees_all_clients_chooses_their_own(willow: Deployment) -> None:
    jo, miriam, mine = await willow.cast.sign_in("jo"), await willow.cast.sign_in("miriam"), "/staff/today?whose=mine"
    whole = await region_of(jo, "today-unread")
    assert "Leila Haddad" in whole and "Leila Haddad" not in await region_of(jo, "today-unread", mine)
    async with open_page(jo, mine) as today:
        (thread,) = re.findall(
            r'/staff/inbox/([^"/]+)/completion', whole.partition("Leila Haddad")[2].partition("</li>")[0]
        )
        assert (await jo.post(f"/staff/inbox/{thread}/assignment", staff=jo.id)).status_code == 303
        key = "today-unread?whose=mine"
        await today.until(lambda: "Leila Haddad" in today.live[key], what="the conversation that is theirs now")
        await today.current()
    # Who sees no others has no choice to make.
    assert "Whole practice" in (await jo.get("/staff/today")).text
    assert "Whole practice" not in (await miriam.get(mine)).text
    assert await region_of(miriam, "today-unread", mine) == await region_of(miriam, "today-unread")


async def test_who_is_away_within_a_week_shows_and_comes_into_sight_by_itself(willow: Deployment) -> None:
    jo = await willow.cast.sign_in("jo")
    staff = {name: UUID(id) for name, id in willow.cast.staff.items()}
    async with open_page(jo, "/staff/today") as today, open_page(jo, "/staff/today?whose=mine") as mine:
        assert " hidden" in today.live["today-away"]
        async with willow.models(), unit():
            soon = willow.now + dt.timedelta(days=7, minutes=5)
            await Leave.plan(staff["theo"], staff["miriam"], soon, soon + dt.timedelta(days=2), staff["ada"])
        await today.settle()
        assert " hidden" in today.live["today-away"]
        await willow.move_clock(minutes=6)
        await today.until(lambda: "Theo Novak" in today.live["today-away"], what="the leave")
        assert "Miriam Adler is covering" in today.live["today-away"]
        await are_current(today, mine)


async def test_who_has_no_clients_is_told_what_comes_first(willow: Deployment) -> None:
    theo = await willow.cast.sign_in("theo")
    assert "Find a client to write to" not in await region_of(theo, "today-unread")
    left = "update care_team set until_at = :now where staff_id = :id and until_at is null"
    await willow.sql(left, id=theo.id, now=willow.now)
    empty = await region_of(theo, "today-unread")
    assert "No clients yet" in empty and "/staff/clients/new" in empty
