"""Getting in with e-mail and password: neutral answers, counted tries, known devices."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from portal import passwords
from portal.models.ground import sql
from portal.models.ground.person import canonical_email
from portal.models.ground.throttle import Limit, Network
from portal.models.practice.practice import keep_settings, portal_is_on
from portal.models.staff.session import Session, knows_device

# Failures that are answered (rule 12 of the security rules).
FOR_ACCOUNT = Limit("account", 5, dt.timedelta(minutes=30))
FROM_NETWORK = Limit("address", 20, dt.timedelta(minutes=10))
ON_DEVICE = Limit("device", 10, dt.timedelta(minutes=30))  # on which this holder has signed in before

SIDES = ("staff", "client")


class TooManyFailures(Exception):
    """A refusal to listen: too many failures came from this network."""


@dataclass(frozen=True)
class Login:
    """A person who may sign in on one side."""

    side: str
    id: UUID
    password_hash: str


async def holders(email: str) -> dict[str, Login]:
    """Return the people who sign in with this email, by side: at most one of staff and one account."""
    rows = await sql.rows(
        "select 'staff' as side, id, password_hash from staff_member where email_key = :key "
        "and ended_at is null union all "
        "select 'client', id, password_hash from portal_account where email_key = :key",
        key=canonical_email(email)[:254],
    )
    return {row["side"]: Login(row["side"], row["id"], row["password_hash"]) for row in rows}


async def verified(email: str, password: str, network: Network, device: str) -> list[Login]:
    """Return the logins whose password this is; none when it is wrong, unknown or throttled: the three can't be told
    apart, in the answer or in how long it takes. Counts a failure.

    A device that signed in before has a limit of its own for its holder, and no other: nobody can be locked out by
    somebody else's guesses, and nobody who has the device can guess without end (rule 12).

    Where others have failed too often from this network, nothing is hashed: raises TooManyFailures, else passwords.Busy
    where too many wait to be hashed.
    """
    account, known = canonical_email(email), await holders(email)
    known_here = {h.id for h in known.values() if device and await knows_device(device, h.id)}
    over = await FROM_NETWORK.is_reached(network)
    if over and all([await ON_DEVICE.is_reached(_at(device, id)) for id in known_here]):
        raise TooManyFailures
    if passwords.is_full():
        raise passwords.Busy  # before anything is written: a flood would write for each
    # Each limit is counted before it is said what was right, so that of many tries at once no more are heard than may
    # be; that of the network before the hashing, so that no more are hashed either.
    if not over and not await FROM_NETWORK.count(network):
        await FROM_NETWORK.give_back(network)
        raise passwords.Busy
    try:
        right = await passwords.matches(
            password, *(known[side].password_hash if side in known else None for side in SIDES)
        )
    except passwords.Busy:
        if not over:
            await FROM_NETWORK.give_back(network)
        raise
    heard = await FOR_ACCOUNT.count(account) and not over
    heard_here = {id for id in known_here if await ON_DEVICE.count(_at(device, id))}
    let_in = [known[side] for side, is_right in zip(SIDES, right, strict=True) if is_right]
    let_in = [h for h in let_in if h.id in heard_here or (heard and h.id not in known_here)]
    if let_in:
        if not over:
            await FROM_NETWORK.give_back(network)
        await FOR_ACCOUNT.forget(account)
        for holder in let_in:
            await ON_DEVICE.forget(_at(device, holder.id))
    return let_in


def _at(device: str, holder: UUID) -> str:
    return f"{device}/{holder}"


async def begin(holder: Login, address: str, agent: str) -> str | None:
    """Make the session of somebody whose password was right a moment ago, and return the token for its cookie. None
    where it is another by now, their work here has ended, or the portal is off.

    Hashing takes long, and holds nothing. So the rows that let somebody in are held here, and asked again: a new
    password, or the switch of the portal, comes before this session and stops it, or after it and ends it.
    """
    table, works = ("staff_member", "and ended_at is null") if holder.side == "staff" else ("portal_account", "")
    if holder.side == "client":
        await keep_settings()
        if not await portal_is_on():
            return None
    if not await sql.exists(
        f"select 1 from {table} where id = :id and password_hash = :hash {works} for no key update",
        id=holder.id,
        hash=holder.password_hash,
    ):
        return None
    _, token = await Session.start(holder.side, holder.id, address, agent)
    return token


async def words_about(owner: UUID | None = None, client: UUID | None = None, link: UUID | None = None) -> list[str]:
    """Return names that somebody who chooses a password has in mind, and others guess: their own, by their account or
    work here (`owner`) or by their invitation (for `client`, by `link`), those of all for whom they act or acted, and
    the practice's."""
    return await sql.column(
        "select name from practice union select name from portal_account where id = :owner "
        "union select name from staff_member where id = :owner "
        "union select k.name from contact_link l join contact k on k.id = l.contact_id where l.id = :link "
        "union select c.first_name || ' ' || c.last_name from client c where c.id = :client "
        "or c.id in (select a.client_id from access a where a.account_id = :owner) "
        "or c.id in (select o.client_id from contact_link l join contact_link o on o.contact_id = l.contact_id "
        "where l.id = :link)",
        owner=owner,
        client=client,
        link=link,
    )
