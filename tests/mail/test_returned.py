"""A letter that comes back is found in the practice's mailbox; nothing more goes there until somebody has looked."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from portal import clock
from portal.mail import letters, mailbox
from portal.mail.mailbox import Place, Trouble, look, read_returned
from portal.mail.outbox import drop_letters, forget_old_letters, post
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.outbox import RETURNABLE_KEPT, Outbox
from portal.models.mail.bounce import FULL_EVERY, FULL_TRIED, Bounce
from portal.models.mail.mailbox import Mailbox
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Role
from portal.realtime.bus import Bus
from portal.settings import settings
from tests.mail.conftest import Outgoing
from tests.mail.imap import PASSWORD, USER, ImapServer
from tests.mail.post_office import To
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


async def sent(out: Outgoing, to: str = THERE) -> UUID:
    """A letter that the mail server has taken."""
    async with unit():
        id = await post(letters.password_changed(To("Dana", to)), client=out.client)
    await out.deliver()
    return id


# --- The mailbox --------------------------------------------------------------------------------------


async def test_what_comes_back_is_found_and_nothing_else_is_touched(out: Outgoing, imap: ImapServer) -> None:
    await set_up(imap)
    id = await sent(out)
    imap.put(sample("reply", str(id)))
    imap.put(sample("out-of-office", str(id)))
    imap.put(sample("postfix", str(id)))
    imap.put(sample("qmail", str(uuid4())))
    assert await read_returned(out.bus)
    assert not await read_returned(out.bus)

    [bounce] = await Bounce.all()
    assert (bounce.email_key, bounce.status, bounce.held) == (THERE, "5.1.1", True)
    letter = await Outbox.get(id=id)
    assert letter.bounced_at and letter.done_at and "User unknown" in (letter.reason or "")
    assert {command.split()[0] for command in imap.commands} == {"CAPABILITY", "LOGIN", "EXAMINE", "UID", "LOGOUT"}
    facts = [row["kind"] for row in await sql.rows("select kind from fact order by id")]
    assert facts[-3:] == ["LetterBounced", "AddressFailed", "MailboxChanged"]


async def test_each_message_is_read_once_and_what_is_new_after_it(out: Outgoing, imap: ImapServer) -> None:
    await set_up(imap)
    first = await sent(out)
    imap.put(sample("postfix", str(first)))
    await read_returned(out.bus)
    clock.move(2 * MINUTE)
    await read_returned(out.bus)
    assert (await Mailbox.all().get()).returned == 1
    second = await sent(out, "ravi@famly.example")
    imap.put(sample("exim", str(second)))
    clock.move(4 * MINUTE)
    await read_returned(out.bus)
    assert (await Mailbox.all().get()).returned == 2
    fetched = [command.split()[2] for command in imap.commands if command.startswith("UID FETCH")]
    assert fetched == ["1", "2"]


async def test_a_mailbox_that_was_made_anew_is_read_anew_and_tells_nothing_twice(
    out: Outgoing, imap: ImapServer
) -> None:
    await set_up(imap)
    imap.put(sample("postfix", str(await sent(out))))
    await read_returned(out.bus)
    imap.validity = 2
    clock.move(2 * MINUTE)
    await read_returned(out.bus)
    assert len([c for c in imap.commands if c.startswith("UID FETCH")]) == 2
    assert (await Mailbox.all().get()).returned == 1


async def test_a_mailbox_that_is_saved_again_is_not_read_again_and_another_is(out: Outgoing, imap: ImapServer) -> None:
    await set_up(imap)
    id = await sent(out)
    imap.put(sample("dnsbl", str(id)))
    await read_returned(out.bus)
    async with unit():
        assert await (await Outbox.get(id=id)).retry()
    await out.deliver()
    await set_up(imap)
    await read_returned(out.bus)
    assert (await Outbox.get(id=id)).done_at, "it went again, and has not come back since"
    assert (await Mailbox.all().get()).returned == 1
    await sql.rows("update mailbox set folder = 'Elsewhere'")
    await set_up(imap)
    assert (await Mailbox.all().get()).last_uid == 0


async def test_two_workers_look_once(client: UUID, bus: Bus, imap: ImapServer) -> None:
    await set_up(imap)
    assert sorted(await asyncio.gather(*(read_returned(bus) for _ in range(4)))) == [False, False, False, True]


async def test_letters_leave_with_the_address_for_what_comes_back(out: Outgoing, imap: ImapServer) -> None:
    id = await sent(out)
    assert out.office.senders == ["no-reply@portal.willow.example"]
    await set_up(imap)
    await sent(out, "sam@family.example")
    assert out.office.senders[1:] == [USER]
    assert out.office.letters[0]["X-Portal-Letter"] == out.office.ids[0] == f"<{id}@portal.willow.example>"


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


async def test_nothing_more_goes_there_until_it_is_confirmed(out: Outgoing) -> None:
    out.office.to_rcpt.append("550 5.1.1 No such user here")
    await sent(out)
    [bounce] = await Bounce.all()
    assert (bounce.status, bounce.held) == ("5.1.1", True)

    held = await sent(out)
    await sent(out, THERE.upper())
    await sent(out, "sam@family.example")
    assert out.office.recipients == ["sam@family.example"]
    assert (await Outbox.get(id=held)).reason == "held"

    async with unit():
        await bounce.confirm(await somebody())
    await out.deliver()
    assert sorted(out.office.recipients[1:]) == [THERE.upper(), THERE]


async def somebody() -> UUID:
    return (await StaffMember.add("Jo Marsh", "jo@willow.example", Role.SCHEDULER, "x")).id


async def test_a_refusal_that_is_not_about_the_address_holds_nothing(out: Outgoing) -> None:
    out.office.to_rcpt.append("550 5.7.1 Your network is on a list")
    id = await sent(out)
    assert await Bounce.all().count() == 0 and (await Outbox.get(id=id)).failed_at
    await sent(out)
    assert out.office.recipients == [THERE]


@pytest.mark.parametrize("said", ["452 4.2.2 Over quota for now", "552 5.2.2 Mailbox full"])
async def test_a_letter_to_a_full_mailbox_is_tried_again_whatever_the_server_calls_it(out: Outgoing, said: str) -> None:
    out.office.to_rcpt.append(said)
    id = await sent(out)
    assert await Bounce.all().count() == 0 and (await Outbox.get(id=id)).failed_at is None
    clock.move(2 * MINUTE)
    await out.deliver()
    assert out.office.recipients == [THERE]


async def test_a_letter_that_comes_back_by_no_fault_of_the_address_waits_for_somebody_to_try_it_again(
    out: Outgoing, imap: ImapServer
) -> None:
    await set_up(imap)
    id = await sent(out)
    imap.put(sample("dnsbl", str(id)))
    imap.put(sample("spam-content", str(id)))
    await read_returned(out.bus)
    assert await Bounce.all().count() == 0 and (await Mailbox.all().get()).returned == 1
    letter = await Outbox.get(id=id)
    assert letter.failed_at and letter.done_at is None and "zen.spamhaus.org" in (letter.reason or "")
    facts = [row["kind"] for row in await sql.rows("select kind from fact order by id")]
    assert facts[-2:] == ["LetterFailed", "MailboxChanged"]
    clock.move(dt.timedelta(days=1))
    assert await out.deliver() == 0, "not by itself: the same refusal would come"
    async with unit():
        assert await letter.retry()
    await out.deliver()
    assert out.office.ids == [letter.message_id] * 2
    assert (await Outbox.get(id=id)).done_at


async def test_a_letter_that_comes_back_from_a_full_mailbox_goes_again_for_some_days(
    out: Outgoing, imap: ImapServer
) -> None:
    await set_up(imap)
    id = await sent(out)
    tries = 0
    while True:
        imap.put(sample("full-gmail", str(id)))
        clock.move((tries + 1) * FULL_EVERY)
        await read_returned(out.bus)
        if (await Outbox.get(id=id)).failed_at:
            break
        assert await Bounce.all().count() == 0
        await sent(out)  # another letter is held up by nothing
        clock.move((tries + 2) * FULL_EVERY)
        await out.deliver()
        tries += 1
        assert out.office.ids.count(f"<{id}@portal.willow.example>") == tries + 1
    assert FULL_TRIED - FULL_EVERY <= tries * FULL_EVERY <= FULL_TRIED
    assert "out of storage" in ((await Outbox.get(id=id)).reason or "")
    assert await Bounce.all().count() == 0


async def test_the_words_of_a_letter_that_may_come_back_are_kept_two_days_and_never_without_a_mailbox(
    out: Outgoing, imap: ImapServer
) -> None:
    assert (await Outbox.get(id=await sent(out))).payload_sealed is None
    await set_up(imap)
    id, over = await sent(out), uuid4()
    async with unit():
        withdrawn = await post(letters.password_changed(To("Dana", THERE)), client=out.client, about=over)
    await out.deliver()
    async with unit():
        await drop_letters(over)
    ended = await Outbox.get(id=withdrawn)
    assert ended.payload_sealed is None and ended.failed_at is None, "its matter is over: it would not go again"
    await forget_old_letters()
    assert (await Outbox.get(id=id)).payload_sealed
    clock.move(RETURNABLE_KEPT + MINUTE)
    await forget_old_letters()
    left = await Outbox.get(id=id)
    assert left.payload_sealed is None and left.failed_at is None
    imap.put(sample("full-gmail", str(id)))
    await read_returned(out.bus)
    left = await Outbox.get(id=id)
    assert left.bounced_at and left.done_at and await Bounce.all().count() == 0


async def test_a_bounce_without_words_of_its_own_gives_its_code_as_the_reason(out: Outgoing, imap: ImapServer) -> None:
    await set_up(imap)
    id = await sent(out)
    imap.put(sample("dsn-base64-headers", str(id)))
    await read_returned(out.bus)
    assert (await Outbox.get(id=id)).reason == "5.1.1 nope"
    assert (await Bounce.get(email_key=THERE)).held


async def test_an_address_has_one_task_however_often_mail_comes_back(out: Outgoing, imap: ImapServer) -> None:
    await set_up(imap)
    ids = [await sent(out), await sent(out)]
    for id, form in zip(ids, ("postfix", "microsoft365"), strict=True):
        imap.put(sample(form, str(id)))
    await read_returned(out.bus)
    [bounce] = await Bounce.all()
    assert bounce.status == "5.1.10"
