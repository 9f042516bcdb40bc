"""An address that mail does not reach is a task for staff: on Today and on the chart, put right in one place."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from portal.demo import PASSWORD as SECRET
from portal.mail import letters
from portal.mail.outbox import post
from portal.models.ground.fact import unit
from portal.models.mail.bounce import Cause
from tests.access.desk import Desk
from tests.deployment import Deployment
from tests.html import parse
from tests.mail.imap import PASSWORD, USER, ImapServer, mailbox_form
from tests.mail.post_office import PostOffice, To, eventually, until
from tests.mail.test_bounces import READ, SAMPLES, sample
from tests.pages import open_page


async def comes_back(portal: Deployment, mail: PostOffice, email: str, client: str | None) -> str:
    """A letter to this address is refused; gives where it can be put right."""
    mail.to_rcpt.append("550 5.1.1 No such user here")
    async with portal.models(), unit():
        about = UUID(portal.cast.client[client]) if client else None
        await post(letters.password_changed(To("Someone", email)), client=about)
    text = "select id from bounce where email_key = :key and settled_at is null"
    [found] = await eventually(lambda: portal.sql(text, key=email))
    return f"/staff/mail/addresses/{found['id']}"


async def test_staff_who_may_see_it_are_told_at_once_and_put_it_right_in_one_place(
    portal: Deployment, mail: PostOffice
) -> None:
    cast = portal.cast
    email, right = cast.email["client", "dana"], "dana.right@family.example"
    miriam, theo = await cast.sign_in("miriam"), await cast.sign_in("theo")
    async with (
        open_page(miriam, "/staff/today") as today,
        open_page(miriam, f"/staff/clients/{cast.client['noa']}") as chart,
        open_page(miriam, f"/staff/clients/{cast.client['noa']}/portal") as tab,
        open_page(theo, "/staff/today") as other,
    ):
        assert " hidden" in today.live["needs-hand"]
        there = await comes_back(portal, mail, email, "noa")
        shown = await today.next_push(region="needs-hand")
        assert email in shown and there in shown and "there is no such mailbox" in shown
        assert email in await chart.next_push(region="chart-addresses")
        assert await other.hears_nothing() or email not in other.live["needs-hand"]
        told, news = "Email to an address on this chart comes back.", f"came-in?person={miriam.id}"
        assert told in str(today.toasts)
        await today.until(lambda: told in today.live[news], what="a notice on Today")
        assert told not in (await theo.get("/staff/notices")).text, "not his to look after"
        for page in (today, chart, tab, other):
            await page.current()

        asked = (await miriam.get(there)).text
        assert f'value="{email}"' in asked and " autofocus" in asked and "550 5.1.1 No such user here" in asked
        before = len(mail.letters)
        assert (await miriam.post(there, email=right)).status_code == 303
        await today.until(lambda: " hidden" in today.live["needs-hand"], what="the task to go")
        await today.until(lambda: " hidden" in today.live[news], what="the notice to be settled too")
        for page in (today, chart, tab, other):
            await page.current()
        assert right in tab.live[f"portal-state?client={cast.client['noa']}"]
    await mail.arrived(before + 2)
    assert set(mail.recipients[before:]) == {right, email}, "it is told at the old one too"
    stranger = cast.stranger()
    for address, status in ((email, 401), (right, 303)):
        answer = await stranger.post("/sign-in", email=address, password=SECRET, side="client")
        assert answer.status_code == status, address
    cast.email["client", "dana"] = right
    contacts = await portal.sql("select email, email_key from contact where name like 'Dana%'")
    assert [(row["email"], row["email_key"]) for row in contacts] == [(right, right)]
    assert (await miriam.get(there)).status_code == 404
    noted = await portal.sql("select client_id from audit where action = 'correct address' and result = 'done'")
    assert {str(row["client_id"]) for row in noted} == {cast.client["noa"], cast.client["eli"]}


async def test_an_address_that_is_right_after_all_gets_what_waited(portal: Deployment, mail: PostOffice) -> None:
    cast = portal.cast
    email = cast.email["client", "sam"]
    there = await comes_back(portal, mail, email, "sam")
    async with portal.models(), unit():
        await post(letters.password_changed(To("Sam", email)), client=UUID(cast.client["sam"]))
    await eventually(lambda: portal.sql("select 1 from outbox where reason = 'held'"))
    miriam = await cast.sign_in("miriam")
    before = len(mail.letters)
    assert (await miriam.post(f"{there}/confirmation")).status_code == 303
    await mail.arrived(before + 1)
    assert mail.recipients[-1] == email
    assert (await miriam.post(f"{there}/confirmation")).status_code == 303
    assert email not in (await miriam.get("/staff/today")).text
    assert "This has been taken care of." in (await miriam.get(there)).text


async def test_an_address_of_another_account_is_not_taken(portal: Deployment, mail: PostOffice) -> None:
    cast = portal.cast
    there = await comes_back(portal, mail, cast.email["client", "eli"], "eli")
    miriam = await cast.sign_in("miriam")
    for wrong, said in (
        (cast.email["client", "sam"].upper(), "Email: another account already signs in with this address."),
        ("nobody", "Email: write an email address like name@example.com."),
        ("", "Email: fill this in."),
    ):
        answer = await miriam.post(there, email=wrong)
        assert answer.status_code == 422 and said in answer.text, wrong
    assert (await miriam.get("/staff/mail/addresses/not-an-id")).status_code == 404
    assert (await portal.sql("select email from portal_account where id = :id", id=cast.account["eli"]))[0][
        "email"
    ] == cast.email["client", "eli"]
    await miriam.post(f"{there}/confirmation")


async def test_a_colleagues_address_is_for_administrators_and_the_colleague(
    portal: Deployment, mail: PostOffice
) -> None:
    cast = portal.cast
    email = cast.email["staff", "theo"]
    there = await comes_back(portal, mail, email, None)
    sees = {}
    for name in ("ada", "theo", "miriam", "jo"):
        sees[name] = email in (await (await cast.sign_in(name)).get("/staff/today")).text
    assert sees == {"ada": True, "theo": True, "miriam": False, "jo": False}
    ada = await cast.sign_in("ada")
    asked = (await ada.get(there)).text
    assert "field-email" not in asked
    assert (await ada.post(f"{there}/confirmation")).status_code == 303


async def test_a_welcome_email_to_a_failed_address_says_so_on_the_chart(portal: Deployment, mail: PostOffice) -> None:
    cast = portal.cast
    [lena] = await portal.sql("select email from client where id = :id", id=cast.client["lena"])
    there = await comes_back(portal, mail, lena["email"], "lena")
    miriam = await cast.sign_in("miriam")
    chart = (await miriam.get(f"/staff/clients/{cast.client['lena']}")).text
    assert there in chart and "Correct the address" in chart
    assert (await miriam.post(there, email="lena.brandt@mail.example")).status_code == 303
    [now] = await portal.sql("select email, email_key from client where id = :id", id=cast.client["lena"])
    assert now["email"] == now["email_key"] == "lena.brandt@mail.example"


# --- Mail that comes back ------------------------------------------------------------------------------


@pytest.fixture
async def imap(portal: Deployment, trusted: Path) -> AsyncIterator[ImapServer]:
    """The mailbox of the practice for what comes back, read by it from now on."""
    async with ImapServer(trusted) as server:
        ada = await portal.cast.sign_in("ada")
        assert (await ada.post("/staff/settings/mail/mailbox", **mailbox_form(server.port))).status_code == 303
        await eventually(lambda: portal.sql("select 1 from mailbox where looked_at is not null"))
        yield server
        assert (await ada.post("/staff/settings/mail/removal")).status_code == 303
        await portal.sql("update bounce set settled_at = at where settled_at is null")
        await portal.sql("update outbox set payload_sealed = null")


async def left(portal: Deployment, client: str, *emails: str) -> list[UUID]:
    """Letters about a client of the cast, one to each address, that the mail server has taken."""
    about = UUID(portal.cast.client[client])
    async with portal.models(), unit():
        ids = [await post(letters.password_changed(To("Someone", email)), client=about) for email in emails]
    for id in ids:
        await eventually(lambda id=id: portal.sql("select 1 from outbox where id = :id and done_at is not null", id=id))
    return ids


async def look(portal: Deployment, imap: ImapServer) -> None:
    """Have the mailbox read to its end."""
    await portal.sql("update mailbox set looked_at = null")
    last = max(imap.messages)
    await eventually(lambda: portal.sql("select 1 from mailbox where last_uid = :last", last=last))


def address_of(sample: str) -> str:
    return f"to.{sample}@family.example"


async def test_returned_mail_marks_bad_addresses_only_and_what_is_our_own_trouble_is_one_task(
    portal: Deployment, mail: PostOffice, imap: ImapServer
) -> None:
    ids = dict(zip(SAMPLES, await left(portal, "noa", *map(address_of, SAMPLES)), strict=True))
    ada, miriam = await portal.cast.sign_in("ada"), await portal.cast.sign_in("miriam")
    async with open_page(ada, "/staff/today") as today:
        for name, id in ids.items():
            imap.put(sample(name, str(id)))
        await look(portal, imap)
        ours = sum(bounce.cause is Cause.OURS for bounce in READ.values())
        refused = f"{ours} emails weren’t delivered, and the addresses aren’t the problem."
        await today.until(lambda: refused in today.live["needs-hand"], what="one task for all of them")
        assert today.live["needs-hand"].count("weren’t delivered") == 1
        await today.current()

        became = {
            name: (row["bounced_at"] is not None, row["failed_at"] is not None, row["done_at"] is not None)
            for name, id in ids.items()
            for row in await portal.sql("select bounced_at, failed_at, done_at from outbox where id = :id", id=id)
        }
        shape = {
            Cause.ADDRESS: (True, False, True),
            Cause.OURS: (False, True, False),
            Cause.FULL: (False, False, False),
        }
        expected = {name: shape[READ[name].cause] if name in READ else (False, False, True) for name in SAMPLES}
        assert became == expected
        marked = {row["email_key"] for row in await portal.sql("select email_key from bounce where settled_at is null")}
        assert marked == {address_of(name) for name, read in READ.items() if read.cause is Cause.ADDRESS}

        listed = (await miriam.get("/staff/mail")).text
        assert "weren’t delivered" not in (await miriam.get("/staff/today")).text, (
            "hers are the clients, not the server"
        )
        for name in SAMPLES:
            waits = name in READ and READ[name].cause is not Cause.ADDRESS
            assert (address_of(name) in listed) is waits, name
        theo, before = await portal.cast.sign_in("theo"), len(mail.letters)
        assert (await theo.post("/staff/mail/retries")).status_code == 303, "his are none of them"
        assert "/staff/mail/retries" in listed
        assert (await miriam.post("/staff/mail/retries")).status_code == 303
        tried = {address_of(name) for name, read in READ.items() if read.cause is Cause.OURS}
        await until(lambda: tried <= set(mail.recipients[before:]))
        # Letters to others may fall due meanwhile.
        again = [to for to in mail.recipients[before:] if to in map(address_of, SAMPLES)]
        assert sorted(again) == sorted(tried), "each once, and no full mailbox before its time"
        await today.until(lambda: refused not in today.live["needs-hand"], what="the task to go with its last letter")
        await today.current()


@pytest.mark.parametrize(
    ("name", "arrives", "whose"),
    [
        ("smartermail", False, "address"),
        ("smartermail-attached", False, "address"),
        ("mdaemon", False, "address"),
        ("dsn-base64-part", False, "address"),
        ("global-smtputf8", False, "address"),
        ("dsn-base64-headers", False, "address"),
        ("spam-550-nocode", False, "ours"),
        ("own-relay-down", False, "ours"),
        ("full-5.2.2", False, "full"),
        ("ooo-attached", True, None),
        ("ooo-empty-path", True, None),
    ],
)
async def test_the_state_of_an_invitation_follows_its_welcome_email(
    portal: Deployment, mail: PostOffice, imap: ImapServer, name: str, arrives: bool, whose: str | None
) -> None:
    desk = Desk(portal, mail)
    chart = await desk.chart("Wren")
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 303
    taken = "select id from outbox where client_id = :id and done_at is not null"
    [letter] = await desk.comes(taken, id=chart.id)
    imap.put(sample(name, str(letter["id"])))
    await look(portal, imap)
    tab = await desk.tab(chart)
    assert ("Wren is invited" in tab) is arrives
    assert ("couldn’t be delivered" in tab) is not arrives
    assert ("Correct the address" in tab) is (whose == "address")


async def test_whoever_asks_for_a_password_gets_it_though_a_mailbox_was_full_and_not_where_there_is_none(
    portal: Deployment, mail: PostOffice, imap: ImapServer
) -> None:
    sam, eli = portal.cast.email["client", "sam"], portal.cast.email["client", "eli"]
    for name, (id,) in {
        "full-gmail": await left(portal, "sam", sam),
        "mdaemon": await left(portal, "eli", eli),
    }.items():
        imap.put(sample(name, str(id)))
    await look(portal, imap)
    before = len(mail.letters)
    for email in (eli, sam):
        assert (await portal.cast.stranger().post("/forgot", email=email)).status_code == 200
    held = "select 1 from outbox where email_key = :key and reason = 'held'"
    await eventually(lambda: portal.sql(held, key=eli))
    await mail.arrived(before + 1)
    assert mail.recipients[before:] == [sam]


# --- Settings, Mail ------------------------------------------------------------------------------------


async def test_the_mailboxs_secrets_are_none_that_a_browser_knows_from_signing_in(
    portal: Deployment, trusted: Path
) -> None:
    ada = await portal.cast.sign_in("ada")
    fields = {
        one.get("name"): one for one in parse((await ada.get("/staff/settings/mail")).text).walk() if one.get("name")
    }
    assert fields["mailbox_password"].get("autocomplete") == "new-password"
    assert not {"username", "password"} & set(fields)
    async with ImapServer(trusted) as imap:
        filled_in = mailbox_form(imap.port, username=portal.cast.email["staff", "ada"], password=SECRET)
        assert (await ada.post("/staff/settings/mail/mailbox", **filled_in)).status_code == 400
        assert imap.commands == [] and await portal.sql("select 1 from mailbox") == []


async def test_the_mailbox_is_set_tested_and_read(portal: Deployment, mail: PostOffice, trusted: Path) -> None:
    cast = portal.cast
    ada = await cast.sign_in("ada")
    async with ImapServer(trusted) as imap, open_page(ada, "/staff/settings/mail") as page:
        assert "isn’t read yet" in page.live["returned-mail"]
        tested = await ada.send("/staff/settings/mail/test", **mailbox_form(imap.port))
        assert tested.status_code == 200 and "It works." in tested.text
        wrong = await ada.send("/staff/settings/mail/test", **mailbox_form(imap.port, mailbox_password="no"))
        assert "didn’t accept the user name and password" in wrong.text
        plain = await ada.post("/staff/settings/mail/test", **mailbox_form(imap.port))
        assert "It works." in plain.text and PASSWORD not in plain.text
        assert await portal.sql("select 1 from mailbox") == []

        assert (await ada.post("/staff/settings/mail/mailbox", **mailbox_form(imap.port))).status_code == 303
        assert USER in await page.next_push(region="returned-mail")
        kept = await portal.sql("select * from mailbox")
        assert PASSWORD not in repr(kept) and PASSWORD not in (await ada.get("/staff/settings/mail")).text
        await eventually(lambda: portal.sql("select 1 from mailbox where looked_at is not null"))

        # Without a new password the one that is kept stays.
        changed = mailbox_form(imap.port, mailbox_password="", folder="Elsewhere")
        assert (await ada.post("/staff/settings/mail/mailbox", **changed)).status_code == 303
        await page.until(lambda: "There is no such folder." in page.live["returned-mail"], 20, "trouble")
        assert imap.commands.count("LOGOUT") >= 3
        await page.current()
        assert (await ada.post("/staff/settings/mail/removal")).status_code == 303
        await page.until(lambda: "isn’t read yet" in page.live["returned-mail"], what="none")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", "imap.example.com\r\nX"),
        ("host", "http://imap.example.com"),
        ("port", "0"),
        ("port", "many"),
        ("mailbox_user", "a\r\nb LOGOUT"),
        ("mailbox_password", "a\r\nb LOGOUT"),
        ("folder", "Gelöscht"),
        ("address", "nobody"),
    ],
)
async def test_what_would_break_out_of_a_command_is_not_taken(
    portal: Deployment, trusted: Path, field: str, value: str
) -> None:
    ada = await portal.cast.sign_in("ada")
    async with ImapServer(trusted) as imap:
        answer = await ada.post("/staff/settings/mail/mailbox", **mailbox_form(imap.port, **{field: value}))
        assert answer.status_code == 422 and "field-" in answer.text
        tested = await ada.send("/staff/settings/mail/test", **mailbox_form(imap.port, **{field: value}))
        assert "Fill in what is missing first." in tested.text
        assert imap.commands == []
    assert await portal.sql("select 1 from mailbox") == []
