"""Clients who are stuck on the way onto the portal are seen: in the list of clients, on Today with the act beside it,
and by whoever invited them."""

from uuid import UUID, uuid4

import pytest

from portal.models.access import stages
from portal.models.ground.record import Kind
from portal.models.people.client import Client
from portal.viewer import Viewer
from tests.access.desk import Chart, Desk
from tests.cast import Person
from tests.deployment import Deployment
from tests.html import filled, parse
from tests.pages import are_current, open_page

LOCKED = "Locked out after five wrong dates of birth"


async def lock_out(browser: Person) -> None:
    for day in range(1, 6):
        await browser.post("/welcome/birth-date", date_of_birth=f"1999-01-0{day}")


async def state_of(desk: Desk, chart: Chart, stage: str = "", by: str = "miriam") -> str | None:
    """Return what somebody's list of clients says of a chart; None where a filter leaves it out."""
    answer = await (await desk.person(by)).send("/staff/clients/search", q=chart.last, stage=stage)
    assert answer.status_code == 200, answer.text
    rows = [row for row in parse(answer.text).all("id", tag="tr") if row.get("id").endswith(chart.id)]
    cells = [cell for row in rows for cell in row.all("class", tag="td") if "portal" in cell.classes]
    return cells[0].text.partition(" :")[0] if cells else None


async def test_each_step_stands_in_the_list_and_can_be_looked_for(desk: Desk) -> None:
    chart = await desk.chart("Larch")
    assert await state_of(desk, chart) == "Not invited"
    token = await desk.invite(chart)
    await desk.letter(chart.email, "link")
    await desk.comes("select 1 from outbox where client_id = :id and done_at is not null", id=chart.id)
    assert await state_of(desk, chart) == "Invited"
    browser = await desk.begin(token)
    assert await state_of(desk, chart) == "Opened"
    await lock_out(browser)
    assert await state_of(desk, chart) == "Locked"
    assert await state_of(desk, chart, "locked") == "Locked"
    assert await state_of(desk, chart, "active") is None
    await desk.act(chart, "unlocking")
    await desk.sign_up(chart, await desk.invite(chart))
    assert await state_of(desk, chart) == "Active"
    await desk.change(chart, date_of_birth="")
    assert await state_of(desk, chart) == "Paused"
    await desk.change(chart)
    await desk.act(chart, "removals", holder=await desk.account_id(chart))
    assert await state_of(desk, chart) == "Access removed"
    theo = await desk.person("theo")
    assert (await theo.send("/staff/clients/search", stage="nowhere")).status_code == 422
    assert await state_of(desk, chart, by="theo") is None


async def test_of_a_family_the_one_who_needs_a_hand_comes_first(desk: Desk) -> None:
    """A client who signed up, with a contact who is invited in vain."""
    chart, _, _ = await desk.registered("Hazel")
    miriam = await desk.person("miriam")
    answer = await miriam.post(
        f"/staff/clients/{chart.id}/contacts",
        key=str(uuid4()),
        name="Karin Holm",
        email=f"karin.{chart.last.lower()}@family.example",
        relationship="Partner",
        messages="on",
    )
    assert answer.status_code == 303, answer.text
    (link,) = await desk.sql("select id from contact_link where client_id = :id", id=chart.id)
    await desk.begin(await desk.invite(chart, holder=str(link["id"])))
    assert await state_of(desk, chart) == "Opened"
    today = (await miriam.get("/staff/today")).text
    assert "Karin Holm" in today and f"For Hazel {chart.last}" in today


async def test_who_is_locked_out_is_let_in_again_from_today(desk: Desk) -> None:
    chart = await desk.chart("Rowan")
    browser = await desk.begin(await desk.invite(chart, by="jo"))
    miriam, jo, theo, grace = [await desk.person(name) for name in ("miriam", "jo", "theo", "grace")]
    lift = f"{chart.tab}/unlocking"
    async with (
        open_page(miriam, "/staff/today") as today,
        open_page(jo, "/staff/today") as inviter,
        open_page(theo, "/staff/today") as other,
        open_page(grace, "/staff/today") as looker,
        open_page(miriam, "/staff/clients?show=active") as clients,
    ):
        assert chart.last in today.live["today-invited"]
        await lock_out(browser)
        await today.until(lambda: chart.last in today.live["needs-hand"], what="the task")
        assert LOCKED in today.live["needs-hand"] and lift in today.live["needs-hand"]
        await today.until(lambda: chart.last not in today.live["today-invited"], what="the step to go")
        await looker.until(lambda: chart.last in looker.live["needs-hand"], what="the task, to look at")
        assert lift not in looker.live["needs-hand"], "her role doesn't include it"
        await inviter.until(lambda: f"{LOCKED}. Call them" in str(inviter.toasts), what="a word to whoever invited")
        assert LOCKED not in str(today.toasts)
        assert chart.last not in str(other.live)
        await are_current(today, inviter, other, looker, clients)

        form = filled((await miriam.get("/staff/today")).text, lift)
        assert (await theo.post(lift, **form)).status_code == 404
        assert (await grace.post(lift, **form)).status_code == 403
        assert (await miriam.post(lift, **form)).status_code == 303
        await today.until(lambda: chart.last in today.live["today-invited"], what="the next step")
        await today.until(lambda: chart.last not in today.live["needs-hand"], what="the task to go")
        unread = "select 1 from notice where kind = 'locked' and client_id = :id and read_at is null"
        assert not await desk.sql(unread, id=chart.id), "it is no longer so"
        await are_current(today, inviter, other, looker, clients)

        # The same press again lifts no lock that came later.
        await lock_out(browser)
        await today.until(lambda: chart.last in today.live["needs-hand"], what="the task again")
        assert (await miriam.post(lift, **form)).status_code == 303
        assert (await desk.invitation(chart))["locked_at"] is not None
        again = filled((await miriam.get("/staff/today")).text, lift)
        assert (await miriam.post(lift, **again)).status_code == 303
        assert (await desk.invitation(chart))["locked_at"] is None


