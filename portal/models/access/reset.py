"""New passwords by a link: for an account or a member of staff, asked for by staff or oneself, 24 hours, single use."""

import datetime as dt
import secrets
from typing import Any, TypeVar
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.crypto import digest
from portal.facts import PasswordChanged, ResetSent, SessionEnded
from portal.models.access.account import PortalAccount
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.outbox import drop_letters
from portal.models.ground.record import Kind, Record, not_ended
from portal.models.ground.rules import is_open, sees_a_client, staff_only
from portal.models.notices.devices import silence
from portal.models.practice.practice import portal_is_on
from portal.models.staff.sign_in import FOR_ACCOUNT
from portal.models.staff.staff_member import StaffMember

LIVES = dt.timedelta(hours=24)

Owner = PortalAccount | StaffMember  # whose password it is
Whose = TypeVar("Whose", bound=Owner)


class Reset(Record):
    account_id = fields.UUIDField(null=True)
    staff_id = fields.UUIDField(null=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    by_staff = fields.UUIDField(null=True)
    made_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show the link of an account to staff who may see the account; a colleague's to nobody."""
        return staff_only(kind, sees_a_client(kind, "access", f"tie.account_id = {r}.account_id"))

    @classmethod
    async def make(cls, owner: Whose, by: UUID | None) -> "tuple[Reset, str, Whose]":
        """Make a link; return its token and the owner, whose address is the one that the link may go to: they are held,
        so that another address comes before, or comes after and ends the link. Older links die."""
        await owner.hold()
        now, token = clock.now(), secrets.token_urlsafe(32)
        await end_resets(owner.id)
        is_staff = isinstance(owner, StaffMember)
        reset = await cls.create(
            account_id=None if is_staff else owner.id,
            staff_id=owner.id if is_staff else None,
            token_hash=digest(token),
            by_staff=by,
            made_at=now,
            expires_at=now + LIVES,
        )
        for client in await clients_acted_for(owner.id):
            await announce(ResetSent(client=client, account=owner.id))
        return reset, token, owner

    async def owner(self) -> Owner:
        """Return the person whose password it is."""
        if self.staff_id is not None:
            return await StaffMember.get(id=self.staff_id)
        return await PortalAccount.get(id=self.account_id)

    async def state(self) -> str:
        """Return what stands behind the link now: open, used, replaced or expired."""
        if self.used_at is not None:
            return "used"
        if self.ended_at is not None:
            return "replaced"
        return "open" if self.expires_at > clock.now() else "expired"

    async def use(self, password_hash: str) -> Owner | None:
        """Set the password once; every session of its owner ends. None when the link was used meanwhile, or leads
        nowhere any more: the portal is off, or somebody works here no more."""
        owner = await (await self.owner()).hold()
        may_come_in = owner.ended_at is None if isinstance(owner, StaffMember) else await portal_is_on()
        if not may_come_in or not await self.claim("used_at = :now", is_open("reset")):
            return None
        await owner.choose_password(password_hash)
        await end_sessions(owner)
        # Who forgot it has tried before, and is known on no device now: the new one is not to wait for that.
        await FOR_ACCOUNT.forget(owner.email_key)
        for client in await clients_acted_for(owner.id):
            await announce(PasswordChanged(client=client, account=owner.id))
        return owner


async def by_token(token: str) -> Reset | None:
    if not 20 <= len(token) <= 100:
        return None
    return await Reset.get_or_none(token_hash=digest(token))


async def end_sessions(owner: Owner) -> None:
    """Sign somebody out everywhere, and forget the devices they were known by and those that were told. Anybody who
    signs in meanwhile holds their row."""
    await owner.hold()
    await _end("(account_id = :owner or staff_id = :owner)", owner=owner.id)
    await sql.rows("delete from device where holder_id = :owner", owner=owner.id)
    is_staff = isinstance(owner, StaffMember)
    await silence(**{"staff" if is_staff else "account": owner.id})


async def end_client_sessions() -> None:
    """Sign everyone on the client side out, as when the portal is switched off."""
    await _end("side = 'client'")


async def _end(which: str, **values: Any) -> None:
    ended = await sql.rows(
        f"update session set ended_at = :now where {which} and ended_at is null and idle_until > :now "
        "returning id, account_id, staff_id",
        now=clock.now(),
        **values,
    )
    for row in ended:
        of = {side: row[f"{side}_id"] for side in ("staff", "account") if row[f"{side}_id"]}
        await announce(SessionEnded(session=row["id"], **of))


async def clients_acted_for(account: UUID) -> list[UUID]:
    return await sql.column(
        f"select distinct client_id from access a where account_id = :account and {not_ended('a')}",
        account=account,
        now=clock.now(),
    )


async def end_resets(owner: UUID) -> None:
    """End the links that are on their way to an account or a member of staff, and the letters that carry them: they
    open nothing any more."""
    ended = await sql.rows(
        "update reset set ended_at = :now where (account_id = :owner or staff_id = :owner) and used_at is null "
        "and ended_at is null returning id",
        now=clock.now(),
        owner=owner,
    )
    for row in ended:
        await drop_letters(row["id"])
