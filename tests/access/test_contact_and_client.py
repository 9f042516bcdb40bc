"""Somebody who is a client and a contact of others (H1): called and reached the same in both places, and who reads
what of it."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from portal.permissions import Permission
from tests.access.desk import Chart, Desk
from tests.access.test_linking import confirming
from tests.cast import Person
from tests.deployment import Deployment
from tests.pages import are_current, open_page
from tests.people.contacts import add_contact

CHILD = "2019-02-03"


async def tie(staff: Person, chart: Chart, **form: str) -> str:
    """Somebody becomes a contact; gives the page of it."""
    return (await add_contact(staff, chart.id, **{"relationship": "Mother", "messages": "on"} | form)).place


async def change(staff: Person, chart: Chart, **details: str) -> int:
    form = {"first_name": chart.first, "last_name": chart.last, "date_of_birth": chart.born}
    answer = await staff.post(f"/staff/clients/{chart.id}", **form | {"email": chart.email} | details)
    if answer.status_code == 422:
        assert 'id="why-email"' in answer.text
    return answer.status_code


async def mother_of_theirs(desk: Desk) -> tuple[Chart, Chart, str]:
    """A child whom Miriam cares for, and the mother, whom Theo does; Jo, who sees both, has put them together."""
    child = await desk.chart("Juniper", born=CHILD, email="")
    mother = await desk.chart("Nell", by="theo")
    return child, mother, await tie(await desk.person("jo"), child, person=mother.id)


async def test_what_changes_on_the_chart_follows_where_they_are_a_contact(desk: Desk) -> None:
    child, mother, page = await mother_of_theirs(desk)
    miriam, jo = await desk.person("miriam"), await desk.person("jo")
    contacts = f"contacts?client={child.id}"
    assert (await desk.act(child, "invitations", holder=page.rpartition("/")[2])).status_code == 303
    async with (
        open_page(miriam, f"/staff/clients/{child.id}/contacts", worker=1) as tab,
        open_page(miriam, child.tab, worker=1) as portal,
    ):
        assert mother.email in tab.live[contacts] and "Invited on" in tab.live[contacts]
        private = {"phone": "(555) 010-0188", "address": "9 Hidden Lane"}
        named = {"last_name": "Marlowe", "email": f"new.{mother.email}"}
        assert await change(jo, mother, **named, **private) == 303
        await tab.until(lambda: "Nell Marlowe" in tab.live[contacts], 2, "the new name")
        assert f"new.{mother.email}" in tab.live[contacts]
        # The link that went to the old address leads nowhere.
        await tab.until(lambda: "Invited on" not in tab.live[contacts], 2, "the end of the invitation")
        await are_current(tab, portal)
        # Only what reaches them on this chart: nothing else of the mother's own, nor that there is one.
        for text in (*private.values(), mother.id):
            assert text not in str(tab.frames) + str(portal.frames) + tab.document.text
        assert mother.id not in (await miriam.get(page)).text
    # A line of hers that is emptied takes nothing from what she may do for the child.
    assert await change(jo, mother, **named | {"email": ""}) == 303
    assert f"new.{mother.email}" in (await miriam.get(f"/staff/clients/{child.id}/contacts")).text


async def test_what_is_kept_on_their_chart_is_changed_there_and_said_so_to_who_may_open_it(desk: Desk) -> None:
    child, mother, page = await mother_of_theirs(desk)
    miriam, jo = await desk.person("miriam"), await desk.person("jo")
    for person, told in ((jo, True), (miriam, False)):
        shown = (await person.get(page)).text
        assert 'name="email"' not in shown
        assert (f'href="/staff/clients/{mother.id}"' in shown) == told
        assert ("A client too" in shown) == told
        form = {"relationship": "Parent", "name": "Somebody Else", "email": "else@family.example"}
        assert (await person.post(page, **form)).status_code == 303
    tab = (await miriam.get(f"/staff/clients/{child.id}/contacts")).text
    assert f"Nell {mother.last}" in tab and "Somebody Else" not in tab and "else@" not in tab


async def test_a_minors_own_address_is_refused_on_the_chart_of_who_acts_for_them(desk: Desk) -> None:
    teenager, _, _ = await desk.registered("Juno", born=f"{desk.deployment.now.year - 16}-01-02")
    mother = await desk.chart("Nell", by="theo")
    await tie(await desk.person("jo"), teenager, person=mother.id)
    theo = await desk.person("theo")
    named = {"email": teenager.email.replace("juno", "j.uno")}  # it only looks alike
    before = await desk.deployment.row("client", mother.id)
    assert await change(theo, mother, **named) == 422
    assert await desk.deployment.row("client", mother.id) == before
    assert await change(theo, mother, email=f"own.{mother.email}") == 303


@pytest.mark.parametrize(("who", "may"), [("jo", True), ("miriam", False)])
async def test_an_address_that_fails_is_put_right_by_who_may_open_their_chart(desk: Desk, who: str, may: bool) -> None:
    child, mother, page = await mother_of_theirs(desk)
    person = await desk.person(who)
    assert (await desk.act(child, "invitations", holder=page.rpartition("/")[2])).status_code == 303
    (failed,) = await desk.sql(
        "insert into bounce (id, email_key, letter_id, status, reason, held, at) select id, email_key, letter_id, "
        "'5.1.1', 'No such user here', true, sent_at from invitation where client_id = :id returning id",
        id=child.id,
    )
    there = f"/staff/mail/addresses/{failed['id']}"
    asked = await person.get(there)
    assert asked.status_code == 200 and (('name="email"' in asked.text) == may)
    sent = await person.post(there, email=f"right.{mother.email}")
    assert sent.status_code == (303 if may else 409)
    right = f"right.{mother.email}" if may else mother.email
    for table in ("client", "contact"):
        assert await desk.count(f"{table} where email = :email", email=right) == 1, table


# --- A contact becomes a client -----------------------------------------------------------------------

BORN = "1986-04-09"


@dataclass(frozen=True)
class Vera:
    """A contact of Miriam's: her page on the chart, and what her own chart would hold."""

    of: Chart
    page: str
    last: str
    email: str

    @property
    def link(self) -> str:
        return self.page.rpartition("/")[2]

    @property
    def there(self) -> str:
        return f"{self.page}/client"

    def form(self, **more: str) -> dict[str, str]:
        named = {"first_name": "Vera", "last_name": self.last, "email": self.email, "date_of_birth": BORN}
        return {"key": str(uuid4())} | named | more


