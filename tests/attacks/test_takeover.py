"""An address is a key: whoever changes how somebody is reached sees all that hangs on it, and the others hear of it."""

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

from portal.models.ground.record import uuid7
from tests.access.desk import SECRET, Chart, Desk
from tests.access.test_linking import confirming, offer_of
from tests.faults.telling import by_hand, waits_for_a_lock
from tests.people.contacts import EVERYTHING, add_contact

PARTNER = {"relationship": "Partner", **EVERYTHING}
HERS = "therapist@elsewhere.example"


@dataclass
class Family:
    """Somebody who acts for a client of Miriam's and for one of Theo's, whom Miriam may not see."""

    email: str
    contact: str
    account: str
    seen: Chart
    unseen: Chart
    link: str  # with Miriam's client

    @property
    def form(self) -> str:
        return f"/staff/clients/{self.seen.id}/contacts/{self.link}"


async def family(desk: Desk) -> Family:
    seen, unseen = await desk.chart("Wren"), await desk.chart("Rowan", by="theo")
    ada, email = await desk.person("ada"), f"partner.{uuid4().hex[:8]}@family.example"
    tie = await add_contact(ada, seen.id, name="Robin Hale", email=email, **PARTNER)
    await desk.sign_up(seen, await desk.invite(seen, tie.id, by="ada"))
    [account] = await desk.sql("select id from portal_account where email = :email", email=email)
    await add_contact(ada, unseen.id, contact=tie.contact, **PARTNER)
    assert (await desk.act(unseen, "accesses", by="ada", account=str(account["id"]))).status_code == 303
    return Family(email, tie.contact, str(account["id"]), seen, unseen, tie.id)


async def comes_back(desk: Desk, email: str) -> str:
    """Mail to this address came back: the page of its task."""
    letter, bounce = (await desk.sql("select id from outbox limit 1"))[0]["id"], str(uuid7())
    await desk.sql(
        "insert into bounce (id, email_key, letter_id, status, reason, held, at) "
        "values (:id, :key, :letter, '5.1.1', 'no such user', true, now())",
        id=bounce,
        key=email,
        letter=letter,
    )
    return f"/staff/mail/addresses/{bounce}"


async def address_of(desk: Desk, table: str, id: str) -> str:
    return str((await desk.deployment.row(table, id))["email"])


async def told(desk: Desk, name: str, client: str) -> int:
    notices = "notice where kind = 'address' and staff_id = :person and client_id = :client"
    return await desk.count(notices, person=desk.cast.staff[name], client=client)


async def test_who_sees_one_of_an_accounts_clients_does_not_take_it_over(desk: Desk) -> None:
    """The finding: her own address on the account, a new password, and the client whom she may not see."""
    them, miriam = await family(desk), await desk.person("miriam")
    assert (await miriam.get(f"/staff/clients/{them.unseen.id}")).status_code == 404
    page = await comes_back(desk, them.email)

    shown = (await miriam.get(page)).text
    assert "Robin Hale" in shown and "you can’t see" in shown
    assert 'name="email"' not in shown
    assert (await miriam.post(page, email=HERS)).status_code == 409

    assert await address_of(desk, "portal_account", them.account) == them.email
    assert await address_of(desk, "contact", them.contact) == them.email
    await desk.browser().post("/forgot", email=HERS)
    await desk.browser().post("/forgot", email=them.email)
    await desk.comes("select 1 from reset where account_id = :id", id=them.account)
    rows = await desk.sql("select email_key from outbox where email_key = :key", key=HERS)
    assert not rows


