"""An address of one's own: a minor's account never stands on the address of somebody who acts for them, nor on one that
looks like it. Letters meant for the young person alone would be read by another."""

from uuid import UUID

from portal import clock
from portal.models.ground import sql
from portal.models.ground.person import looks_like
from portal.models.ground.record import Unacceptable, live, not_ended
from portal.models.ground.rules import is_open
from portal.models.people.client import Client
from portal.models.practice.practice import the_practice


class SharedAddress(Unacceptable):
    """One address, or two that look alike, for a minor and somebody who acts for them."""

    why = "A young person’s account has this address, or one that looks like it. Each needs an address of their own."


TOO_YOUNG = "They are too young for an account of their own. Invite a parent or guardian."
UNKNOWN_AGE = "The date of birth can’t be opened with the keys at hand. Enter it again."
ANOTHERS = "Someone who acts for them has this email, or one that looks like it. They need one of their own."


async def hinders_own_account(client: Client, email: str | None) -> str | None:
    """Say in a sentence why a minor can't have an account of their own, or not on this address; None where they can."""
    practice = await the_practice()
    if client.birth_unreadable:
        return UNKNOWN_AGE
    if not practice.on_their_own(client.born_if_known):
        return TOO_YOUNG
    if email and practice.is_minor(client.born_if_known) and await _is_among(_OF_CONTACTS, client.id, email):
        return ANOTHERS
    return None


# Of those who act for a client or will: on file, and what their accounts sign in with.
_OF_CONTACTS = (
    "select c.email from contact_link l join contact c on c.id = l.contact_id where l.client_id = :client "
    f"and {not_ended('l')} and c.email is not null "
    "union select a.email from access x join contact_link l on l.id = x.contact_link_id "
    "join portal_account a on a.id = x.account_id where x.client_id = :client "
    f"and {not_ended('l')} and {not_ended('x')}"
)
# Of the client in person: what their account signs in with, and to where an invitation is on its way.
_OF_CLIENT = (
    "select a.email from access x join portal_account a on a.id = x.account_id where x.client_id = :client "
    f"and x.contact_link_id is null and {not_ended('x')} "
    "union select i.email from invitation i where i.client_id = :client and i.contact_link_id is null "
    f"and {is_open('i')}"
)


async def hold_addresses(client: UUID, contact: UUID | None = None) -> None:
    """Let nobody change the addresses of those who act for a client, or sign in for them, until the unit of work is
    over: an address compared with them now is compared with what they will be. A contact who is about to act is held
    with them, all in one order, so that of two who do this none waits for the other. The client is held before."""
    if sql.is_postgres():
        await sql.rows(
            "select 1 from contact c where c.id in (select l.contact_id from contact_link l where l.client_id = :id) "
            "or c.id = :contact order by c.id for share",
            id=client,
            contact=contact,
        )
        await sql.rows(
            "select 1 from portal_account a where a.id in (select x.account_id from access x where x.client_id = :id) "
            "order by a.id for share",
            id=client,
        )


async def check_for_contact(client: UUID, email: str | None) -> None:
    """Refuse this address to somebody who acts for a client, or is to. Raises SharedAddress where it is the minor's
    own."""
    if email and await _is_minor(client) and await _is_among(_OF_CLIENT, client, email):
        raise SharedAddress


async def check_for_account(account: UUID, email: str) -> None:
    """Refuse an account that is to sign in with this address. Raises SharedAddress."""
    for row in await sql.rows(
        "select x.client_id, l.contact_id from access x left join contact_link l on l.id = x.contact_link_id "
        f"where x.account_id = :account and {live('x')}",
        account=account,
        now=clock.now(),
    ):
        client = row["client_id"]
        if not await _is_minor(client):
            continue
        theirs = _OF_CONTACTS if row["contact_id"] is None else _OF_CLIENT
        if await _is_among(theirs, client, email):
            raise SharedAddress


async def may_be_minor(client: Client) -> bool:
    """Tell whether a client is not of age yet; or nobody can tell, because the date of birth can't be opened: what
    protects minors holds."""
    return client.birth_unreadable or (await the_practice()).is_minor(client.born_if_known)


async def _is_minor(client: UUID) -> bool:
    return await may_be_minor(await Client.get(id=client))


async def _is_among(addresses: str, client: UUID, email: str) -> bool:
    holders = await sql.rows(addresses, client=client, now=clock.now())
    return any(looks_like(row["email"], email) for row in holders)