async def vera_of(desk: Desk, child: Chart | None = None) -> Vera:
    child = child or await desk.chart("Juniper", born=CHILD, email="")
    last = f"Quill{uuid4().hex[:6]}"
    known = {"name": f"Vera {last}", "email": f"vera.{last.lower()}@family.example"}
    known |= {"phone": "(555) 010-0166", "address": "4 Alder Court"}
    terms = {"guardian": "on", "billing": "on", "no_scheduling": "on", "last": "2090-01-31"}
    page = await tie(await desk.person("miriam"), child, **known, **terms)
    return Vera(child, page, last, known["email"])


async def signed_up(desk: Desk, vera: Vera) -> Person:
    """She has an account, by an invitation as the child's contact."""
    return await desk.sign_up(vera.of, await desk.invite(vera.of, vera.link))


async def held(desk: Desk, vera: Vera) -> list[list[dict[str, Any]]]:
    """All that she holds: her tie, her access by it, her account and its sessions."""
    whose = "(select id from portal_account where email = :email)"
    return [
        await desk.sql("select * from contact_link where id = :link", link=vera.link),
        await desk.sql("select * from access where contact_link_id = :link", link=vera.link),
        await desk.sql("select id, email, contact_id from portal_account where email = :e", e=vera.email),
        await desk.sql(f"select id from session where account_id in {whose}", email=vera.email),
    ]


