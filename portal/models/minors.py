"""Minors: the ages that the practice sets, and what ends by itself when somebody comes of age."""

from __future__ import annotations

from typing import Any

from tortoise.expressions import Q

from portal import clock
from portal.facts import AgesChanged, ContactsChanged
from portal.models import age
from portal.models.client import Client
from portal.models.contact import ContactLink
from portal.models.fact import announce, unit
from portal.models.invitation import end_invitations
from portal.models.own_address import hinders_own_account
from portal.models.practice import Practice, the_practice


async def set_ages(practice: Practice, own_account: int, majority: int) -> None:
    """Other ages from now on. Guardians of whoever is of age by them lose their access at once."""
    practice.own_account_age, practice.majority_age = own_account, majority
    await practice.save(update_fields=["own_account_age", "majority_age"])
    await grow_up_all()
    await announce(AgesChanged())


async def would_end(practice: Practice, majority: int) -> int:
    """How many guardians would lose their access at once by this age of majority."""
    born = {link.id: child.born for link, child in await _guardians(of_age_at__not_isnull=True)}
    ends = [day and age.turns(day, majority, practice.zone) for day in born.values()]
    return sum(at is not None and at <= clock.now() for at in ends)


async def grow_up(client: Client) -> None:
    """The date of birth is another: so is when guardians' access ends. Who turns out to be too young for an account of
    their own is not invited to one any more."""
    if await hinders_own_account(client, None):
        await end_invitations(client.id, None, "withdrawn")
    at = (await the_practice()).of_age(client.born)
    links = await ContactLink.filter(client_id=client.id, guardian=True)
    if any([await link.come_of_age(at) for link in links]):
        await announce(ContactsChanged(client=client.id))


async def grow_up_all(**which: Any) -> None:
    """The same of everybody, where it is not a date of birth that changed."""
    practice = await the_practice()
    for link, client in await _guardians(**which):
        if await link.come_of_age(practice.of_age(client.born)):
            await announce(ContactsChanged(client=client.id))


async def grow_up_unnoticed() -> None:
    """Guardians who were tied before their access ended by itself: from now on it does. Safe to repeat."""
    async with unit():
        await grow_up_all(of_age_at=None)


async def _guardians(**which: Any) -> list[tuple[ContactLink, Client]]:
    """Those who act now or later, each with the client."""
    lives = Q(until_at=None) | Q(until_at__gt=clock.now())
    links = await ContactLink.filter(lives, guardian=True, **which)
    clients = {child.id: child for child in await Client.filter(id__in=[link.client_id for link in links])}
    return [(link, clients[link.client_id]) for link in links]
