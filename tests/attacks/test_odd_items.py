"""One odd name, address, letter or row stops nothing: it is refused, or set aside and said; the next one goes on."""

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from portal import clock, worker
from portal.facts import ClientChanged, ComingOfAge
from portal.mail import bounces, letters
from portal.mail.delivery import deliver
from portal.mail.mailbox import read_returned
from portal.mail.outbox import post
from portal.mail.reset_requests import grant_requests
from portal.mail.unread_letters import tell_of_unread
from portal.models.access.account import Access, PortalAccount
from portal.models.access.contact_links import tie
from portal.models.access.reset_request import request_reset
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.moment import Moment
from portal.models.ground.outbox import Outbox
from portal.models.ground.record import seal
from portal.models.ground.stuck_work import QUEUES
from portal.models.ground.throttle import network_of
from portal.models.messages.conversation import Conversation
from portal.models.people.client import Client
from portal.models.people.contact import Contact, Terms
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Audience, Role
from portal.realtime.bus import Bus
from tests.deployment import Deployment, command
from tests.laws.test_fields import ODD_ADDRESSES, ODD_NAMES
from tests.mail.conftest import Outgoing
from tests.mail.imap import ImapServer
from tests.mail.post_office import PostOffice, To, eventually
from tests.mail.test_bounces import sample
from tests.mail.test_returned import sent, set_up
from tests.pages import open_page
from tests.people.brings import a_contact

# --- What comes in ---------------------------------------------------------------------------------


CHART = {"first_name": "Wren", "last_name": "Odd", "email": "wren.odd@family.example", "date_of_birth": "1994-08-17"}


async def test_an_odd_name_or_address_is_refused_wherever_it_comes_in(embedded: Deployment) -> None:
    cast = embedded.cast
    miriam, noa = await cast.sign_in("miriam"), f"/staff/clients/{cast.client['noa']}"
    kept = "select (select count(*) from client) as clients, (select count(*) from contact) as contacts, c.* "
    kept += "from client c where c.first_name = 'Noa'"
    before, begun = await embedded.sql(kept), len(embedded.log())
    odd = [{"first_name": name} for name in ODD_NAMES] + [{"email": address} for address in ODD_ADDRESSES]
    for field in odd:
        contact = {name.removeprefix("first_"): value for name, value in field.items()}
        for path, form in (
            ("/staff/clients", {"key": str(uuid4())} | CHART | field),
            (noa, CHART | field),
            (f"{noa}/contacts", a_contact(cast) | {"name": "Wren Odd"} | contact),
        ):
            answer = await miriam.post(path, **form)
            assert answer.status_code in (400, 422), (path, field, answer.status_code)
    assert await embedded.sql(kept) == before
    told = embedded.log()[begun:]
    assert "c.example" not in told and "Traceback" not in told

    right = {"first_name": "Nguyễn Thị", "email": f"wren{uuid4().int % 10**6}@büro.example"}
    assert (await miriam.post("/staff/clients", key=str(uuid4()), **CHART | right)).status_code == 303


# --- What waits for the worker -----------------------------------------------------------------------

ODD, GOOD = "Wren Secret", "Sam Whitlock"


@dataclass
class Desk:
    """Two clients with an account and a conversation each. Something about the first one is odd; the second waits
    behind it."""

    miriam: UUID
    odd: UUID
    good: UUID
    accounts: dict[UUID, UUID]
    threads: dict[UUID, UUID]
    bus: Bus


@pytest.fixture
async def desk(client: UUID, bus: Bus) -> Desk:
    accounts, threads = {}, {}
    async with unit():
        miriam = await StaffMember.add("Miriam Katz", "miriam@willow.example", Role.THERAPIST, "x")
        for name in (ODD, GOOD):
            first, last = name.split()
            details = {"first_name": first, "last_name": last, "email": f"{first.lower()}@family.example"}
            of = await Client.add(details | {"date_of_birth": dt.date(1990, 5, 1)}, miriam.id)
            account = await PortalAccount.open(name, details["email"], "x", client_id=of.id)
            assert await Access.grant(account.id, of.id)
            thread = await Conversation.start(of.id, Audience.CLINICAL, [], with_client=True)
            accounts[of.id], threads[of.id] = account.id, thread.id
    odd, good = accounts
    return Desk(miriam.id, odd, good, accounts, threads, bus)