async def own_chart(desk: Desk, vera: Vera) -> str:
    (row,) = await desk.sql("select client_id from contact where name = :name", name=f"Vera {vera.last}")
    return str(row["client_id"])


async def test_a_contact_becomes_a_client_and_keeps_everything(desk: Desk) -> None:
    vera = await vera_of(desk)
    miriam, henrik, browser = (await desk.person("miriam"), await desk.person("henrik"), await signed_up(desk, vera))
    brother = await desk.chart("Jasper", born=CHILD, email="")
    (contact,) = await desk.sql("select contact_id from contact_link where id = :id", id=vera.link)
    await tie(miriam, brother, contact=str(contact["contact_id"]))
    asked = (await miriam.get(vera.there)).text
    assert vera.there in (await miriam.get(vera.page)).text
    for value in ("Vera", vera.last, vera.email, "(555) 010-0166", "4 Alder Court"):
        assert f'value="{value}"' in asked
    before, form = await held(desk, vera), vera.form(link="on")
    tabs = [f"/staff/clients/{child.id}/contacts" for child in (vera.of, brother)]
    async with (
        open_page(henrik, tabs[0], worker=1) as first,
        open_page(henrik, tabs[1], worker=1) as second,
        open_page(browser, vera.of.home, worker=1) as hers,
    ):
        answer = await miriam.post(vera.there, **form)
        assert answer.status_code == 303, answer.text
        own = await own_chart(desk, vera)
        assert answer.headers["location"] == f"/staff/clients/{own}/portal"
        for tab, child in ((first, vera.of), (second, brother)):
            key = f"contacts?client={child.id}"
            await tab.until(lambda tab=tab, key=key: own in tab.live[key], 2, "the way to her chart")
        switch = f"switch?client={vera.of.id}"
        await hers.until(lambda: own in hers.live[switch], 2, "her own profile")
        await are_current(first, second, hers)
        assert not hers.over and hers.connections == 1
    assert await held(desk, vera) == before
    for client in (vera.of.id, own):
        assert (await browser.get(f"/clients/{client}/home")).status_code == 200
    assert "You can see the pages of Vera now." in (await browser.get(f"/clients/{own}/notices")).text
    await desk.letter(vera.email, "Vera")
    # Pressed twice, and pressed once more by somebody whose page is older.
    assert (await miriam.post(vera.there, **form)).headers["location"] == f"/staff/clients/{own}/portal"
    late = await henrik.post(vera.there, **vera.form())
    assert late.status_code == 409 and "a client already" in late.text
    assert await desk.count("client where last_name = :last", last=vera.last) == 1
    # From now on she is called as her chart says.
    chart = Chart(own, "Vera", vera.last, vera.email, BORN)
    assert await change(miriam, chart, last_name="Quill-Marlowe", phone="(555) 010-0167") == 303
    shown = (await miriam.get(tabs[0])).text
    assert "Vera Quill-Marlowe" in shown and "(555) 010-0167" in shown and "4 Alder" not in shown


async def test_her_account_waits_for_her_word_where_the_practice_asks_for_it(desk: Desk) -> None:
    vera = await vera_of(desk)
    browser, miriam = await signed_up(desk, vera), await desk.person("miriam")
    async with confirming(desk):
        assert (await miriam.post(vera.there, **vera.form(link="on"))).status_code == 303
    own = await own_chart(desk, vera)
    assert (await browser.get(f"/clients/{own}/home")).status_code == 404
    (offer,) = await desk.sql("select id from invitation where client_id = :id", id=own)
    assert (await browser.post(f"/offers/{offer['id']}", date_of_birth=BORN)).status_code == 303
    assert (await browser.get(f"/clients/{own}/home")).status_code == 200


