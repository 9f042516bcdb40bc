"""Letters arrive: once, or again with the same Message-ID; or the staff hear why not."""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import pytest

from portal import clock
from portal.mail import delivery, welcome_letter
from portal.mail.composing import Letter
from portal.mail.delivery import MOST_TRIES, wait_after
from portal.mail.outbox import drop_letters, forget_old_letters, post
from portal.mail.reset_requests import grant_requests
from portal.models.access.account import PortalAccount
from portal.models.access.reset_request import request_reset
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.outbox import LEASE, Outbox, take_letters
from portal.models.ground.person import canonical_email
from portal.models.ground.throttle import network_of
from tests.mail.conftest import Outgoing, use
from tests.mail.post_office import PostOffice
from tests.servers import free_port

MINUTE = dt.timedelta(minutes=1)


def welcome(to: str = "dana@family.example") -> Letter:
    link = "https://portal.willow.example/welcome/Zm9vYmFy"
    return welcome_letter.welcome("en", name="Dana", email=to, link=link)


async def posted(out: Outgoing, to: str = "dana@family.example", about: UUID | None = None) -> UUID:
    async with unit():
        return await post(welcome(to), client=out.client, about=about)


async def row(id: UUID) -> dict[str, Any]:
    found = await sql.row("select * from outbox where id = :id", id=id)
    assert found is not None
    return found


async def told() -> list[str]:
    """Return what was announced about letters, in order."""
    return [found["kind"] for found in await sql.rows("select kind from fact where kind like 'Letter%' order by id")]


async def test_a_letter_is_delivered_once(out: Outgoing) -> None:
    id = await posted(out)

    assert await out.deliver() == 1
    assert await out.deliver() == 0

    [letter] = out.office.letters
    assert out.office.recipients == ["dana@family.example"]
    assert letter["Message-ID"] == f"<{id}@portal.willow.example>" == (await row(id))["message_id"]
    assert letter["From"] == "Willow Street <no-reply@portal.willow.example>"
    assert letter["To"] == "dana@family.example"
    assert letter["Subject"] == "Your account at Willow Street"
    for kind in ("plain", "html"):
        body = letter.get_body((kind,))
        assert body is not None and "https://portal.willow.example/welcome/Zm9vYmFy" in body.get_content()
    left = await row(id)
    assert left["done_at"] and left["payload_sealed"] is None and left["leased_until"] is None
    assert await told() == ["LetterDelivered"]


async def test_a_letter_of_a_transaction_that_failed_is_never_sent(out: Outgoing) -> None:
    with pytest.raises(RuntimeError, match="after all not"):
        async with unit():
            await post(welcome(), client=out.client)
            raise RuntimeError("after all not")
    assert await out.deliver() == 0
    assert out.office.letters == []