async def nothing_may_be_written(table: str, column: str, of: UUID) -> None:
    """The row of one of them can't be written, and what the database says quotes a name."""
    if sql.is_postgres():
        await sql.rows(
            "create or replace function odd_row() returns trigger language plpgsql as $$ begin "
            f"if new.{column} = '{of}' then raise exception 'odd: {ODD}'; end if; return new; end $$"
        )
        await sql.rows(f"create trigger odd before insert on {table} for each row execute function odd_row()")
    else:
        await sql.rows(
            f"create trigger odd before insert on {table} when new.{column} = '{of}' "
            f"begin select raise(abort, 'odd: {ODD}'); end"
        )


async def count(text: str, **values: Any) -> int:
    return int((await sql.rows(f"select count(*) as n from {text}", **values))[0]["n"])


# Each puts something odd into a queue and something good behind it, and gives the loop, and what is true once the good
# one was done.
Trial = tuple[Callable[[Bus], Awaitable[Any]], Callable[[], Awaitable[Any]]]


async def odd_moment(desk: Desk) -> Trial:
    now = clock.now()
    await Moment.plan(now - dt.timedelta(minutes=2), ComingOfAge(client=uuid4()))  # of nobody there is
    await Moment.plan(now - dt.timedelta(minutes=1), ClientChanged(client=desk.good))
    return worker.strike, lambda: count("fact where kind = 'ClientChanged'")


async def odd_message(desk: Desk) -> Trial:
    await nothing_may_be_written("notice", "record_id", desk.threads[desk.odd])
    await write(desk)
    return worker.tell_unread, lambda: count("notice where record_id = :id", id=desk.threads[desk.good])


async def write(desk: Desk) -> None:
    for of, thread in desk.threads.items():
        async with unit():
            await (await Conversation.get(id=thread)).post("See you Tuesday.", account=desk.accounts[of])
    clock.move(dt.timedelta(minutes=10))


async def odd_burst(desk: Desk) -> Trial:
    await nothing_may_be_written("burst", "conversation_id", desk.threads[desk.odd])
    await write(desk)
    return tell_of_unread, lambda: count("burst where conversation_id = :id", id=desk.threads[desk.good])


async def odd_reader(desk: Desk) -> Trial:
    """An address from before there was one question for all of them."""
    await sql.rows("update portal_account set email = 'a@b@c' where id = :id", id=desk.accounts[desk.odd])
    for thread in desk.threads.values():
        async with unit():
            await (await Conversation.get(id=thread)).post("See you Tuesday.", staff=desk.miriam)
    clock.move(dt.timedelta(minutes=10))
    return tell_of_unread, lambda: count("outbox where email_key = 'sam@family.example'")


async def odd_wish(desk: Desk) -> Trial:
    await sql.rows("update portal_account set email = 'a@b@c' where id = :id", id=desk.accounts[desk.odd])
    for name in ("wren", "sam"):
        async with unit():
            await request_reset(f"{name}@family.example", network_of("203.0.113.7"))
    return grant_requests, lambda: count("reset where account_id = :id", id=desk.accounts[desk.good])


async def odd_birth_date(desk: Desk) -> Trial:
    """Of two children with a guardian who was tied before access ended by itself."""
    children = []
    async with unit():
        for first in ("Wren", "Noa"):
            child = await Client.add({"first_name": first, "last_name": "Reyes"}, desk.miriam)
            contact = await Contact.add({"name": "Dana Reyes"})
            await tie(child.id, contact.id, Terms("mother", guardian=True))
            children.append(child.id)
    for child in children:
        box = seal(Client, "date_of_birth_sealed", child, f"{clock.now().year - 9}-05-01")
        box = b"odd" if child == children[0] else box
        await sql.rows("update client set date_of_birth_sealed = :box where id = :id", box=box, id=child)
    return tidied, lambda: count("contact_link where client_id = :id and of_age_at is not null", id=children[1])


async def tidied(bus: Bus) -> None:
    await worker.tidy(bus)


async def odd_tidying(desk: Desk) -> Trial:
    """The first thing to be tidied fails; old keys are forgotten all the same."""
    await sql.rows("update practice set zone = 'Nowhere/At-All', week = :week", week="[[[540,1020]],[],[],[],[],[],[]]")
    await sql.rows(
        "insert into throttle (key, count, until_at) values ('old', 1, :then)", then=clock.now() - dt.timedelta(days=1)
    )
    return tidied, lambda: count("(select 1 as yes where not exists (select 1 from throttle)) q")


