"""Getting in with e-mail and password: neutral answers, counted tries, known devices."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from portal import passwords
from portal.models import sql
from portal.models.person import canonical_email
from portal.models.practice import portal_is_on
from portal.models.session import Session, knows_device
from portal.models.throttle import Limit, Network

# Failures that are answered (rule 12 of the security rules).
FOR_ACCOUNT = Limit("account", 5, dt.timedelta(minutes=30))
FROM_NETWORK = Limit("address", 20, dt.timedelta(minutes=10))


@dataclass(frozen=True)
class Holder:
    """Someone who may sign in on one side."""

    side: str
    id: UUID
    password_hash: str


async def holders(email: str) -> dict[str, Holder]:
    """Who signs in with this e-mail, by side: at most one of staff and one account."""
    found = await sql.rows(
        "select 'staff' as side, id, password_hash from staff_member where email_key = :key "
        "and ended_at is null union all "
        "select 'client', id, password_hash from portal_account where email_key = :key",
        key=canonical_email(email)[:254],
    )
    return {row["side"]: Holder(row["side"], sql.uuid(row["id"]), row["password_hash"]) for row in found}


async def verified(email: str, password: str, network: Network, device: str) -> list[Holder]:
    """Those whose password this is; none when it is wrong, unknown or throttled: the three can't be told
    apart, in what is answered or in how long it takes. Counts a failure.

    A device that signed in before is never throttled for its own holder, so nobody can be locked out by
    somebody else's guesses (rule 12)."""
    known = await holders(email)
    right = [
        holder
        for side in ("staff", "client")
        if await passwords.matches(password, known[side].password_hash if side in known else None)
        and (holder := known.get(side))
    ]
    account = canonical_email(email)
    if await FOR_ACCOUNT.is_reached(account) or await FROM_NETWORK.is_reached(network):
        right = [holder for holder in right if device and await knows_device(device, holder.id)]
    if right:
        await FOR_ACCOUNT.forget(account)
        return right
    await FOR_ACCOUNT.count(account)
    await FROM_NETWORK.count(network)
    return []


async def begin(holder: Holder, address: str, agent: str) -> str | None:
    """Make the session of somebody whose password was right a moment ago, and give the token for its cookie. None
    where it is another by now, their work here has ended, or the portal is off.

    Hashing takes long, and holds nothing. So the rows that let somebody in are held here, and asked again: a new
    password, or the switch of the portal, comes before this session and stops it, or after it and ends it."""
    locked = "for update" if sql.is_postgres() else ""
    table, works = (
        ("staff_member", "and ended_at is null") if holder.side == "staff" else ("portal_account", "")
    )
    found = await sql.row(
        f"select 1 as yes from {table} where id = :id and password_hash = :hash {works} {locked}",
        id=holder.id,
        hash=holder.password_hash,
    )
    if found is None or (holder.side == "client" and not await portal_is_on(hold=True)):
        return None
    _, token = await Session.start(holder.side, holder.id, address, agent)
    return token
