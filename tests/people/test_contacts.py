"""Contacts (H1, H2, J5): who is tied to a client and in what, seen to change on pages that stand open."""

import datetime as dt
import re
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from portal.demo.people import ZONE
from portal.language import local_day
from portal.permissions import Restriction
from portal.regions.people.contacts import RESTRICTION_WORDS
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.pages import are_current, open_page
from tests.people.contacts import EVERYTHING, add_contact, agree, link_of

willow = own_practice()  # rights are taken and given here


async def test_somebody_new_is_added_and_every_open_tab_shows_them(willow: Deployment) -> None:
    miriam, henrik = await willow.cast.sign_in("miriam"), await willow.cast.sign_in("henrik")
    sam = willow.cast.client["sam"]
    terms = {"email": "ines@family.example", "relationship": "Spouse", "billing": "on", "phone": "(555) 010-0199"}
    async with open_page(henrik, f"/staff/clients/{sam}/contacts", worker=willow.last) as page:
        await add_contact(miriam, sam, name="Ines Okafor", **terms)
        await page.until(lambda: "Ines Okafor" in page.live[f"contacts?client={sam}"], what="the new contact")
        for words in ("Spouse", "May act in billing", "(555) 010-0199"):
            assert words in page.live[f"contacts?client={sam}"]
        await page.current()


async def test_what_was_agreed_and_on_what_it_rests_is_kept(willow: Deployment) -> None:
    cast = willow.cast
    miriam, henrik = await cast.sign_in("miriam"), await cast.sign_in("henrik")
    sam = cast.client["sam"]
    tab = f"/staff/clients/{sam}/contacts"
    person = {"name": "Olive Okafor", "relationship": "Sibling"}
    place = (await add_contact(miriam, sam, **person, billing="on")).place
    order = "Family court, order 12 F 34/26\nof 3 March 2026"
    async with open_page(henrik, f"{place}/history", worker=willow.last) as page:
        key = next(key for key in page.live if key.startswith("contact-history"))
        assert "Added by Miriam" in page.live[key] and "May act in billing" in page.live[key]
        terms = {"no_records": "on", "basis": order, "forms": "on"}
        assert (await miriam.post(place, **person, **terms)).status_code == 303
        await page.until(lambda: "12 F 34/26" in page.live[key], what="the change")
        await page.current()
        changed = page.document.text.partition("Added by")[0]
        for words in ("Changed by Miriam", "in forms", "May not act in billing any more", "No records from"):
            assert words in changed
        # Who they are is nothing that is agreed: another number is no entry here.
        assert (await miriam.post(place, **person, **terms, phone="(555) 010-0177")).status_code == 303
        # The court lifts it, and its words stay where they were.
        assert (await miriam.post(place, **person, forms="on")).status_code == 303
        await page.until(lambda: "No records: lifted" in page.live[key], what="what was lifted")
        assert page.live[key].count("Changed by") == 2 and "12 F 34/26" in page.live[key]
        assert "12 F 34/26" not in (await miriam.get(place)).text
        assert (await miriam.post(f"{place}/end")).status_code == 303
        await page.until(lambda: "Ended by Miriam" in page.live[key], what="the end")
        await page.current()
    # It is found again among the earlier contacts, by whoever manages contacts of this client.
    assert f"{place}/history" in (await miriam.get(tab)).text
    for table, column in (("contact_link", "basis_sealed"), ("audit", "details_sealed")):
        for row in await willow.sql(f"select {column} as box from {table} where {column} is not null"):
            assert b"12 F 34/26" not in bytes(row["box"])


async def test_who_is_known_already_stands_there_once(willow: Deployment) -> None:
    cast = willow.cast
    miriam = await cast.sign_in("miriam")
    tab = f"/staff/clients/{cast.client['priya']}/contacts"
    email = cast.email["client", "dana"].upper()
    form = {"key": str(uuid4()), "name": "D. Reyes", "email": email, "relationship": "Friend"}
    answer = await miriam.post(tab, **form)
    assert answer.status_code == 422 and "is known already" in answer.text
    found = re.search(r"contacts/new\?contact=([0-9a-f-]{36})", answer.text)
    assert found, "she is offered"
    # Somebody else after all: the same form with another address.
    assert (await miriam.post(tab, **form | {"name": "", "email": "d.reyes@other.example"})).status_code == 422
    assert (await miriam.post(tab, **form | {"email": "d.reyes@other.example"})).status_code == 303

    asked = await miriam.post(f"{tab}/search", words="rey dana")
    assert found[1] in asked.text and "acts for Eli, Noa" in asked.text
    assert found[1] not in (await miriam.post(f"{tab}/search", words="nobody of that name")).text
    chosen = await miriam.get(f"{tab}/new?contact={found[1]}")
    assert "Dana Reyes" in chosen.text and 'name="email"' not in chosen.text
    form = {"key": str(uuid4()), "contact": found[1], "relationship": "Friend"}
    assert (await miriam.post(tab, **form)).status_code == 303
    again = await miriam.post(tab, **form | {"key": str(uuid4())})
    assert again.status_code == 409 and "already" in again.text
    assert await willow.count("contact where name like 'Dana%'") == 1
    link = await link_of(willow, "Dana", "Priya")
    assert (await miriam.post(f"{tab}/{link}/end")).status_code == 303


