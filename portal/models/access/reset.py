"""New passwords by a link: wished for by staff or by the person, 24 hours, single use."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.crypto import digest
from portal.facts import PasswordChanged, ResetSent, SessionEnded
from portal.models.access.account import PortalAccount
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.outbox import drop_letters
from portal.models.ground.record import Kind, Record
from portal.models.notices.devices import silence
from portal.models.practice.practice import portal_is_on
from portal.models.staff.sign_in import FOR_ACCOUNT

LIVES = dt.timedelta(hours=24)


class Reset(Record):
    account_id = fields.UUIDField()
    token_hash = fields.CharField(max_length=64, unique=True)
    by_staff = fields.UUIDField(null=True)
    made_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reset"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a link to staff who may see the account."""
        if kind is not Kind.STAFF:
            return "false"
        return (
            f"exists (select 1 from portal_account ra where ra.id = {r}.account_id "
            f"and {PortalAccount.visible_to(kind, 'ra')})"
        )

    @classmethod
    async def make(cls, id: UUID, by: UUID | None) -> tuple[Reset, str, PortalAccount]:
        """Make a link; return its token and the account, whose address is the one that the link may go to: it is held,
        so that another address comes before, or comes after and ends the link. Older links die."""
        account = await _held(id)
        now, token = clock.now(), secrets.token_urlsafe(32)
        await end_resets(id)
        reset = await cls.create(
            account_id=id, token_hash=digest(token), by_staff=by, made_at=now, expires_at=now + LIVES
        )
        for client in await clients_acted_for(id):
            await announce(ResetSent(client=client, account=id))
        return reset, token, account

    async def state(self) -> str:
        """Return what stands behind the link now: open, used, replaced or expired."""
        if self.used_at is not None:
            return "used"
        if self.ended_at is not None:
            return "replaced"
        return "open" if self.expires_at > clock.now() else "expired"

    async def use(self, password_hash: str) -> PortalAccount | None:
        """Set the password once; every session of the account ends. None when the link was used meanwhile, or leads
        nowhere any more."""
        account = await _held(self.account_id)
        if not await portal_is_on():
            return None
        won = await sql.row(
            "update reset set used_at = :now where id = :id and used_at is null and ended_at is null "
            "and expires_at > :now returning id",
            now=clock.now(),
            id=self.id,
        )
        if won is None:
            return None
        account.password_hash, account.password_set_at = password_hash, clock.now()
        await account.save(update_fields=["password_hash", "password_set_at"])
        await end_sessions(account.id)
        # Who forgot it has tried before, and is known on no device now: the new one is not to wait for that.
        await FOR_ACCOUNT.forget(account.email_key)
        for client in await clients_acted_for(account.id):
            await announce(PasswordChanged(client=client, account=account.id))
        return account


async def _held(id: UUID) -> PortalAccount:
    """Return an account, whose row nobody else changes until the commit."""
    return await (await PortalAccount.get(id=id)).hold()


async def by_token(token: str) -> Reset | None:
    if not 20 <= len(token) <= 100:
        return None
    return await Reset.get_or_none(token_hash=digest(token))


async def end_sessions(account: UUID) -> None:
    """Sign an account out everywhere, and forget the devices it was known by and those it had told. Anybody who signs
    in meanwhile holds its row."""
    await _held(account)
    await _end("account_id = :account", account=account)
    await sql.rows("delete from device where holder_id = :account", account=account)
    await silence(account=account)


async def end_client_sessions() -> None:
    """Sign everyone on the client side out, as when the portal is switched off."""
    await _end("side = 'client'")


async def _end(which: str, **values: Any) -> None:
    ended = await sql.rows(
        f"update session set ended_at = :now where {which} and ended_at is null and idle_until > :now "
        "returning id, account_id",
        now=clock.now(),
        **values,
    )
    for row in ended:
        await announce(SessionEnded(session=sql.uuid(row["id"]), account=sql.uuid(row["account_id"])))


async def clients_acted_for(account: UUID) -> list[UUID]:
    clients = await sql.rows(
        "select distinct client_id from access where account_id = :account and (until_at is null or until_at > :now)",
        account=account,
        now=clock.now(),
    )
    return [sql.uuid(row["client_id"]) for row in clients]


async def end_resets(account: UUID) -> None:
    """End the links that are on their way, and the letters that carry them: they open nothing any more."""
    ended = await sql.rows(
        "update reset set ended_at = :now where account_id = :account and used_at is null "
        "and ended_at is null returning id",
        now=clock.now(),
        account=account,
    )
    for row in ended:
        await drop_letters(sql.uuid(row["id"]))
