"""Letters, for the tests of all rooms."""

import datetime as dt
from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import (
    LetterDelayed,
    LetterDelivered,
    LetterFailed,
)
from portal.mail import letters
from portal.mail.delivery import _settle
from portal.mail.outbox import post
from portal.models.access.account import PortalAccount
from portal.models.access.changed_details import change_account_address, change_contact_address
from portal.models.ground import sql
from portal.models.ground.outbox import LeasedLetter, Outbox, drop_letters
from portal.models.ground.record import uuid7
from portal.models.ground.stuck_work import WISHES, note_done, note_failed
from portal.models.mail.bounce import Bounce, Cause, note_bounce
from portal.models.mail.burst import Burst
from portal.models.mail.mailbox import Mailbox
from portal.models.people.contact import Contact
from portal.permissions import Permission
from portal.realtime.bus import Bus
from tests.cast import Cast
from tests.laws.sample import Sample, wishes
from tests.laws.stage import Verbs
from tests.mail.post_office import To
from tests.people.brings import seen_by_ada

_MAILBOX = wishes(address="back@willow.example", host="localhost", mailbox_user="back", mailbox_password="unknown")

SAMPLES = {
    "GET /staff/mail": Sample("miriam", 200),
    "POST /staff/mail/{letter}/retry": Sample("miriam", 303),
    "POST /staff/mail/retries": Sample("miriam", 303),
    "GET /staff/mail/addresses/{bounce}": Sample("miriam", 200),
    "POST /staff/mail/addresses/{bounce}": Sample("miriam", 303, form=wishes(email="right@family.example")),
    "POST /staff/mail/addresses/{bounce}/confirmation": Sample("miriam", 303),
    "GET /staff/settings/mail": Sample("ada", 200),
    "POST /staff/settings/mail/minutes": Sample("ada", 303, form=wishes(mail_after="240")),
    "POST /staff/settings/mail/mailbox": Sample("ada", 303, form=_MAILBOX),
    "POST /staff/settings/mail/removal": Sample("ada", 303),
    "POST /staff/settings/mail/test": Sample("ada", 200, form=_MAILBOX),
    "GET /demo/mail": Sample("", 200),
}

# The permission or right that a door asks for, by its address.
ASKED = {
    "POST /staff/mail/.*": Permission.PORTAL_ACCESS,
    "GET /staff/mail/addresses/{bounce}": Permission.PORTAL_ACCESS,
}


VERBS = Verbs()


async def _letter_to(cast: Cast, name: str, client: str) -> UUID:
    """One that has left."""
    letter = letters.password_changed(To(name, cast.email["client", name]))
    return await _left(await post(letter, client=UUID(cast.client[client])))


async def _left(letter: UUID) -> UUID:
    await sql.rows("update outbox set done_at = :now, payload_sealed = null where id = :id", id=letter, now=clock.now())
    return letter


async def a_letter_came_back(cast: Cast) -> None:
    """A letter about Noa: `{letter}` and `{bounce}` in addresses."""
    letter = await _letter_to(cast, "dana", "noa")
    assert await note_bounce(letter, Cause.ADDRESS, "5.1.1", "550 5.1.1 No such user")
    cast.named |= {"letter": str(letter), "bounce": str((await Bounce.get(letter_id=letter)).id)}


VERBS("a letter to a mother comes back")(a_letter_came_back)


@VERBS("an email about messages comes back", sampled=True)  # its address may stand on any chart: all staff hear of that
async def _(cast: Cast) -> None:
    letter = await _letter_to(cast, "sam", "sam")
    await Burst.create(
        conversation_id=cast.conversation["sam clinical"],
        reader_id=cast.account["sam"],
        side="client",
        from_number=1,
        to_number=1_000,
        letter_id=letter,
    )
    assert await note_bounce(letter, Cause.ADDRESS, "5.1.1", "550 5.1.1 No such user")


@VERBS("a letter comes back because our mail server is on a block list")
async def _(cast: Cast) -> None:
    letter = letters.password_changed(To("Dana", cast.email["client", "dana"]))
    id = await post(letter, client=UUID(cast.client["noa"]))
    await sql.rows("update outbox set done_at = :now where id = :id", id=id, now=clock.now())
    assert await note_bounce(id, Cause.OURS, "5.0.0", "554 blocked using zen.spamhaus.org")


@VERBS("a letter to a colleague comes back")
async def _(cast: Cast) -> None:
    letter = letters.password_changed(To("Theo", cast.email["staff", "theo"]))
    assert await note_bounce(await _left(await post(letter)), Cause.ADDRESS, "5.1.1", "550 5.1.1 No such user")