async def test_a_client_can_be_somebodys_contact_and_not_their_own(willow: Deployment) -> None:
    cast = willow.cast
    miriam, theo = await cast.sign_in("miriam"), await cast.sign_in("theo")
    sam, lena = cast.client["sam"], cast.client["lena"]
    tab = f"/staff/clients/{lena}/contacts"
    form = {"relationship": "Friend", "person": sam}
    assert (await miriam.post(tab, key=str(uuid4()), **form)).status_code == 303
    assert f"/staff/clients/{sam}" in (await miriam.get(tab)).text
    assert (await miriam.post(tab, key=str(uuid4()), relationship="Friend", person=lena)).status_code == 422
    # Jo sees all clients, and ties one of Theo's to Lena: to Miriam that is a contact and no more.
    jo, walter = await cast.sign_in("jo"), cast.client["walter"]
    assert (await jo.post(tab, key=str(uuid4()), relationship="Friend", person=walter)).status_code == 303
    assert f"/staff/clients/{walter}" in (await jo.get(tab)).text
    hers = (await miriam.get(tab)).text
    assert "Walter Hobbs" in hers
    assert walter not in hers
    # Theo sees neither of them, so there is nobody to choose.
    theirs = next(
        str(row["id"])
        for row in await willow.sql(
            "select c.id from client c join care_team t on t.client_id = c.id where t.staff_id = :theo "
            "and t.until_at is null and c.archived_at is null and c.first_name not in ('Noa', 'Eli')",
            theo=theo.id,
        )
    )
    assert (await theo.post(f"/staff/clients/{theirs}/contacts", key=str(uuid4()), **form)).status_code == 404
    assert sam not in (await theo.post(f"/staff/clients/{theirs}/contacts/search", words="Okafor")).text


async def test_a_right_that_is_taken_is_gone_from_open_pages_and_the_other_child_is_not_touched(
    willow: Deployment,
) -> None:
    cast = willow.cast
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana", worker=willow.last)
    noa, eli = cast.client["noa"], cast.client["eli"]
    thread = f"/clients/{noa}/conversations/{cast.conversation['noa clinical']}"
    others = f"/clients/{eli}/conversations/{cast.conversation['eli clinical']}"
    async with open_page(dana, thread) as reading, open_page(dana, others) as other:
        before = other.live
        stream = next(key for key in reading.live if key.startswith("messages?"))
        rights = {name: on for name, on in EVERYTHING.items() if name != "messages"}
        assert (await agree(willow, miriam, "noa", **rights)).status_code == 303
        await reading.until(lambda: stream not in reading.live, what="its end")
        assert (await dana.get(thread)).status_code in (403, 404)
        assert (await dana.send(f"{thread}/messages", key=str(uuid4()), body="?")).status_code in (403, 404)
        assert (await dana.get(f"/clients/{noa}/home")).status_code == 200
        await other.settle()
        assert other.live.keys() == before.keys() and not other.over
        await other.current()
    assert (await agree(willow, miriam, "noa", **EVERYTHING)).status_code == 303
    assert (await dana.get(thread)).status_code == 200


# What of the client's pages each restriction leaves: of the whole profile, and of its messages.
LEFT = {
    Restriction.PAY_ONLY: (200, 403),
    Restriction.NO_CONTACT: (404, 404),
    Restriction.NO_RECORDS: (200, 200),
    Restriction.NO_SCHEDULING: (200, 200),
}


