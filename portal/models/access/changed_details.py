"""Corrections of names and of how people are reached: only by colleagues who see everyone who depends on them, and
those who care for the rest hear of it.

An address is a key. Where an account's leads, the next link for a new password goes; where a contact's leads, the next
invitation, whoever sends it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import AddressChanged, ClientChanged, ContactsChanged, ProfilePaused, ProfileResumed
from portal.models.access.account import PortalAccount
from portal.models.access.invitation import end_invitations, end_offers
from portal.models.access.minors import grow_up
from portal.models.access.own_address import check_for_account, check_for_contact
from portal.models.access.reset import clients_acted_for, end_resets
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.person import canonical_email
from portal.models.ground.record import Unacceptable, known, not_ended
from portal.models.ground.rules import is_open
from portal.models.ground.scope import Scope
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.mail_choice import write_again
from portal.models.notices.notice import hold_numbers, tell
from portal.models.people.client import Client, who_cares
from portal.models.people.contact import NAME, SEALED, AlreadyTied, Contact, ContactLink, IsClient

# Whom an account acts for, or is offered to act for, and whom a contact is tied to, now or later.
_CLIENTS = {
    "account": f"select client_id from access a where account_id = :id and {not_ended('a')} union select client_id "
    f"from invitation i where account_id = :id and {is_open('i')}",
    "contact": f"select distinct client_id from contact_link l where contact_id = :id and {not_ended('l')}",
}


class OthersUnseen(Unacceptable):
    """An address on which somebody depends whom the colleague may not see."""

    why = "They also act for someone you can’t see. Ask an administrator to change how they are reached."


async def clients_behind(kind: str, id: UUID) -> list[UUID]:
    """Return the clients an `account` acts for or is offered to, or a `contact` is tied to."""
    return await sql.column(_CLIENTS[kind], id=id, now=clock.now())


async def sees_all_behind(seen: Scope[Client], kind: str, id: UUID) -> bool:
    """Tell whether a colleague sees all of these clients."""
    clients = await clients_behind(kind, id)
    return await seen.where("r.id = any(:behind)", behind=clients).count() == len(clients)


async def check_all_seen(seen: Scope[Client], kind: str, id: UUID) -> None:
    """Refuse a change of how somebody is reached, to a colleague who doesn't see all these clients. The row must be
    held: then nobody is put behind it meanwhile. Raises OthersUnseen."""
    if not await sees_all_behind(seen, kind, id):
        raise OthersUnseen


async def tell_moved(kind: str, id: UUID, by: UUID) -> None:
    """Tell everybody who cares for one of these clients that the address is another, except the colleague who changed
    it."""
    clients = sorted(await clients_behind(kind, id))
    teams = {client: set(await who_cares(client)) - {by} for client in clients}
    await hold_numbers(set().union(*teams.values()) if teams else ())
    for client, staff in teams.items():
        await tell(NoticeKind.ADDRESS, staff=staff, client=client, by=by)


# --- A client ---------------------------------------------------------------------------------------


async def change_client(client: Client, details: dict[str, Any], seen: Scope[Client]) -> None:
    """Save the changes of staff, here and where the client is somebody's contact, as far as the colleague sees all for
    whom they act (`seen`). Another address ends the links that went to the old one; clearing a field that an invitation
    needs pauses the profile until it is back (A2). Raises SharedAddress."""
    await client.hold()
    address, born, had = client.email_key, client.born_if_known, client.on_file()
    contacts, others = await as_contact(client, seen), await as_contact(client, seen, whole=False)
    for contact in contacts:
        await contact.hold()
    for contact in (*contacts, *others):
        await check_contact_address(contact, details.get("email"))
    await client.keep(details)
    for contact in contacts:
        await _follow(contact, client, seen)
    if client.email_key != address:
        await end_invitations(client.id, None, "address")
    if client.born_if_known != born:
        await grow_up(client)
    # Each by itself: a child without an email is seen by her mother while there is a date of birth.
    if had - client.on_file():
        await announce(ProfilePaused(client=client.id))
    if client.on_file() - had:
        await announce(ProfileResumed(client=client.id))
    await announce(ClientChanged(client=client.id))


async def change_client_address(client: Client, email: str, seen: Scope[Client]) -> None:
    """Save another email, and all else as it is. Raises SharedAddress."""
    await client.hold()
    kept = {name: known(client, name) for name in ("first_name", "last_name", "phone", "address")}
    await change_client(client, kept | {"date_of_birth": client.born_if_known, "email": email}, seen)


async def as_contact(client: Client, seen: Scope[Client], whole: bool = True) -> list[Contact]:
    """Return the contacts that this client is too and who act only for clients among those seen; or (not `whole`) the
    others."""
    contacts = await Contact.filter(client_id=client.id).order_by("id")
    return [contact for contact in contacts if await sees_all_behind(seen, "contact", contact.id) == whole]


# --- A contact --------------------------------------------------------------------------------------

_REACHED = ("name", "email", *SEALED)


async def change_contact(contact: Contact, details: Mapping[str, Any], seen: Scope[Client]) -> None:
    """Save their name and how they are reached, for all clients they act for, all of whom the colleague must see.
    Raises SharedAddress, OthersUnseen."""
    await contact.hold()
    if all((details.get(what) or None) == (known(contact, what) or None) for what in _REACHED):
        return
    await check_all_seen(seen, "contact", contact.id)
    email = details.get("email") or None
    await check_contact_address(contact, email)
    await contact.keep(details)
    if email != contact.email:
        await change_contact_address(contact, email, seen)
    for link in await ContactLink.filter(contact_id=contact.id):
        await announce(ContactsChanged(client=link.client_id))


async def change_contact_address(contact: Contact, email: str | None, seen: Scope[Client]) -> None:
    """Save another email, or none. Links that went to the old one end, and the staff who care for the contact's clients
    are told. Raises SharedAddress, OthersUnseen."""
    await contact.hold()
    await check_all_seen(seen, "contact", contact.id)
    await check_contact_address(contact, email)
    await contact.keep_address(email)
    for link in await ContactLink.filter(contact_id=contact.id):
        await end_invitations(link.client_id, link.id, "address")
        await announce(ClientChanged(client=link.client_id))
    await tell_moved("contact", contact.id, seen.viewer)


async def check_contact_address(contact: Contact, email: str | None) -> None:
    """Refuse an address at which they can't be reached for one of their clients. Raises SharedAddress."""
    if email and canonical_email(email) != contact.email_key:
        for link in await ContactLink.filter(contact_id=contact.id):
            if not link.has_ended:
                await check_for_contact(link.client_id, email)