async def test_an_expired_link_is_sent_anew_from_today(desk: Desk) -> None:
    chart = await desk.chart("Aspen")
    await desk.invite(chart)
    await desk.sql(
        "update invitation set sent_at = sent_at - cast('8 days' as interval), "
        "expires_at = expires_at - cast('8 days' as interval) where client_id = :id",
        id=chart.id,
    )
    assert await state_of(desk, chart) == "Link expired"
    miriam, send = await desk.person("miriam"), f"{chart.tab}/invitations"
    shown = (await miriam.get("/staff/today")).text
    assert "The link expired on" in shown
    assert (await miriam.post(send, **filled(shown, send))).status_code == 303
    assert await state_of(desk, chart) in ("Email waiting", "Invited")
    assert send not in (await miriam.get("/staff/today")).text


async def test_whoever_invited_hears_that_the_letter_came_back(desk: Desk) -> None:
    """Jo invited Miriam's client: both hear of it, and an address is one task."""
    chart = await desk.chart("Linden")
    desk.office.unknown.add(chart.email)
    await desk.invite(chart, by="jo")
    told = "select distinct staff_id from notice where kind = 'bounced' and client_id = :id"
    await desk.comes(told, id=chart.id)
    staff = {str(row["staff_id"]) for row in await desk.sql(told, id=chart.id)}
    assert staff == {desk.cast.staff["jo"], desk.cast.staff["miriam"]}
    assert await state_of(desk, chart, "undeliverable") == "Undeliverable"
    jo = await desk.person("jo")
    today = (await jo.get("/staff/today")).text
    assert today.count(f"Mail to {chart.email} comes back") == 1
    assert (
        "The welcome email couldn’t be delivered"
        not in today.partition('id="needs-hand"')[2].partition("</section>")[0]
    )
    desk.office.unknown.discard(chart.email)


async def test_whoever_invited_hears_that_the_letter_was_refused(desk: Desk) -> None:
    chart = await desk.chart("Poplar")
    desk.office.to_rcpt.append("554 5.7.1 Looks like spam")
    await desk.invite(chart, by="jo")
    unread = "select staff_id from notice where kind = 'unsent' and client_id = :id and read_at is null"
    (told,) = await desk.comes(unread, id=chart.id)
    assert str(told["staff_id"]) == desk.cast.staff["jo"]
    assert await state_of(desk, chart) == "Undeliverable"
    jo = await desk.person("jo")
    assert "554 5.7.1 Looks like spam" in (await jo.get("/staff/today")).text
    (letter,) = await desk.sql("select id from outbox where client_id = :id", id=chart.id)
    assert (await jo.post(f"/staff/mail/{letter['id']}/retry")).status_code == 303
    await desk.comes("select 1 from outbox where id = :id and done_at is not null", id=letter["id"])
    assert not await desk.sql(unread, id=chart.id), "it has arrived after all"
    assert await state_of(desk, chart) == "Invited"


async def test_without_a_mail_server_administrators_read_so(embedded: Deployment) -> None:
    ada, miriam = await embedded.cast.sign_in("ada"), await embedded.cast.sign_in("miriam")
    assert "No mail server is set up" in (await ada.get("/staff/today")).text
    assert "No mail server is set up" not in (await miriam.get("/staff/today")).text


async def test_who_has_no_therapist_yet_reads_who_looks_after_them(desk: Desk) -> None:
    chart = await desk.chart("Olive", by="jo")
    browser = await desk.sign_up(chart, await desk.invite(chart, by="jo"))
    home = (await browser.get(chart.home)).text
    assert "Your therapist isn’t chosen yet" in home
    assert "Write to the practice" in home and "Write to the care team" not in home
    ada = await desk.person("ada")
    async with open_page(browser, chart.home) as page:
        assert (
            await ada.post(f"/staff/clients/{chart.id}/care-team", staff=desk.cast.staff["theo"])
        ).status_code == 303
        await page.until(lambda: "Theo Novak" in str(page.live), what="the therapist")
        await page.until(lambda: "Write to the care team" in str(page.live), what="the button's words")
        await page.current()


async def test_who_is_stuck_stands_before_those_invited_since(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many were invited after them."""
    chart = await desk.chart("Sloe")
    await lock_out(await desk.begin(await desk.invite(chart)))
    for _ in range(3):
        await desk.invite(await desk.chart("Sorb"))
    monkeypatch.setattr(stages, "AT_ONCE", 2)
    async with desk.deployment.models():
        viewer = Viewer(Kind.STAFF, UUID(desk.cast.staff["miriam"]))
        rows = await stages.waiting_invitations(viewer.see(Client).where("r.first_name in ('Sloe', 'Sorb')"))
    assert len(rows) == 2
    assert (rows[0]["stage"], rows[0]["last_name"]) == (stages.Stage.LOCKED, chart.last)
