"""A letter that comes back is found in the practice's mailbox; nothing more goes there until somebody has looked."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from portal import clock
from portal.mail import letters, mailbox
from portal.mail.delivery import deliver
from portal.mail.mailbox import Place, Trouble, look, read_returned
from portal.mail.outbox import post
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.outbox import Outbox
from portal.models.mail.bounce import Bounce
from portal.models.mail.mailbox import Mailbox
from portal.realtime.bus import Bus
from portal.settings import settings
from tests.mail.imap import PASSWORD, USER, ImapServer
from tests.mail.post_office import PostOffice, To
from tests.mail.test_bounces import sample

MINUTE = dt.timedelta(minutes=1)
THERE = "dana@famly.example"


@pytest.fixture
async def imap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ImapServer]:
    async with ImapServer(tmp_path) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.pem))
        monkeypatch.setenv("PORTAL_MAIL_HOSTS", "localhost, 127.0.0.1")
        settings.cache_clear()
        yield server


def place(imap: ImapServer, **other: Any) -> Place:
    return Place(
        **{"host": "localhost", "port": imap.port, "username": USER, "password": PASSWORD, "folder": "INBOX"} | other
    )


async def set_up(imap: ImapServer) -> None:
    async with unit():
        await Mailbox.keep(
            host="localhost", port=imap.port, username=USER, password=PASSWORD, folder="INBOX", address=USER
        )


async def sent(client: UUID | None, office: PostOffice, bus: Bus, to: str = THERE) -> UUID:
    """A letter that the mail server has taken."""
    async with unit():
        id = await post(letters.password_changed(To("Dana", to)), client=client)
    await deliver(bus)
    return id


# --- The mailbox --------------------------------------------------------------------------------------


async def test_what_comes_back_is_found_and_nothing_else_is_touched(
    client: UUID, office: PostOffice, bus: Bus, imap: ImapServer
) -> None:
    await set_up(imap)
    id = await sent(client, office, bus)
    imap.put(sample("reply", str(id)))
    imap.put(sample("out-of-office", str(id)))
    imap.put(sample("postfix", str(id)))
    imap.put(sample("qmail", str(uuid4())))
    assert await read_returned(bus)
    assert not await read_returned(bus)

    [bounce] = await Bounce.all()
    assert (bounce.email_key, bounce.status, bounce.held) == (THERE, "5.1.1", True)
    letter = await Outbox.get(id=id)
    assert letter.bounced_at and letter.done_at and "User unknown" in (letter.reason or "")
    assert {command.split()[0] for command in imap.commands} == {"CAPABILITY", "LOGIN", "EXAMINE", "UID", "LOGOUT"}
    facts = [row["kind"] for row in await sql.rows("select kind from fact order by id")]
    assert facts[-3:] == ["LetterBounced", "AddressFailed", "MailboxChanged"]


async def test_each_message_is_read_once_and_what_is_new_after_it(
    client: UUID, office: PostOffice, bus: Bus, imap: ImapServer
) -> None:
    await set_up(imap)
    first = await sent(client, office, bus)
    imap.put(sample("postfix", str(first)))
    await read_returned(bus)
    clock.move(2 * MINUTE)
    await read_returned(bus)
    assert (await Mailbox.all().get()).returned == 1
    second = await sent(client, office, bus, "ravi@famly.example")
    imap.put(sample("exim", str(second)))
    clock.move(4 * MINUTE)
    await read_returned(bus)
    assert (await Mailbox.all().get()).returned == 2
    fetched = [command.split()[2] for command in imap.commands if command.startswith("UID FETCH")]
    assert fetched == ["1", "2"]


async def test_a_mailbox_that_was_made_anew_is_read_anew_and_tells_nothing_twice(
    client: UUID, office: PostOffice, bus: Bus, imap: ImapServer
) -> None:
    await set_up(imap)
    imap.put(sample("postfix", str(await sent(client, office, bus))))
    await read_returned(bus)
    imap.validity = 2
    clock.move(2 * MINUTE)
    await read_returned(bus)
    assert len([c for c in imap.commands if c.startswith("UID FETCH")]) == 2
    assert (await Mailbox.all().get()).returned == 1


async def test_two_workers_look_once(client: UUID, bus: Bus, imap: ImapServer) -> None:
    await set_up(imap)
    assert sorted(await asyncio.gather(*(read_returned(bus) for _ in range(4)))) == [False, False, False, True]


async def test_letters_leave_with_the_address_for_what_comes_back(
    client: UUID, office: PostOffice, bus: Bus, imap: ImapServer
) -> None:
    id = await sent(client, office, bus)
    assert office.senders == ["no-reply@portal.willow.example"]
    await set_up(imap)
    await sent(client, office, bus, "sam@family.example")
    assert office.senders[1:] == [USER]
    assert office.letters[0]["X-Portal-Letter"] == office.ids[0] == f"<{id}@portal.willow.example>"


@pytest.mark.parametrize(
    ("wrong", "trouble"),
    [
        ({"password": "another"}, "password"),
        ({"folder": "Elsewhere"}, "folder"),
        ({"host": "127.0.0.1"}, "unreachable"),  # a certificate for another name
        ({"port": 1}, "unreachable"),
        ({"host": "nowhere.invalid"}, "unreachable"),
    ],
)
async def test_what_is_wrong_is_told_apart(imap: ImapServer, wrong: dict[str, Any], trouble: str) -> None:
    with pytest.raises(Trouble, match=trouble):
        await asyncio.to_thread(look, place(imap, **wrong))


async def test_a_certificate_nobody_vouches_for_is_not_taken(imap: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Trouble, match="unreachable"):
        await asyncio.to_thread(look, place(imap))


async def test_a_silent_server_holds_up_nobody_for_long(imap: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "PATIENCE", 0.3)
    imap.silent = True
    with pytest.raises(Trouble, match="unreachable"):
        await asyncio.to_thread(look, place(imap))


async def test_a_server_that_never_finishes_a_line_is_left(imap: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "AT_MOST", 0.3)
    imap.dripping = True
    async with asyncio.timeout(5):
        with pytest.raises(Trouble, match="unreachable"):
            await asyncio.to_thread(look, place(imap))


async def test_trouble_is_noted_once_and_gone_when_it_works(client: UUID, bus: Bus, imap: ImapServer) -> None:
    async with unit():
        await Mailbox.keep(host="localhost", port=1, username=USER, password=PASSWORD, folder="INBOX", address=USER)
    for look_number in range(2):
        clock.move(look_number * 2 * MINUTE)
        await read_returned(bus)
    assert (await Mailbox.all().get()).trouble == "unreachable"
    told = "select count(*) as n from fact where kind = 'MailboxChanged'"
    assert (await sql.rows(told))[0]["n"] == 2
    await sql.rows("update mailbox set port = :port", port=imap.port)
    clock.move(4 * MINUTE)
    await read_returned(bus)
    assert (await Mailbox.all().get()).trouble is None
    assert (await sql.rows(told))[0]["n"] == 3


# --- The address ---------------------------------------------------------------------------------------


async def test_nothing_more_goes_there_until_it_is_confirmed(client: UUID, office: PostOffice, bus: Bus) -> None:
    office.to_rcpt.append("550 5.1.1 No such user here")
    await sent(client, office, bus)
    [bounce] = await Bounce.all()
    assert (bounce.status, bounce.held) == ("5.1.1", True)

    held = await sent(client, office, bus)
    await sent(client, office, bus, THERE.upper())
    await sent(client, office, bus, "sam@family.example")
    assert office.recipients == ["sam@family.example"]
    assert (await Outbox.get(id=held)).reason == "held"

    async with unit():
        await bounce.confirm(await somebody())
    await deliver(bus)
    assert sorted(office.recipients[1:]) == [THERE.upper(), THERE]


async def somebody() -> UUID:
    from portal.models.staff.staff_member import StaffMember
    from portal.permissions import Role

    return (await StaffMember.add("Jo Marsh", "jo@willow.example", Role.SCHEDULER, "x")).id


@pytest.mark.parametrize("said", ["550 5.7.1 Your network is on a list", "452 4.2.2 Over quota for now"])
async def test_a_refusal_that_is_not_about_the_address_holds_nothing(
    client: UUID, office: PostOffice, bus: Bus, said: str
) -> None:
    office.to_rcpt.append(said)
    await sent(client, office, bus)
    assert await Bounce.all().count() == 0
    await sent(client, office, bus)
    assert office.recipients == [THERE]


async def test_a_bounce_of_policy_is_shown_and_holds_nothing(
    client: UUID, office: PostOffice, bus: Bus, imap: ImapServer
) -> None:
    await set_up(imap)
    raw = sample("postfix", str(await sent(client, office, bus))).replace(b"5.1.1", b"5.7.1")
    imap.put(raw)
    await read_returned(bus)
    assert (await Bounce.get(email_key=THERE)).held is False
    await sent(client, office, bus)
    assert office.recipients == [THERE, THERE]


async def test_an_address_has_one_task_however_often_mail_comes_back(
    client: UUID, office: PostOffice, bus: Bus, imap: ImapServer
) -> None:
    await set_up(imap)
    ids = [await sent(client, office, bus), await sent(client, office, bus)]
    for id, form in zip(ids, ("postfix", "postfix-full"), strict=True):
        imap.put(sample(form, str(id)))
    await read_returned(bus)
    [bounce] = await Bounce.all()
    assert bounce.status == "5.2.2"