@pytest.mark.parametrize("restriction", Restriction, ids=lambda one: one.key)
async def test_a_restriction_goes_before_every_right_and_ends_when_it_is_lifted(
    willow: Deployment, restriction: Restriction
) -> None:
    cast = willow.cast
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana")
    noa = cast.client["noa"]
    assert (await agree(willow, miriam, "noa", **EVERYTHING, **{restriction.key: "on"})).status_code == 303
    profile, messages = LEFT[restriction]
    assert (await dana.get(f"/clients/{noa}/home")).status_code == profile
    assert (await dana.get(f"/clients/{noa}/messages", follow=True)).status_code == messages
    tab = (await miriam.get(f"/staff/clients/{noa}/contacts")).text
    assert RESTRICTION_WORDS[restriction] in tab
    row = await willow.row("contact_link", await link_of(willow, "Dana", "Noa"))
    assert row[restriction.column] is not None and row["may_messages"], "what she holds stays noted"
    assert (await agree(willow, miriam, "noa", **EVERYTHING)).status_code == 303
    assert (await dana.get(f"/clients/{noa}/home")).status_code == 200
    assert (await dana.get(f"/clients/{noa}/messages", follow=True)).status_code == 200


async def test_who_is_kept_away_is_not_said_to_use_the_portal(willow: Deployment) -> None:
    """Neither on the Portal tab, as it stands open, nor in the list of clients."""
    cast = willow.cast
    miriam, noa = await cast.sign_in("miriam"), cast.client["noa"]
    state = f"portal-state?client={noa}"
    async with open_page(miriam, f"/staff/clients/{noa}/portal", worker=willow.last) as tab:
        assert "acts for Noa" in tab.live[state] and "Active" in await listed(miriam, noa)
        assert (await agree(willow, miriam, "noa", **EVERYTHING, no_contact="on")).status_code == 303
        await tab.until(lambda: "The portal is paused for Noa" in tab.live[state], what="the pause")
        await tab.current()
        assert "Blocked by a restriction" in tab.live[state]
        assert "Active" not in await listed(miriam, noa)
        assert (await agree(willow, miriam, "noa", **EVERYTHING)).status_code == 303
        await tab.until(lambda: "acts for Noa" in tab.live[state], what="that she acts again")
        await tab.current()


async def listed(staff: Person, client: str) -> str:
    """A client's row in the list of clients."""
    page = (await staff.get("/staff/clients")).text
    return page.partition(f"/staff/clients/{client}")[2].partition("</tr>")[0]


async def test_they_are_told_and_the_other_parent_is_not(willow: Deployment) -> None:
    cast = willow.cast
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana")
    eli, ravi = await cast.sign_in("eli"), await cast.sign_in("ravi")
    child = cast.client["eli"]
    async with (
        open_page(dana, f"/clients/{child}/home") as hers,
        open_page(eli, f"/clients/{child}/home") as his,
        open_page(ravi, f"/clients/{child}/home") as fathers,
    ):
        rights = {name: on for name, on in EVERYTHING.items() if name != "documents"}
        assert (await agree(willow, miriam, "eli", **rights)).status_code == 303
        await hers.until(lambda: "What you may do for Eli has changed." in str(hers.toasts), what="her to be told")
        await his.until(lambda: "What Dana Reyes may do for you has changed." in str(his.toasts), what="him to be told")
        await are_current(hers, his, fathers)
        assert not fathers.toasts
        assert "Dana" not in str(fathers.frames)
    assert (await agree(willow, miriam, "eli", **EVERYTHING)).status_code == 303


PRIVATE = ("dana.reyes@", "(555) 010-0151")  # of a mother


async def test_one_parent_finds_nothing_of_the_other(willow: Deployment) -> None:
    """A crawl as Eli's father, who pays for him."""
    cast = willow.cast
    ravi = await cast.sign_in("ravi")
    seen, wanted = set[str](), {f"/clients/{cast.client['eli']}/home", "/home"}
    while wanted:
        path = wanted.pop()
        seen.add(path)
        answer = await ravi.get(path, follow=True)
        for token in PRIVATE:
            assert token not in answer.text, path
        assert "Dana Reyes" not in answer.text, path
        wanted |= set(re.findall(r'href="(/(?:clients|home|staff)[^"#]*)"', answer.text)) - seen
    assert len(seen) > 3


lasting = own_practice("full")  # its clock goes on


