"""The outbox: letters and other things that wait to leave the building."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import (
    LetterDelayed,
    LetterDelivered,
    LetterDropped,
    LetterFailed,
    LetterOnItsWay,
    LetterRetried,
    LetterWaiting,
)
from portal.models.ground import sql
from portal.models.ground.fact import announce, unit
from portal.models.ground.record import Kind, Record, Sealed
from portal.models.ground.rules import colleague_with, sees_client, staff_only
from portal.models.ground.scope import Scope
from portal.permissions import Permission
from portal.settings import settings

LETTER = "letter"
LEASE = dt.timedelta(minutes=2)
UNDELIVERED_KEPT = dt.timedelta(days=30)
RETURNABLE_KEPT = dt.timedelta(days=2)  # the words of a letter that was taken: most of what comes back does so at once


UNDELIVERED = "r.done_at is null and r.payload_sealed is not null and r.reason is not null"
GIVEN_UP = f"{UNDELIVERED} and r.failed_at is not null"
RETRIED_AT_ONCE = 200


class Outbox(Record):
    """A letter, or another thing for the world outside, written by the transaction that caused it."""

    kind = fields.CharField(max_length=40)
    payload_sealed = fields.BinaryField(null=True)  # wiped on delivery, or when it can hardly come back any more
    client_id = fields.UUIDField(null=True)
    about_id = fields.UUIDField(null=True)  # the invitation or the reset it carries the link of
    message_id = fields.CharField(max_length=160, null=True)  # the same however often it is sent
    email_key = fields.CharField(max_length=254, null=True)  # where it goes, as addresses are compared
    posted_at = fields.DatetimeField(null=True, default=clock.now)
    due_at = fields.DatetimeField(default=clock.now)
    tries = fields.IntField(default=0)
    leased_until = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    failed_at = fields.DatetimeField(null=True)
    bounced_at = fields.DatetimeField(null=True)  # it had left, and came back
    reason = fields.CharField(max_length=500, null=True)  # why not yet: the mail server's words, or our code

    payload = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a letter to staff who may see the client it is about; one about no client, to those who answer for the
        portal's settings."""
        about_nobody = f"({r}.client_id is null and {colleague_with(Permission.PORTAL_SETTINGS)})"
        return staff_only(kind, f"{about_nobody} or {sees_client(kind, f'{r}.client_id')}")

    @classmethod
    async def put(cls, id: UUID, payload: str, **columns: Any) -> None:
        """Have a letter wait, inside the unit of work that caused it. The payload is sealed."""
        letter = cls(id=id, kind=LETTER, **columns)
        letter.payload = payload
        await letter.save(force_create=True)
        if not settings().smtp_url:
            await announce(LetterWaiting(client=letter.client_id, letter=id))

    async def retry(self) -> bool:
        """Have it sent now, as if for the first time. Return False where it is out, wiped or being sent already."""
        freed = await self.claim(
            "failed_at = null, reason = null, tries = 0, leased_until = null, due_at = :now",
            "done_at is null and payload_sealed is not null "
            "and (failed_at is not null or tries > 0) and (leased_until is null or leased_until <= :now)",
        )
        if freed:
            await announce(LetterRetried(client=self.client_id, letter=self.id))
            await tell_way(self.id)
        return freed


@dataclass(frozen=True)
class LeasedLetter:
    """A letter whose lease a worker holds. `tries` counts this one, and names the lease."""

    id: UUID
    client_id: UUID | None
    box: bytes
    message_id: str
    posted_at: dt.datetime
    tries: int
    reason: str | None

    async def settle(self, fact: "type[Settled] | None", **columns: Any) -> bool:
        """End the lease with the letter's outcome. Return False, with nothing changed, where the lease is over."""
        changes = ", ".join(f"{name} = :{name}" for name in columns)
        kept = await sql.row(
            f"update outbox set leased_until = null, {changes} where id = :id and tries = :tries "
            "and done_at is null and failed_at is null returning id",
            id=self.id,
            tries=self.tries,
            **columns,
        )
        if kept and fact is not None:
            await announce(fact(client=self.client_id, letter=self.id))
            await tell_way(self.id)
        return kept is not None


Settled = LetterDelivered | LetterDelayed | LetterFailed | LetterDropped


async def take_letters(most: int) -> list[LeasedLetter]:
    """Lease up to so many letters that are due. Two workers never take the same one."""
    now = clock.now()
    leased = await sql.take_due(
        "outbox",
        f"kind = '{LETTER}' and done_at is null and failed_at is null and due_at <= :now "
        f"and (leased_until is null or leased_until <= :now) order by due_at limit {int(most)}",
        "update outbox set leased_until = :until, tries = tries + 1",
        "id, client_id, payload_sealed as box, message_id, posted_at, tries, reason",
        now=now,
        until=now + LEASE,
    )
    return [LeasedLetter(**row) for row in leased]


async def tell_way(letter: UUID) -> None:
    """Announce a letter's outcome in the conversations it was about, if it was about any."""
    for row in await sql.rows(
        "select distinct b.conversation_id, v.client_id from burst b "
        "join conversation v on v.id = b.conversation_id where b.letter_id = :letter",
        letter=letter,
    ):
        await announce(LetterOnItsWay(client=row["client_id"], conversation=row["conversation_id"]))


async def drop_letters(about: UUID) -> None:
    """Drop the letters about something that is over: those not delivered yet are never sent, and their words wiped. One
    that is on its way in this very moment may still arrive."""
    await _wipe("about_id = :about and done_at is null", about=about)
    await _wipe_delivered("about_id = :about", about=about)


async def forget_old_letters() -> None:
    """Wipe the words of letters that nobody could deliver after thirty days, and of those that were taken after two;
    until then they can be tried again."""
    async with unit():
        await _wipe("failed_at <= :before", before=clock.now() - UNDELIVERED_KEPT)
        await _wipe_delivered("done_at <= :before", before=clock.now() - RETURNABLE_KEPT)


async def _wipe(which: str, **values: Any) -> None:
    wiped = await sql.rows(
        "update outbox set payload_sealed = null, failed_at = coalesce(failed_at, :now) "
        f"where payload_sealed is not null and {which} returning id, client_id",
        now=clock.now(),
        **values,
    )
    for row in wiped:
        await announce(LetterDropped(client=row["client_id"], letter=row["id"]))
        await tell_way(row["id"])


async def _wipe_delivered(which: str, **values: Any) -> None:
    await sql.rows(
        f"update outbox set payload_sealed = null where payload_sealed is not null and done_at is not null and {which}",
        **values,
    )


async def retry_given_up(letters: Scope[Outbox]) -> int:
    """Have the letters that were given up sent now, of those the viewer may see, the newest 200; return how many."""
    given_up = await letters.where(GIVEN_UP).order("r.failed_at desc, r.id desc").columns("r.id", RETRIED_AT_ONCE)
    return sum([await (await Outbox.get(id=row["id"])).retry() for row in given_up])


async def waiting_letters(letters: Scope[Outbox]) -> int:
    """Count the letters that wait because no mail server is set up, of those the viewer may see; 0 once there is
    one."""
    if settings().smtp_url:
        return 0
    return await letters.where("r.done_at is null and r.failed_at is null and r.due_at <= :now").count()


async def undelivered_count(letters: Scope[Outbox]) -> int:
    """Count the letters that have not arrived, of those the viewer may see."""
    return await letters.where(UNDELIVERED).count()
