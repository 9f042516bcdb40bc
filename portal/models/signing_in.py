"""Getting in with e-mail and password: neutral answers, counted tries, known devices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from portal import clock, passwords
from portal.models import sql
from portal.models.person import canonical_email
from portal.models.session import (
    ACCOUNT_TRIES,
    ACCOUNT_WINDOW,
    ADDRESS_TRIES,
    ADDRESS_WINDOW,
    count_try,
    forget_tries,
    knows_device,
    tries,
)


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


async def verified(email: str, password: str, address: str, device: str) -> list[Holder]:
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
    account, place = _key("account", canonical_email(email)), _key("address", address)
    counted = await tries([account, place])
    over = counted.get(account, 0) >= ACCOUNT_TRIES or counted.get(place, 0) >= ADDRESS_TRIES
    if over:
        right = [holder for holder in right if device and await knows_device(device, holder.id)]
    if right:
        await forget_tries(account)
        return right
    await count_try(account, ACCOUNT_WINDOW)
    await count_try(place, ADDRESS_WINDOW)
    return []


def _key(kind: str, value: str) -> str:
    # Hashed: the table is no list of the addresses someone tried.
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()[:40]}"


async def forget_old_tries() -> None:
    await sql.rows("delete from throttle where until_at < :now", now=clock.now())
