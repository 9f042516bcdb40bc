"""The people who act for a client, as the client in person sees them, and names them once they are of age (H5, J3)."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from portal import clock
from portal.models.access.account import Access
from portal.models.access.contact_links import end_tie, tie
from portal.models.access.invitation import grant
from portal.models.ground.record import Unacceptable
from portal.models.ground.scope import Scope
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import tell
from portal.models.people.client import Client, who_cares
from portal.models.people.contact import ContactLink
from portal.models.practice.practice import the_practice
from portal.permissions import Restriction, Right


class NotTheClientsChoice(Unacceptable):
    """A decision that is not the client's own: the practice, or a court, says it."""


async def in_person(accesses: Scope[Access], client: UUID) -> bool:
    """Tell whether the viewer is this client, and nobody who acts for them."""
    return await accesses.where("r.client_id = :of and r.contact_link_id is null", of=client).count() > 0


async def acting_for(links: Scope[ContactLink], client: UUID) -> list[dict[str, Any]]:
    """Return the people who act for the client, or did until they came of age: what each is to them and may do. Nothing
    of how they are reached, nor whether they read."""
    return await (
        links.where("r.client_id = :of", of=client)
        .join("join contact c on c.id = r.contact_id")
        .order("r.until_at is not null and r.until_at <= :now, r.from_at, r.id")
        .columns(
            "r.id, r.relationship, r.guardian, r.from_at, r.until_at, c.name, "
            + ", ".join(f"r.{right.value}" for right in Right)
            + ", "
            + ", ".join(f"r.{restriction.column}" for restriction in Restriction)
        )
    )


async def say_for_oneself(client: Client) -> None:
    """Refuse where a client can't say themselves who acts for them. Raises NotTheClientsChoice."""
    if client.archived_at is not None:
        raise NotTheClientsChoice("This record is closed, so nothing is changed here any more.")
    if client.birth_unreadable:
        raise NotTheClientsChoice("Your date of birth can’t be read at the moment. Please talk with the practice.")
    if (await the_practice()).is_minor(client.born_if_known):
        raise NotTheClientsChoice("Until you come of age, the practice arranges this with your guardians.")


async def let_act(client: Client, link: ContactLink, right: Right, on: bool) -> tuple[ContactLink, list[Access]]:
    """Let somebody act for the client in this, or no longer, as the client says. A contact who acted until the client
    came of age begins anew, with this alone, and so do their accounts. Return the link as it is now and the accesses
    that are new. Whatever the practice keeps from them stays so. Raises NotTheClientsChoice, SharedAddress."""
    await client.hold()
    await link.hold()
    await say_for_oneself(client)
    if not link.has_ended:
        if link.guardian:
            raise NotTheClientsChoice("A legal guardian acts by law. Please talk with the practice.")
        _check(link, right, on)
        await link.allow(right, on)
        await _tell_staff(client, link)
        return link, []
    if not on:
        return link, []
    _check(link, right, on)
    accesses = await Access.filter(contact_link_id=link.id)
    accounts = [access.account_id for access in accesses if not access.has_ended]
    terms = replace(link.terms, guardian=False, rights={right}, from_at=None, until_at=None)
    link = await tie(client.id, link.contact_id, terms)
    given = [await grant(account, client.id, link.id, by=None) for account in accounts]
    await _tell_staff(client, link)
    return link, [access for access in given if access is not None]


async def end_acting(client: Client, link: ContactLink) -> list[UUID]:
    """End everything that somebody does for the client, as the client says. Return the accounts that lose access by it.
    Raises NotTheClientsChoice."""
    await client.hold()
    await link.hold()
    await say_for_oneself(client)
    if link.guardian:
        raise NotTheClientsChoice("A legal guardian acts by law. Please talk with the practice.")
    accounts = await end_tie(link, None)
    await _tell_staff(client, link)
    return accounts


def _check(link: ContactLink, right: Right, on: bool) -> None:
    """Refuse to switch on a right that is kept from a contact, without saying why: only that it is not the client's to
    give."""
    now = clock.now()
    kept = (one for one in Restriction if (at := link.since(one)) is not None and at <= now)
    if on and any(right not in one.leaves for one in kept):
        raise NotTheClientsChoice("This can’t be switched on here. Please talk with the practice.")


async def _tell_staff(client: Client, link: ContactLink) -> None:
    await tell(NoticeKind.RIGHTS, staff=await who_cares(client.id), client=client.id, record=link.id)