async def test_what_an_account_is_offered_hangs_on_its_address_too(desk: Desk) -> None:
    """Miriam's client is offered Theo's: with her own address on the account she could confirm it herself."""
    seen, browser, account = await desk.registered("Ash")
    unseen = await desk.chart("Elm", born="2011-05-06", email=seen.email, by="theo")
    async with confirming(desk):
        assert (await desk.act(unseen, "accesses", by="theo", account=account)).status_code == 303
    offer = await offer_of(desk, unseen)
    assert (await browser.get(offer)).status_code == 200
    page, miriam, ada = (await comes_back(desk, seen.email), await desk.person("miriam"), await desk.person("ada"))
    await miriam.post(page, email=HERS)
    assert await address_of(desk, "portal_account", account) == seen.email

    assert (await ada.post(page, email=f"better.{seen.email}")).status_code == 303
    assert await address_of(desk, "portal_account", account) == f"better.{seen.email}"
    assert (await browser.get(offer)).status_code == 404
    assert (await browser.post(offer, date_of_birth=unseen.born)).status_code == 404
    assert not await desk.sql("select 1 from access where client_id = :id", id=unseen.id)


async def test_who_sees_them_all_puts_it_right_and_everybody_else_is_told(desk: Desk) -> None:
    them, ada = await family(desk), await desk.person("ada")
    page, better = await comes_back(desk, them.email), f"better.{them.email}"
    shown = (await ada.get(page)).text
    assert 'name="email"' in shown and "you can’t see" not in shown
    assert (await ada.post(page, email=better)).status_code == 303

    assert await address_of(desk, "portal_account", them.account) == better
    assert await address_of(desk, "contact", them.contact) == better
    await desk.letter(better, "corrected your address")
    gone = await desk.letter(them.email, "From now on our emails go to the new one")
    assert better not in gone.as_string(), "whoever reads there isn’t told where to"
    assert await told(desk, "miriam", them.seen.id) == 1
    assert await told(desk, "theo", them.unseen.id) == 1
    assert await told(desk, "ada", them.seen.id) == await told(desk, "ada", them.unseen.id) == 0
    assert await desk.sql("select 1 from notice where kind = 'address' and account_id = :id", id=them.account)
    for name, says in (("miriam", "Ada Lindqvist changed the email"), ("theo", "someone who acts for them")):
        assert says in (await (await desk.person(name)).get("/staff/notices")).text
    robin = desk.browser()
    assert (await robin.post("/sign-in", email=better, password=SECRET, side="client")).status_code == 303
    home = await robin.get(f"/clients/{them.seen.id}/notices")
    assert "The address you sign in with was changed." in home.text
    noted = await desk.sql("select client_id from audit where action = 'correct address' order by id desc limit 2")
    assert {str(row["client_id"]) for row in noted} == {them.seen.id, them.unseen.id}


async def test_the_charts_own_address_is_put_right_all_the_same(desk: Desk) -> None:
    """The client has the address that somebody who acts for others signs in with, too."""
    them, miriam = await family(desk), await desk.person("miriam")
    await desk.change(them.seen, email=them.email)
    page, better = await comes_back(desk, them.email), f"better.{them.email}"
    shown = (await miriam.get(page)).text
    assert 'name="email"' in shown and "stays as it is" in shown
    assert (await miriam.post(page, email=better)).status_code == 303
    assert await address_of(desk, "client", them.seen.id) == better
    assert await address_of(desk, "portal_account", them.account) == them.email
    assert await address_of(desk, "contact", them.contact) == them.email
    settled = await desk.sql("select settled_at from bounce where id = :id", id=page.rpartition("/")[2])
    assert settled[0]["settled_at"] is None, "it still stands where an administrator is to look"


async def test_how_a_contact_is_reached_is_for_who_sees_all_whom_they_act_for(desk: Desk) -> None:
    them, miriam, ada = await family(desk), await desk.person("miriam"), await desk.person("ada")
    shown = (await miriam.get(them.form)).text
    assert 'name="email"' not in shown and "you can’t see" in shown
    assert 'name="email"' in (await ada.get(them.form)).text

    old_form = {"name": "Robin Hale", "email": HERS, **PARTNER}
    assert (await miriam.post(them.form, **old_form)).status_code == 409
    assert await address_of(desk, "contact", them.contact) == them.email
    # What they are to her own client is hers to say.
    assert (await miriam.post(them.form, **PARTNER | {"relationship": "Spouse"})).status_code == 303
    [link] = await desk.sql("select relationship from contact_link where id = :id", id=them.link)
    assert link["relationship"] == "Spouse"

    better = f"better.{them.email}"
    assert (await ada.post(them.form, **old_form | {"email": better})).status_code == 303
    assert await address_of(desk, "contact", them.contact) == better
    assert await told(desk, "theo", them.unseen.id) == 1


