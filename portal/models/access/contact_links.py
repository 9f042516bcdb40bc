"""Ties between a contact and a client, made, changed and ended, with the accesses and invitations that hang on them."""

from uuid import UUID

from portal import clock
from portal.facts import ContactsChanged
from portal.models.access.account import Access
from portal.models.access.invitation import end_invitations
from portal.models.access.own_address import check_for_contact, hold_addresses
from portal.models.ground.fact import announce
from portal.models.people.client import Client
from portal.models.people.contact import AlreadyTied, Contact, ContactLink, HasEnded, Terms
from portal.permissions import Restriction


async def tie(client: UUID, contact: UUID, terms: Terms) -> ContactLink:
    """Make somebody a contact of a client, or once more, where they were one and it ended. Raises AlreadyTied,
    SharedAddress."""
    await Client.lock(client)
    # Who changes how the contact is reached has looked whom they act for.
    await hold_addresses(client, contact)
    await check_for_contact(client, (await Contact.get(id=contact)).email)
    link = await ContactLink.get_or_none(client_id=client, contact_id=contact)
    link = link and await link.hold()
    if link is not None and not link.has_ended:
        raise AlreadyTied
    if link is None:
        link = ContactLink(client_id=client, contact_id=contact)
        await _agree(link, terms, new=True)
    else:
        # What ended with a date left its accesses behind. They do not come back with the contact.
        await _end_accesses(link, None)
        link.from_at, link.until_at, link.of_age_at = clock.now(), None, None
        await _agree(link, terms, new=False)
    return link


async def change_terms(link: ContactLink, terms: Terms) -> None:
    """Agree on other terms, from this moment. The contact hears of it, and so does the client in person. Raises
    HasEnded."""
    await link.hold()
    if link.has_ended:
        raise HasEnded
    before = link.told()
    await _agree(link, terms, new=False)
    if link.told() != before:
        await link.tell_those_concerned()


async def end_tie(link: ContactLink, by: UUID | None) -> list[UUID]:
    """End it now, and with it everything the contact's accounts could see of this client, and links on their way.
    Return those accounts. One that has ended stays as it is. `by` is a colleague; None, the client in person."""
    await link.hold()
    if not link.has_ended:
        link.until_at = link.agreed_until = clock.now()
        link.from_at = min(link.from_at, link.until_at)
        await link.save(update_fields=["from_at", "until_at", "agreed_until"])
    await end_invitations(link.client_id, link.id, "withdrawn")
    accounts = await _end_accesses(link, by)
    await announce(ContactsChanged(client=link.client_id))
    return accounts


async def _agree(link: ContactLink, terms: Terms, new: bool) -> None:
    await link.agree(terms, new)
    kept_away = terms.restrictions.get(Restriction.NO_CONTACT)
    if kept_away is not None and kept_away <= clock.now():
        await end_invitations(link.client_id, link.id, "withdrawn")


async def _end_accesses(link: ContactLink, by: UUID | None) -> list[UUID]:
    ended = []
    for access in await Access.filter(contact_link_id=link.id).order_by("id"):
        await access.hold()
        if not access.has_ended:
            await access.end(by)
            ended.append(access.account_id)
    return ended