@pytest.mark.parametrize(
    "form", [{}, {"link": "on", "email": "other@family.example"}, {"link": "on", "date_of_birth": "2016-01-01"}]
)
async def test_her_account_is_linked_only_where_it_is_asked_for_and_the_rules_allow_it(
    desk: Desk, form: dict[str, str]
) -> None:
    """Not asked for; another address on her chart; a sister who is too young."""
    vera = await vera_of(desk)
    browser, miriam = await signed_up(desk, vera), await desk.person("miriam")
    assert (await miriam.post(vera.there, **vera.form(**form))).status_code == 303
    own = await own_chart(desk, vera)
    assert await desk.sql("select 1 from access where client_id = :id", id=own) == []
    assert (await browser.get(f"/clients/{own}/home")).status_code == 404
    assert (await browser.get(vera.of.home)).status_code == 200


async def test_who_is_a_client_already_is_found_and_taken(desk: Desk) -> None:
    vera = await vera_of(desk)
    browser, miriam, theo = (await signed_up(desk, vera), await desk.person("miriam"), await desk.person("theo"))
    named = {"first_name": "Vera", "last_name": vera.last, "date_of_birth": BORN}
    charts = {}
    for who, person, other in (
        ("hers", miriam, {"phone": "(555) 010-0144", "email": vera.email}),
        ("a namesake", miriam, {"date_of_birth": "1950-01-01"}),
        ("out of sight", theo, {}),
    ):
        made = await person.post("/staff/clients", key=str(uuid4()), **named | other)
        charts[who] = made.headers["location"].rpartition("/")[2]
    before = await held(desk, vera)

    # Before the date of birth is known, all of them may be her; then the namesake is not.
    asked = (await miriam.get(vera.there)).text
    assert [charts[who] in asked for who in charts] == [True, True, False]
    refused = await miriam.post(vera.there, **vera.form())
    assert refused.status_code == 422 and 'id="why-apart"' in refused.text
    assert [charts[who] in refused.text for who in charts] == [True, False, False]
    assert await own_chart(desk, vera) == "None"

    chosen = (await miriam.get(f"{vera.there}?person={charts['hers']}")).text
    assert vera.email in chosen and 'name="first_name"' not in chosen
    for person, status in ((charts["out of sight"], 404), (vera.of.id, 409), (str(uuid4()), 404)):
        assert (await miriam.post(f"{vera.there}/known", person=person)).status_code == status
    assert (await miriam.get(f"{vera.there}?person={charts['out of sight']}")).status_code == 404
    for _ in ("pressed", "pressed twice"):
        answer = await miriam.post(f"{vera.there}/known", person=charts["hers"], link="on")
        assert answer.headers["location"] == f"/staff/clients/{charts['hers']}/portal"
    assert await held(desk, vera) == before
    tab = (await miriam.get(f"/staff/clients/{vera.of.id}/contacts")).text
    assert charts["hers"] in tab and "(555) 010-0144" in tab and "(555) 010-0166" not in tab
    assert (await browser.get(f"/clients/{charts['hers']}/home")).status_code == 200
    other = await miriam.post(f"{vera.there}/known", person=charts["a namesake"])
    assert other.status_code == 409 and "a client already" in other.text


async def test_somebody_of_the_same_name_is_added_when_it_is_said_that_they_are_another(desk: Desk) -> None:
    vera, miriam = await vera_of(desk), await desk.person("miriam")
    named = {"first_name": "Vera", "last_name": vera.last}
    assert (await miriam.post("/staff/clients", key=str(uuid4()), **named)).status_code == 303
    form = vera.form()
    assert (await miriam.post(vera.there, **form)).status_code == 422
    assert (await miriam.post(vera.there, **form, apart="on")).status_code == 303
    assert await desk.count("client where last_name = :last", last=vera.last) == 2


async def test_an_archived_chart_is_restored_first(desk: Desk) -> None:
    vera, miriam, old = await vera_of(desk), await desk.person("miriam"), await desk.chart("Old")
    assert (await miriam.post(f"/staff/clients/{old.id}/archival")).status_code == 303
    for answer in (
        await miriam.post(f"{vera.there}/known", person=old.id),
        await miriam.get(f"{vera.there}?person={old.id}"),
    ):
        assert answer.status_code == 409 and "archived" in answer.text


