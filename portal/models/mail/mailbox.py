"""The mailbox to which mail comes back: where it is, how far it was read, and the letters found in it."""

import datetime as dt
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import MailboxChanged
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.person import an_address
from portal.models.ground.record import Kind, Record, Sealed
from portal.models.ground.rules import colleague_with, staff_only
from portal.models.mail.bounce import note_bounce
from portal.models.practice.practice import hold_practice
from portal.permissions import Permission

THE_ONE = UUID("00000000-0000-7000-8000-000000000001")
EVERY = dt.timedelta(minutes=1)  # between two looks


class Mailbox(Record):
    """The one mailbox there is, or none."""

    id = fields.UUIDField(primary_key=True, default=lambda: THE_ONE)
    host = fields.CharField(max_length=200)
    port = fields.IntField(default=993)
    username = fields.CharField(max_length=200)
    password_sealed = fields.BinaryField()
    folder = fields.CharField(max_length=200, default="INBOX")
    address = fields.CharField(max_length=254, validators=[an_address])  # where what can’t be delivered goes
    validity = fields.BigIntField(null=True)  # of the numbers of its messages, by RFC 3501
    last_uid = fields.BigIntField(default=0)  # the last message that was read
    looked_at = fields.DatetimeField(null=True)
    trouble = fields.CharField(max_length=300, null=True)  # why it could not be read: one of our codes
    returned = fields.IntField(default=0)  # letters of ours that were found in it

    password = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show it to those who answer for the portal's settings."""
        return staff_only(kind, colleague_with(Permission.PORTAL_SETTINGS))

    @classmethod
    async def keep(cls, **where: Any) -> None:
        """Read this one from now on: from a week ago, or from where the same one was read to. What was read twice would
        count as having come back twice. Two who save at once come one after the other."""
        await hold_practice()
        before = await cls.all().first()
        await cls.all().delete()
        box = cls(**{name: value for name, value in where.items() if name != "password"})
        box.password = where["password"]
        if before and all(getattr(before, name) == where[name] for name in ("host", "port", "username", "folder")):
            box.validity, box.last_uid, box.returned = before.validity, before.last_uid, before.returned
        await box.save(force_create=True)
        await announce(MailboxChanged())

    async def forget(self) -> None:
        """Read no mailbox any more. Mail that came back and is not seen to stays a task."""
        await self.delete()
        await announce(MailboxChanged())

    @classmethod
    async def due(cls) -> "Mailbox | None":
        """Return the mailbox, where it is time to look and no other worker does."""
        if not await sql.row("select 1 as yes from mailbox where looked_at is null or looked_at <= :before", **_due()):
            return None
        taken = await sql.rows(
            "update mailbox set looked_at = :now where looked_at is null or looked_at <= :before returning id",
            now=clock.now(),
            **_due(),
        )
        return await cls.get(id=taken[0]["id"]) if taken else None

    async def found(self, validity: int, last_uid: int, bounces: list[Any]) -> None:
        """Note the result of a look, and up to where, in one unit of work: nothing is counted twice or passed over."""
        returned = 0
        for bounce in bounces:
            returned += await note_bounce(bounce.letter, bounce.cause, bounce.status, bounce.reason)
        changed = await self.claim(
            "validity = :validity, last_uid = :uid, returned = returned + :returned, trouble = null",
            "last_uid = :was",
            validity=validity,
            uid=last_uid,
            returned=returned,
            was=self.last_uid,
        )
        if changed and (returned or self.trouble):
            await announce(MailboxChanged())
        self.last_uid, self.trouble = last_uid, None

    async def failed(self, trouble: str) -> None:
        """Note that it could not be read."""
        if trouble != self.trouble:
            await sql.rows("update mailbox set trouble = :trouble where id = :id", trouble=trouble, id=self.id)
            await announce(MailboxChanged())


def _due() -> dict[str, dt.datetime]:
    return {"before": clock.now() - EVERY}


async def return_address() -> str | None:
    """Return where mail servers are to send back undelivered mail; None while no mailbox is set."""
    mailbox = await sql.row("select address from mailbox")
    return str(mailbox["address"]) if mailbox else None