async def test_without_a_mail_server_letters_stay(out: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await posted(out)
    use(monkeypatch, "")
    assert await out.deliver() == 0
    assert (await row(id))["tries"] == 0


async def test_a_refused_letter_is_kept_with_the_servers_words(out: Outgoing) -> None:
    out.office.to_rcpt.append("550 5.1.1 <dana@family.example> No such user here")
    id = await posted(out)
    await out.deliver()

    left = await row(id)
    assert left["failed_at"] and left["reason"] == "550 5.1.1 <dana@family.example> No such user here"
    assert await told() == ["LetterFailed"]
    clock.move(dt.timedelta(days=2))
    assert await out.deliver() == 0

    async with unit():
        assert await (await Outbox.get(id=id)).retry()
    assert await out.deliver() == 1
    assert out.office.ids == [left["message_id"]]
    assert await told() == ["LetterFailed", "LetterRetried", "LetterDelivered"]
    async with unit():
        assert not await (await Outbox.get(id=id)).retry()


async def test_a_greylisted_letter_is_tried_again_and_arrives(out: Outgoing) -> None:
    out.office.to_rcpt.extend(["451 4.7.1 Come back in a while"] * 2)
    id = await posted(out)
    start = clock.now()

    await out.deliver()
    assert dt.timedelta(seconds=59) < (await row(id))["due_at"] - start < 2 * MINUTE
    assert await out.deliver() == 0
    clock.move(MINUTE * 1.1)
    assert await out.deliver() == 1
    assert (await row(id))["reason"] == "451 4.7.1 Come back in a while"
    assert await told() == ["LetterDelayed"]
    clock.move(MINUTE * 4)
    assert await out.deliver() == 1

    assert len(out.office.letters) == 1
    assert await told() == ["LetterDelayed", "LetterDelivered"]


async def test_a_letter_that_never_gets_through_is_given_up_after_days(out: Outgoing) -> None:
    id = await posted(out)
    await sql.rows("update outbox set tries = :tries where id = :id", tries=MOST_TRIES - 1, id=id)
    out.office.to_rcpt.append("451 Later")
    await out.deliver()
    assert (await row(id))["failed_at"]
    assert await told() == ["LetterFailed"]


def test_the_waits_double_up_to_a_day() -> None:
    waits = [wait_after(tries) for tries in range(1, 16)]
    assert waits[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert waits[10:] == [1024 * MINUTE, *[dt.timedelta(days=1)] * 4]


async def test_a_letter_dropped_after_it_was_taken_comes_again_under_the_same_id(out: Outgoing) -> None:
    out.office.hang_up = 1
    id = await posted(out)
    await out.deliver()
    assert (await row(id))["reason"] == "dropped"
    clock.move(2 * MINUTE)
    await out.deliver()

    assert out.office.ids == [f"<{id}@portal.willow.example>"] * 2
    assert out.office.letters[0]["Date"] == out.office.letters[1]["Date"]
    assert await told() == ["LetterDelayed", "LetterDelivered"]


async def test_a_server_that_is_not_there_delays_the_letter(out: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, f"smtp://127.0.0.1:{free_port()}")
    id = await posted(out)
    await out.deliver()
    left = await row(id)
    assert left["reason"] == "unreachable" and left["failed_at"] is None
    use(monkeypatch, out.office.url)
    clock.move(2 * MINUTE)
    await out.deliver()
    assert len(out.office.letters) == 1


async def test_a_wrong_password_is_no_fault_of_the_letters(out: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    async with PostOffice(password="right") as office:
        use(monkeypatch, office.url.replace("//", "//portal:wrong@"))
        id = await posted(out)
        await out.deliver()
        left = await row(id)
        assert left["failed_at"] is None and left["reason"].startswith("535")
        use(monkeypatch, office.url.replace("//", "//portal:right@"))
        clock.move(2 * MINUTE)
        await out.deliver()
        assert len(office.letters) == 1


async def test_a_server_without_encryption_gets_nothing_where_it_is_asked_for(
    out: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, out.office.url.replace("smtp:", "smtp+starttls:"))
    id = await posted(out)
    await out.deliver()
    assert out.office.letters == []
    assert (await row(id))["reason"] == "insecure"


async def test_an_address_the_server_cant_write_is_refused(out: Outgoing) -> None:
    id = await posted(out, to="zoë@family.example")
    await out.deliver()
    left = await row(id)
    assert left["failed_at"] and left["reason"] == "address"


async def test_an_international_domain_is_written_as_mail_servers_do(out: Outgoing) -> None:
    await posted(out, to="dana@bücher.example")
    await out.deliver()
    assert out.office.recipients == ["dana@xn--bcher-kva.example"]


async def test_a_slow_server_is_given_up_for_now(out: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", 0.2)
    out.office.slow.add("dana@family.example")
    id = await posted(out)
    await out.deliver()
    assert (await row(id))["reason"] == "silent"
    assert await told() == ["LetterDelayed"]


async def test_one_slow_letter_holds_up_no_other_and_four_fly_at_most(out: Outgoing) -> None:
    out.office.slow |= {f"slow{n}@family.example" for n in range(6)}
    for n in range(3):
        await posted(out, f"slow{n}@family.example")
    sending = asyncio.create_task(out.deliver())
    await out.office.until(lambda: out.office.waiting == 3)

    for n in range(5):
        await posted(out, f"quick{n}@family.example")
    await out.office.arrived(5)
    assert out.office.waiting == 3
    for n in range(3, 6):
        await posted(out, f"slow{n}@family.example")
    await out.office.until(lambda: out.office.waiting == 4)
    out.office.go.set()

    assert await sending == 11
    assert len(set(out.office.ids)) == len(out.office.ids) == 11
    assert out.office.most_waiting == 4


async def test_what_a_killed_worker_held_is_sent_when_its_lease_is_over(out: Outgoing) -> None:
    id = await posted(out)
    assert [taken.id for taken in await take_letters(4)] == [id]

    assert await out.deliver() == 0
    clock.move(LEASE + dt.timedelta(seconds=1))
    assert await out.deliver() == 1
    assert out.office.ids == [f"<{id}@portal.willow.example>"]


async def test_whoever_lost_the_lease_changes_nothing(out: Outgoing) -> None:
    id = await posted(out)
    [first] = await take_letters(1)
    clock.move(LEASE + dt.timedelta(seconds=1))
    [second] = await take_letters(1)
    assert (first.id, second.id) == (id, id)
    await delivery._give_up(first, "550 Too late", out.bus)
    assert (await row(id))["failed_at"] is None
    await delivery._give_up(second, "550 No", out.bus)
    assert (await row(id))["reason"] == "550 No"
    assert await told() == ["LetterFailed"]


async def test_workers_at_once_deliver_each_letter_once(out: Outgoing) -> None:
    wanted = {await posted(out, f"reader{n}@family.example") for n in range(24)}
    tried = await asyncio.gather(*(out.deliver() for _ in range(4)))
    assert sum(tried) == 24
    assert sorted(out.office.ids) == sorted(f"<{id}@portal.willow.example>" for id in wanted)
    assert await told() == ["LetterDelivered"] * 24


async def test_letters_in_flight_are_finished_when_the_worker_is_told_to_end(out: Outgoing) -> None:
    out.office.slow.add("dana@family.example")
    id = await posted(out)
    sending = asyncio.create_task(out.deliver())
    await out.office.until(lambda: out.office.waiting == 1)
    sending.cancel()
    out.office.go.set()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert (await row(id))["done_at"]


async def test_a_letter_whose_matter_is_over_is_never_sent(out: Outgoing) -> None:
    invitation = uuid4()
    id, other = await posted(out, about=invitation), await posted(out, about=uuid4())
    async with unit():
        await drop_letters(invitation)
        await drop_letters(invitation)
    assert await out.deliver() == 1
    assert out.office.ids == [f"<{other}@portal.willow.example>"]
    assert (await row(id))["payload_sealed"] is None
    assert await told() == ["LetterDropped", "LetterDelivered"]


async def test_the_words_of_an_undelivered_letter_are_wiped_after_thirty_days(out: Outgoing) -> None:
    out.office.to_rcpt.append("550 No")
    id = await posted(out)
    await out.deliver()
    await forget_old_letters()
    assert (await row(id))["payload_sealed"]
    clock.move(dt.timedelta(days=30, minutes=1))
    await forget_old_letters()
    left = await row(id)
    assert left["payload_sealed"] is None and left["reason"] == "550 No"
    async with unit():
        assert not await (await Outbox.get(id=id)).retry()


async def test_the_outbox_holds_no_readable_letter(out: Outgoing) -> None:
    id = await posted(out)
    assert b"Zm9vYmFy" not in bytes((await row(id))["payload_sealed"])
    assert b"dana" not in bytes((await row(id))["payload_sealed"])


async def test_a_wish_for_a_new_password_is_granted_three_times_an_hour(out: Outgoing) -> None:
    email = "Dana@Family.example"
    await PortalAccount.create(
        name="Dana Reyes", email=email, email_key=canonical_email(email), password_hash="x", language="es"
    )
    for n in range(5):
        async with unit():
            await request_reset("dana@FAMILY.example", network_of(f"10.0.0.{n}"))
            await request_reset(f"stranger{n}@family.example", network_of(f"10.0.1.{n}"))
        # Asked for twice before the worker came by is one wish.
        async with unit():
            await request_reset("Dana@family.example", network_of(f"10.0.2.{n}"))
        assert await grant_requests(out.bus) == (2 if n < 3 else 1)
    assert await grant_requests(out.bus) == 0
    await out.deliver()
    # Three links were made; a newer one ends the letter of the older, if that has not left yet.
    assert out.office.recipients == [email]
    assert len(await sql.rows("select id from reset")) == 3
    assert {letter["Subject"] for letter in out.office.letters} == {
        "Una contraseña nueva para su cuenta en Willow Street"
    }
    assert await sql.row("select 1 as yes from outbox where kind <> 'letter'") is None
