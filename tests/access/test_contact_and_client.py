"""Somebody who is a client and a contact of others (H1): called and reached the same in both places, and who reads
what of it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.access.desk import Chart, Desk
from tests.cast import Person
from tests.pages import open_page

CHILD = "2019-02-03"


async def tie(staff: Person, chart: Chart, relationship: str = "Mother", **form: str) -> str:
    """Somebody becomes a contact; gives the page of it."""
    tab = f"/staff/clients/{chart.id}/contacts"
    sent = {"key": str(uuid4()), "relationship": relationship, "messages": "on"} | form
    assert (await staff.post(tab, **sent)).status_code == 303
    (link,) = await staff.cast.deployment.sql(
        "select id from contact_link where client_id = :id order by id desc limit 1", id=chart.id
    )
    return f"{tab}/{link['id']}"


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
    miriam, theo = await desk.person("miriam"), await desk.person("theo")
    contacts = f"contacts?client={child.id}"
    assert (await desk.act(child, "invitations", holder=page.rpartition("/")[2])).status_code == 303
    async with (
        open_page(miriam, f"/staff/clients/{child.id}/contacts", worker=1) as tab,
        open_page(miriam, child.tab, worker=1) as portal,
    ):
        assert mother.email in tab.live[contacts] and "Invited on" in tab.live[contacts]
        private = {"phone": "(555) 010-0188", "address": "9 Hidden Lane"}
        named = {"last_name": "Marlowe", "email": f"new.{mother.email}"}
        assert await change(theo, mother, **named, **private) == 303
        await tab.until(lambda: "Nell Marlowe" in tab.live[contacts], 2, "the new name")
        assert f"new.{mother.email}" in tab.live[contacts]
        # The link that went to the old address leads nowhere.
        await tab.until(lambda: "Invited on" not in tab.live[contacts], 2, "the end of the invitation")
        for one in (tab, portal):
            await one.current()
        # Only what reaches them on this chart: nothing else of the mother's own, nor that there is one.
        for text in (*private.values(), mother.id):
            assert text not in str(tab.frames) + str(portal.frames) + tab.document.text
        assert mother.id not in (await miriam.get(page)).text
    # A line of hers that is emptied takes nothing from what she may do for the child.
    assert await change(theo, mother, **named | {"email": ""}) == 303
    assert f"new.{mother.email}" in (await miriam.get(f"/staff/clients/{child.id}/contacts")).text


async def test_what_is_kept_on_their_chart_is_changed_there_and_said_so_to_who_may_open_it(
    desk: Desk,
) -> None:
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
    teenager = await desk.chart("Juno", born=f"{desk.deployment.now.year - 16}-01-02")
    await desk.sign_up(teenager)
    mother = await desk.chart("Nell", by="theo")
    await tie(await desk.person("jo"), teenager, person=mother.id)
    theo = await desk.person("theo")
    named = {"email": teenager.email.replace("juno", "j.uno")}  # it only looks alike
    before = await desk.sql("select * from client where id = :id", id=mother.id)
    assert await change(theo, mother, **named) == 422
    assert await desk.sql("select * from client where id = :id", id=mother.id) == before
    assert await change(theo, mother, email=f"own.{mother.email}") == 303


@pytest.mark.parametrize(("who", "may"), [("jo", True), ("miriam", False)])
async def test_an_address_that_fails_is_put_right_by_who_may_open_their_chart(
    desk: Desk, who: str, may: bool
) -> None:
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
        found = await desk.sql(f"select 1 from {table} where email = :email", email=right)
        assert len(found) == 1, table