async def test_days_begin_and_end_in_the_practices_zone_on_pages_that_stand_open(lasting: Deployment) -> None:
    cast = lasting.cast
    miriam = await cast.sign_in("miriam")
    today = local_day(lasting.now, ZONE)
    later = today + dt.timedelta(days=3)
    ends = {"last": (later + dt.timedelta(days=4)).isoformat(), "no_contact_from": later.isoformat()}
    assert (await agree(lasting, miriam, "noa", **EVERYTHING, **ends, no_contact="on")).status_code == 303
    noa = cast.client["noa"]
    tab = (await miriam.get(f"/staff/clients/{noa}/contacts")).text
    assert "No contact from" in tab and "Until" in tab

    dana = await cast.sign_in("dana", worker=1)
    assert (await dana.get(f"/clients/{noa}/home")).status_code == 200
    midnight = dt.datetime.combine(later, dt.time(), ZoneInfo(ZONE))
    await lasting.move_clock(seconds=(midnight - lasting.now).total_seconds() - 60)
    dana = await cast.sign_in("dana", worker=1)
    async with open_page(dana, f"/clients/{noa}/home") as hers:
        await hers.current()
        await lasting.move_clock(seconds=61)
        await hers.until(lambda: hers.over, what="the page to close at midnight")
    assert (await dana.get(f"/clients/{noa}/home")).status_code == 404
    assert (await dana.get(f"/clients/{cast.client['eli']}/home")).status_code == 200


async def test_it_ends_at_once_and_the_other_child_stays(willow: Deployment) -> None:
    cast = willow.cast
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana", worker=willow.last)
    noa, eli = cast.client["noa"], cast.client["eli"]
    link = await link_of(willow, "Dana", "Noa")
    async with (
        open_page(dana, f"/clients/{noa}/home") as one,
        open_page(dana, f"/clients/{eli}/home") as other,
        open_page(miriam, f"/staff/clients/{noa}/contacts") as tab,
    ):
        assert (await miriam.post(f"/staff/clients/{noa}/contacts/{link}/end")).status_code == 303
        await one.until(lambda: one.over, what="Noa's page to close")
        await tab.until(
            lambda: "Earlier contacts" in tab.live[f"contacts?client={noa}"], what="her among the earlier ones"
        )
        await other.settle()
        assert not other.over and "Noa" not in other.live[f"switch?client={eli}"]
        await are_current(other, tab)
    assert (await dana.get(f"/clients/{noa}/home")).status_code == 404

    # Added again, she acts again only when access is given anew.
    contact = str((await willow.row("contact_link", link))["contact_id"])
    await add_contact(miriam, noa, contact=contact, relationship="Mother", **EVERYTHING)
    assert await link_of(willow, "Dana", "Noa") == link
    assert (await dana.get(f"/clients/{noa}/home")).status_code == 404
    assert await willow.sql("select 1 from outbox where about_id = :id", id=dana.id), "she was written to"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"relationship": ""}, "relationship"),
        ({"last": "2019-01-01", "first": "2020-01-01"}, "last"),
        ({"first": "2099-01-01", "last": "2098-01-01"}, "last"),
        ({"no_records_from": "2099-01-01"}, "no_records_from"),
        ({"first": "1066-10-14"}, "first"),
        ({"name": ""}, "name"),
        ({"email": "nowhere"}, "email"),
    ],
)
async def test_what_makes_no_sense_is_said_at_its_field_and_nothing_is_changed(
    willow: Deployment, form: dict[str, str], field: str
) -> None:
    miriam = await willow.cast.sign_in("miriam")
    link = await link_of(willow, "Ravi", "Eli")
    path = f"/staff/clients/{willow.cast.client['eli']}/contacts/{link}"
    before = await willow.row("contact_link", link)
    sent = {"name": "Ravi Menon", "relationship": "Father", "billing": "on"} | form
    answer = await miriam.post(path, **sent)
    assert answer.status_code == 422 and f'id="why-{field}"' in answer.text
    assert all(value in answer.text for value in form.values() if value), "what was typed stays"
    assert await willow.row("contact_link", link) == before


async def test_what_ended_by_its_date_does_not_come_back_by_itself(willow: Deployment) -> None:
    """A contact whose last day has passed is added again: the access of before stays ended."""
    cast = willow.cast
    miriam, ben = await cast.sign_in("miriam"), await cast.sign_in("ben")
    client = cast.client["ruth"]
    home, tab = f"/clients/{client}/home", f"/staff/clients/{client}/contacts"
    link = await link_of(willow, "Ben", "Ruth and Ben")
    assert (await ben.get(home)).status_code == 200
    yesterday = (local_day(willow.now, ZONE) - dt.timedelta(days=1)).isoformat()
    form = {"name": "Ben Calloway", "relationship": "Partner", "messages": "on"}
    assert (await miriam.post(f"{tab}/{link}", **form, last=yesterday)).status_code == 303
    assert (await ben.get(home)).status_code == 404
    assert (await miriam.post(f"{tab}/{link}", **form)).status_code == 409, "it is over"
    contact = str((await willow.row("contact_link", link))["contact_id"])
    await add_contact(miriam, client, contact=contact, relationship="Partner", messages="on")
    assert (await ben.get(home)).status_code == 404