TRIALS: dict[str, Callable[[Desk], Awaitable[Trial]]] = {
    "moments": odd_moment,
    "messages": odd_message,
    "bursts": odd_burst,
    "letters": odd_reader,
    "wishes": odd_wish,
    "coming of age": odd_birth_date,
    "tidying": odd_tidying,
}


def test_each_queue_is_tried() -> None:
    assert {*TRIALS, "returned mail", "loops"} == set(QUEUES), "the last two have tests of their own"


@pytest.mark.parametrize("queue", TRIALS)
async def test_one_odd_item_is_set_aside_and_the_next_is_done(
    desk: Desk, queue: str, capfd: pytest.CaptureFixture[str]
) -> None:
    loop, done = await TRIALS[queue](desk)
    for again in range(6):
        with suppress(Exception):
            await loop(desk.bus)
        assert await done() == 1, "what waits behind the odd one is done at once, and once"
        clock.move(clock.now() - dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10 * (again > 0)))
    [row] = await sql.rows("select * from stuck where queue = :queue", queue=queue)
    assert row["tries"] >= 5 and ODD not in row["reason"]
    assert await count("fact where kind = 'WorkStuck'") == 1, "staff are told once"
    assert ODD not in "".join(capfd.readouterr())


async def test_what_was_put_right_goes_by_itself_and_is_said_no_more(desk: Desk) -> None:
    loop, _ = await odd_wish(desk)
    for _ in range(6):
        await loop(desk.bus)
        clock.move(clock.now() - dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10))
    assert await count("wish") == await count("stuck") == 1
    await sql.rows("update portal_account set email = 'w@family.example' where id = :id", id=desk.accounts[desk.odd])
    await loop(desk.bus)
    assert await count("wish") == await count("stuck") == 0
    assert await count("reset") == await count("fact where kind = 'WorkStuck'") == 2