@VERBS("somebody says that her address is right")
async def _(cast: Cast) -> None:
    bounce = await Bounce.get(email_key=cast.email["client", "dana"], settled_at=None)
    await bounce.confirm(UUID(cast.staff["miriam"]))


@VERBS("her address is put right wherever it stands", sampled=True)
async def _(cast: Cast) -> None:
    account = await PortalAccount.get(id=cast.account["dana"])
    for email in ("dana.elsewhere@example.com", cast.email["client", "dana"]):
        await change_account_address(account, email, seen_by_ada(cast))
    contact = await Contact.get(email=cast.email["client", "dana"])
    await change_contact_address(contact, cast.email["client", "dana"], seen_by_ada(cast))


@VERBS("the worker can’t grant a wish", sampled=True)
async def _(cast: Cast) -> None:
    await note_failed(WISHES, "a wish", ValueError(), passed_over=True)


@VERBS("and grants it")
async def _(cast: Cast) -> None:
    await note_done(WISHES, ["a wish"])


@VERBS("the mailbox for returned mail is set", sampled=True)
async def _(cast: Cast) -> None:
    await Mailbox.keep(host="localhost", port=1, username="x", password="x", folder="INBOX", address="x@example.com")


async def _letter_became(
    cast: Cast, fact: type[LetterDelivered] | type[LetterDelayed] | type[LetterFailed], **columns: Any
) -> None:
    """Return what a worker notes of the newest letter to Noa's mother, whose lease it holds."""
    letter = (await Outbox.filter(client_id=cast.client["noa"]).order_by("-posted_at", "-id"))[0]
    taken = LeasedLetter(letter.id, letter.client_id, b"", "", letter.posted_at, letter.tries, letter.reason)
    await _settle(taken, fact, Bus.make(""), **columns)


@VERBS("a letter can't be handed over", "noa", sampled=True)
async def _(cast: Cast) -> None:
    await post(letters.password_changed(To("dana", cast.email["client", "dana"])), client=UUID(cast.client["noa"]))
    await _letter_became(cast, LetterDelayed, due_at=clock.now() + dt.timedelta(hours=1), reason="silent")


@VERBS("and is given up", "noa")
async def _(cast: Cast) -> None:
    await _letter_became(cast, LetterFailed, failed_at=clock.now(), reason="silent")


@VERBS("and is to be tried again", "noa")
async def _(cast: Cast) -> None:
    letter = (await Outbox.filter(client_id=cast.client["noa"]).order_by("-posted_at", "-id"))[0]
    assert await letter.retry()


@VERBS("and has left", "noa", sampled=True)
async def _(cast: Cast) -> None:
    await _letter_became(cast, LetterDelivered, done_at=clock.now(), payload_sealed=None, reason=None)


@VERBS("what an undelivered letter was about is over", "noa")
async def _(cast: Cast) -> None:
    about = uuid7()
    id = await post(letters.password_changed(To("dana", cast.email["client", "dana"])), client=UUID(cast.client["noa"]))
    await sql.rows(
        "update outbox set about_id = :about, reason = 'silent', due_at = :later where id = :id",
        id=id,
        about=about,
        later=clock.now() + dt.timedelta(hours=1),
    )
    await drop_letters(about)


async def fill(cast: Cast) -> None:
    letter = await Outbox.all().first()
    assert letter is not None
    for key in (cast.email["client", "dana"], cast.email["staff", "theo"]):
        await Bounce.create(email_key=key, letter_id=letter.id, status="5.1.1", reason="", held=True)
    await Mailbox.create(host="x", username="x", password_sealed=b"x", address="x@example.com")
    about = {"conversation_id": cast.conversation["noa clinical"], "reader_id": cast.account["dana"], "side": "client"}
    await Burst.create(**about, from_number=1, due_at=clock.now())
    await Burst.create(**about, from_number=1, to_number=1, letter_id=letter.id)


# A statement for each check of a table, which refuses it.
BROKEN = {
    "bounce": ["update bounce set settled_at = null, settled_by = (select id from staff_member limit 1)"],
    "burst": [
        "update burst set side = 'outside'",
        "update burst set from_number = 0",
        "update burst set to_number = 0",
        "update burst set letter_id = null",
        "update burst set due_at = '2026-01-01 00:00:00+00:00'",
    ],
    "mailbox": [
        "update mailbox set id = '00000000-0000-7000-8000-000000000002'",
        "update mailbox set port = 0",
        "update mailbox set last_uid = -1",
        "update mailbox set returned = -1",
    ],
}
