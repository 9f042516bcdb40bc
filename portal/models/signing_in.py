"""Getting in with e-mail and password: neutral answers, counted tries, known devices."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from portal import passwords
from portal.models import sql
from portal.models.person import canonical_email
from portal.models.session import knows_device
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