async def test_a_loop_that_fails_as_a_whole_says_so_and_the_others_go_on(desk: Desk) -> None:
    await sql.rows("alter table wish rename to wish_elsewhere")
    work = asyncio.create_task(worker.work(desk.bus))
    try:
        await eventually(lambda: count("stuck where queue = 'loops' and item = 'grant_requests'"), 20)
        await Moment.plan(clock.now(), ClientChanged(client=desk.good))
        await eventually(lambda: count("fact where kind = 'ClientChanged'"), 20)
        await sql.rows("alter table wish_elsewhere rename to wish")
        await eventually(
            lambda: count("(select 1 as yes where not exists (select 1 from stuck where queue = 'loops')) q"), 20
        )
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_an_odd_letter_is_given_up_after_some_tries_and_shown(desk: Desk, office: PostOffice) -> None:
    async with unit():
        odd = await post(letters.password_changed(To("Wren", "wren@family.example")), client=desk.odd)
        await post(letters.password_changed(To("Sam", "sam@family.example")), client=desk.good)
    box = seal(Outbox, "payload_sealed", odd, '{"to": "wren@family.example"}')  # as no version writes one
    await sql.rows("update outbox set payload_sealed = :box where id = :id", box=box, id=odd)
    for day in range(40):
        await deliver(desk.bus)
        clock.move(clock.now() - dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
        assert day or office.recipients == ["sam@family.example"]
    row = await Outbox.get(id=odd)
    assert row.failed_at is not None and row.reason == "unforeseen" and row.tries == 15


# --- What comes back by mail --------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    head = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return b"From: MAILER-DAEMON@example.com\nSubject: undeliverable\n" + head.encode()


def digests(depth: int) -> bytes:
    """Parts that are messages without saying so."""
    head = "".join(f"Content-Type: multipart/digest; boundary=b{n}\n\n--b{n}\n\n" for n in range(depth))
    return b"From: MAILER-DAEMON@example.com\n" + head.encode()


ENDLESS = {
    "parts within parts": nested(1000),
    "parts within parts, with other line ends": nested(1000).replace(b"\n", b"\r"),
    "digests within digests": digests(400),
    "messages within messages": b"Content-Type: message/rfc822\n\n" * 3000,
    "many parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: text/plain\n\nx\n" * 6000,
    "a kind without end": b'Content-Type: multipart/mixed; boundary="' + b";" * 240_000,
    "a folded kind without end": b'Content-Type: multipart/mixed; boundary="' + b"\n ;;;;;;;;;;" * 20_000,
    "deep and long": nested(12) + b"\n" * 240_000,
    "deep and as long as is read": nested(12) + b"x\n" * 9_900,
    "a slow alphabet": b"Content-Type: text/plain; charset=punycode\nFrom: MAILER-DAEMON\n\n"
    + b"a" * 120_000
    + b"-"
    + b"9" * 120_000,
    "not text at all": b"Content-Type: text/plain; charset=zlib\nFrom: MAILER-DAEMON\n\n" + b"-" * 240_000,
    "dashes": b"From: MAILER-DAEMON\n\n" + b"-" * 249_000,
    "blanks": b"From: MAILER-DAEMON\n\n" + (b"\n" + b" " * 200) * 1_200 + b"x",
    "a header without end": b"From: " + b"\xff=?utf-8?q?" * 20_000 + b"\n\nx",
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_no_message_takes_for_ever(kind: str) -> None:
    begun = time.process_time()
    with suppress(bounces.TooMuch):
        assert bounces.read(ENDLESS[kind]) is None
    assert time.process_time() - begun < 2


async def test_one_odd_message_ends_the_reading_of_none_that_follow(out: Outgoing, imap: ImapServer) -> None:
    await set_up(imap)
    id = await sent(out)
    imap.put(nested(1000))
    imap.put(sample("postfix", str(id)))
    with suppress(Exception):
        await read_returned(out.bus)
    [row] = await sql.rows("select last_uid, returned, trouble from mailbox")
    assert (row["last_uid"], row["returned"], row["trouble"]) == (2, 1, None)
    assert await count("bounce") == 1
    [said] = await sql.rows("select queue, passed_over, tries from stuck")
    assert (said["queue"], bool(said["passed_over"]), said["tries"]) == ("returned mail", True, 1)
    assert await count("fact where kind = 'WorkStuck'") == 1, "at once: it is not tried again"


async def test_a_bounce_that_can_t_be_kept_is_passed_over(out: Outgoing, imap: ImapServer) -> None:
    await set_up(imap)
    first, second = await sent(out), await sent(out, "ravi@family.example")
    await nothing_may_be_written("bounce", "letter_id", first)
    imap.put(sample("postfix", str(first)))
    imap.put(sample("postfix", str(second)))
    with suppress(Exception):
        await read_returned(out.bus)
    [row] = await sql.rows("select last_uid, returned, trouble from mailbox")
    assert (row["last_uid"], row["returned"], row["trouble"]) == (2, 1, None)
    assert await count("bounce") == await count("stuck") == 1


# --- Who is told --------------------------------------------------------------------------------------


async def check(deployment: Deployment) -> tuple[int, str]:
    ran = await command(deployment.env, "check", "--data", str(deployment.folder))
    return ran.returncode, ran.stdout + ran.stderr


async def test_staff_who_answer_for_the_portal_see_it_and_so_does_the_check(full: Deployment) -> None:
    cast = full.cast
    ada, miriam = await cast.sign_in("ada"), await cast.sign_in("miriam")
    odd = cast.account["sam"]
    [before] = await full.sql("select email, email_key from portal_account where id = :id", id=odd)
    await full.sql("update portal_account set email = 'a@b@c' where id = :id", id=odd)
    async with open_page(ada, "/staff/today") as today, open_page(miriam, "/staff/today") as other:
        assert (await cast.stranger().post("/forgot", email=before["email"])).status_code == 200
        words = "Someone who asked for a new password isn’t getting the email."
        for _ in range(5):
            tried = await waits(full)
            await full.move_clock(minutes=1)
            if tried < 5:
                await eventually(lambda tried=tried: tries(full, tried + 1), 20)
        await today.until(lambda: words in today.live["stuck"], 20, "told")
        assert words not in other.live["stuck"] and words not in await other.reload()
        code, said = await check(full)
        assert code == 1 and "“wishes”" in said and before["email_key"] not in said

        await full.sql("update portal_account set email = :email where id = :id", email=before["email"], id=odd)
        await full.move_clock(minutes=2)
        await today.until(lambda: words not in today.live["stuck"], 20, "no more")
    code, said = await check(full)
    assert "wishes" not in said


async def waits(full: Deployment) -> int:
    rows = await full.sql("select tries from stuck where queue = 'wishes'")
    return int(rows[0]["tries"]) if rows else 0


async def tries(full: Deployment, at_least: int) -> bool:
    return await waits(full) >= at_least