async def test_what_the_form_lacks_is_said_at_its_field_and_nothing_is_made(desk: Desk) -> None:
    teenager, _, _ = await desk.registered("Juno", born=f"{desk.deployment.now.year - 16}-01-02")
    vera, miriam = await vera_of(desk, teenager), await desk.person("miriam")
    await signed_up(desk, vera)
    clients = await desk.count("client")
    for form, at in (
        ({"email": teenager.email.replace("juno", "ju.no")}, "email"),
        ({"link": "on", "date_of_birth": ""}, "date_of_birth"),
        ({"last_name": ""}, "last_name"),
        ({"date_of_birth": "1066-10-14"}, "date_of_birth"),
    ):
        answer = await miriam.post(vera.there, **vera.form(**form))
        assert answer.status_code == 422 and f'id="why-{at}"' in answer.text
    assert await desk.count("client") == clients
    assert await own_chart(desk, vera) == "None"


async def test_it_takes_the_right_to_add_clients_and_to_manage_contacts(desk: Desk) -> None:
    vera, henrik = await vera_of(desk), await desk.person("henrik")
    held = {"staff": henrik.id, "key": Permission.CONTACT_NETWORK.key}
    for name, status in (("grace", 403), ("theo", 404), ("idris", 403)):
        person = await desk.person(name)
        assert (await person.get(vera.there)).status_code == status
        assert (await person.post(vera.there, **vera.form())).status_code == status
    await desk.sql("delete from staff_permission where staff_id = :staff and permission = :key", **held)
    try:
        refused = await henrik.post(vera.there, **vera.form())
        assert refused.status_code == 403 and "manage the contact network" in refused.text
        assert (await henrik.post(f"{vera.there}/known", person=vera.of.id)).status_code == 403
    finally:
        await desk.sql("insert into staff_permission (staff_id, permission) values (:staff, :key)", **held)
    assert await own_chart(desk, vera) == "None"


async def test_who_may_not_open_their_chart_is_not_told_that_there_is_one(desk: Desk) -> None:
    _, mother, page = await mother_of_theirs(desk)
    miriam, jo = await desk.person("miriam"), await desk.person("jo")
    form = {"key": str(uuid4()), "first_name": "Nell", "last_name": "Again"}
    for person, told in ((jo, True), (miriam, False)):
        assert "Make them a client" not in (await person.get(page)).text
        for answer in (await person.get(f"{page}/client"), await person.post(f"{page}/client", **form)):
            assert answer.status_code == 409
            assert ("a client already" in answer.text) == told and mother.id not in answer.text
    assert await desk.sql("select 1 from client where last_name = 'Again'") == []


async def test_who_adds_a_client_for_somebody_elses_care_comes_to_where_they_may_be(full: Deployment) -> None:
    cast = full.cast
    miriam, theo = await cast.sign_in("miriam"), await cast.sign_in("theo")
    form = {"key": str(uuid4()), "first_name": "Quill", "last_name": "Ashdown", "date_of_birth": "1991-02-03"}
    for _ in range(2):  # pressed twice
        answer = await miriam.post("/staff/clients", **form, therapist=cast.staff["theo"])
        assert answer.headers["location"] == "/staff/clients"
    assert (await miriam.get("/staff/clients")).status_code == 200
    (made,) = await full.sql("select id from client where first_name = 'Quill'")
    chart = f"/staff/clients/{made['id']}"
    assert (await theo.get(chart)).status_code == 200 and (await miriam.get(chart)).status_code == 404
    own = await miriam.post("/staff/clients", **form | {"key": str(uuid4()), "first_name": "Quince"})
    assert (await miriam.get(own.headers["location"])).status_code == 200
    assert own.headers["location"] != "/staff/clients"