async def become(contact: Contact, client: Client, seen: Scope[Client]) -> None:
    """Make a contact that client too, from now on; they keep what they hold for others. Raises IsClient where they
    are one already, AlreadyTied where it is one of those others, SharedAddress, OthersUnseen."""
    await client.hold()
    await contact.hold()
    await check_contact_address(contact, client.email)
    links = await ContactLink.filter(contact_id=contact.id)
    if client.id in [link.client_id for link in links]:
        raise AlreadyTied
    if contact.client_id is not None:
        raise IsClient
    contact.client_id = client.id
    await contact.save(update_fields=["client_id"])
    await _follow(contact, client, seen)
    for link in links:
        await announce(ContactsChanged(client=link.client_id))


async def _follow(contact: Contact, client: Client, seen: Scope[Client]) -> None:
    """Give the contact the name and the address of the client they are too: the email, and the phone where one stands
    here. A field the chart leaves empty stays as it was given here, since access must not pause over it
    (docs/decisions/0022). Raises SharedAddress, OthersUnseen."""
    await contact.hold()
    own = known(contact, "phone")
    phone = own and (known(client, "phone") or own)
    now = {"name": client.name[:NAME], "email": client.email or contact.email, "phone": phone}
    if any(value != known(contact, what) for what, value in now.items()):
        await change_contact(contact, now | {"address": known(contact, "address")}, seen)


# --- An account -------------------------------------------------------------------------------------


async def change_account_address(account: PortalAccount, email: str, seen: Scope[Client]) -> None:
    """Have the holder sign in with another address from now on; links for a new password that went to the old one end,
    and offers. The holder and the staff who care for the account's clients are told. `seen` are the clients of the
    colleague who changes it, on a row that is held. Raises AddressTaken, SharedAddress, OthersUnseen."""
    await account.hold()
    await check_all_seen(seen, "account", account.id)
    await account.check_address(email)
    await check_for_account(account.id, email)
    await account.keep_address(email)
    await end_resets(account.id)
    await tell_moved("account", account.id, seen.viewer)
    await end_offers(account.id)
    await write_again(account.id)
    for client in await clients_acted_for(account.id):
        await announce(AddressChanged(client=client, account=account.id))
    await tell(NoticeKind.ADDRESS, accounts=[account.id], record=account.id, by=seen.viewer, lettered=True)