async def test_a_contact_who_is_a_client_follows_no_chart_of_who_does_not_see_the_others(desk: Desk) -> None:
    """Her client acts for a client of Theo's: she changes the chart, and not how Theo's client is reached."""
    miriam, ada = await desk.person("miriam"), await desk.person("ada")
    mine, theirs = await desk.chart("Wren"), await desk.chart("Rowan", by="theo")
    contact = (await add_contact(ada, theirs.id, person=mine.id, **PARTNER)).contact
    assert "you can’t see" in (await miriam.get(f"/staff/clients/{mine.id}/edit")).text
    await desk.change(mine, email=HERS)
    assert await address_of(desk, "client", mine.id) == HERS
    assert await address_of(desk, "contact", contact) == mine.email

    assert "you can’t see" not in (await ada.get(f"/staff/clients/{mine.id}/edit")).text
    person = {"first_name": mine.first, "last_name": mine.last, "date_of_birth": mine.born}
    better = f"better.{mine.email}"
    assert (await ada.post(f"/staff/clients/{mine.id}", email=better, **person)).status_code == 303
    assert await address_of(desk, "contact", contact) == better
    assert await told(desk, "theo", theirs.id) == 1


async def test_nobody_gets_another_address_by_becoming_a_client(desk: Desk) -> None:
    them, miriam = await family(desk), await desk.person("miriam")
    person = {"first_name": "Robin", "last_name": "Hale", "date_of_birth": "1980-02-02", "apart": "on"}
    form = {"key": str(uuid4()), "therapist": miriam.id, **person}
    await desk.sql(
        "insert into staff_permission (staff_id, permission) values (:id, 'contact_network') on conflict do nothing",
        id=miriam.id,
    )
    assert (await miriam.post(f"{them.form}/client", email=HERS, **form)).status_code == 409
    assert await address_of(desk, "contact", them.contact) == them.email
    answer = await miriam.post(f"{them.form}/client", email=them.email, **form | {"key": str(uuid4())})
    assert answer.status_code == 303, answer.text


async def test_nobody_is_put_behind_an_address_while_it_is_being_changed(desk: Desk) -> None:
    """Somebody links the account to a client whom the other may not see, in the very moment."""
    chart, unseen = await desk.chart("Wren"), await desk.chart("Rowan", by="theo")
    await desk.sign_up(chart)
    account, miriam = await desk.account_id(chart), await desk.person("miriam")
    form = {"first_name": unseen.first, "last_name": unseen.last, "date_of_birth": unseen.born}
    theo = await desk.person("theo")
    assert (await theo.post(f"/staff/clients/{unseen.id}", email=chart.email, **form)).status_code == 303
    page = await comes_back(desk, chart.email)
    async with by_hand(desk.deployment) as held:
        await held.execute("select 1 from portal_account where id = $1 for no key update", UUID(account))
        link = asyncio.create_task(desk.act(unseen, "accesses", by="theo", account=account))
        await waits_for_a_lock(desk.deployment, "portal_account")
        correct = asyncio.create_task(miriam.post(page, email=HERS))
        await waits_for_a_lock(desk.deployment, "portal_account", count=2)
    assert (await link).status_code == 303
    assert (await correct).status_code == 303, "the chart's own address is put right"
    assert await address_of(desk, "portal_account", account) == chart.email
    assert await address_of(desk, "client", chart.id) == HERS
