"""Minors: the ages that the practice sets, and everything that ends by itself when somebody comes of age."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from portal import clock
from portal.crypto import Unreadable
from portal.facts import AgesChanged, ComingOfAge, ContactsChanged
from portal.models.access.account import Access, PortalAccount
from portal.models.access.invitation import end_invitations, outstanding
from portal.models.access.own_address import hinders_own_account
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.record import live
from portal.models.ground.rules import holds, stands_in
from portal.models.ground.scope import Scope
from portal.models.ground.stuck_work import COMING_OF_AGE, each, items_aside, note_done, note_failed
from portal.models.notices.kinds import NoticeKind, call_off
from portal.models.notices.notice import tell
from portal.models.people.client import Client, who_cares
from portal.models.people.contact import ContactLink
from portal.models.practice import age
from portal.models.practice.practice import Practice, the_practice
from portal.permissions import Permission

SHOWN = 100


async def set_ages(practice: Practice, own_account: int, majority: int) -> None:
    """Set other ages from now on. Guardians of everybody who is of age by them lose their access at once."""
    await practice.hold()
    await practice.keep(own_account_age=own_account, majority_age=majority)
    await grow_up_all()
    await announce(AgesChanged())


async def would_end(practice: Practice, majority: int) -> int:
    """Count the guardians who would lose their access at once by this age of majority."""
    born = [child.born_if_known for _, child in await _guardians(Q(of_age_at__not_isnull=True))]
    ends = [day and age.turns(day, majority, practice.zone) for day in born]
    return sum(at is not None and at <= clock.now() for at in ends)


async def grow_up(client: Client) -> None:
    """Follow a date of birth that has changed: so does the time when guardians' access ends. Anybody who turns out to
    be too young for an account of their own is no longer invited to one."""
    if await hinders_own_account(client, None):
        await end_invitations(client.id, None, "withdrawn")
    practice = await the_practice()
    links = await ContactLink.filter(client_id=client.id, guardian=True).order_by("id")
    if any([await link.come_of_age(practice, client.born_if_known) for link in links]):
        await _tell_changed(client.id)
    if not client.birth_unreadable:
        await note_done(COMING_OF_AGE, [str(link.id) for link in links])


async def grow_up_all() -> None:
    """Follow a change for everybody, where it is not a date of birth that changed. A link whose client's date of birth
    can't be opened is set aside, with the end that was known."""
    for link, client in await _guardians():
        try:
            await _grow(link, client)
        except Unreadable as reason:
            await note_failed(COMING_OF_AGE, str(link.id), reason)


async def _grow(link: ContactLink, client: Client) -> None:
    """Have a link end as the client's date of birth says. Raises Unreadable, before anything is changed."""
    if await link.come_of_age(await the_practice(), client.born):
        await _tell_changed(client.id)


async def _tell_changed(client: UUID) -> None:
    """Forget the day that people were told of: it is another, of which they are told when it comes near."""
    await call_off(NoticeKind.COMING_OF_AGE, client)
    await announce(ContactsChanged(client=client))


async def grow_up_unnoticed(hint: Callable[[set[str]], None]) -> None:
    """Have the access of guardians end by itself who were tied before it did, or were set aside. Safe to repeat. Each
    alone: a date of birth that can't be opened leaves nobody else's as it was."""

    async def grow(links: list[UUID]) -> None:
        for link, client in await _guardians(Q(id__in=links)):
            await _grow(link, client)

    aside = [UUID(item) for item in await items_aside(COMING_OF_AGE)]
    for link, _ in await _guardians(Q(of_age_at=None) | Q(id__in=aside)):
        await each(COMING_OF_AGE, [link.id], grow, hint)


async def _guardians(*which: Q) -> list[tuple[ContactLink, Client]]:
    """Return the guardians who act now or later, each with the client."""
    lives = Q(until_at=None) | Q(until_at__gt=clock.now())
    links = await ContactLink.filter(lives, *which, guardian=True).order_by("client_id", "id")
    clients = {child.id: child for child in await Client.filter(id__in=[link.client_id for link in links])}
    return [(link, clients[link.client_id]) for link in links]


# --- Telling -----------------------------------------------------------------------------------

# The guardians' links that end, or have ended, by coming of age; of one that was ended by hand before, not.
_ENDING = "l.of_age_at is not null and l.until_at = l.of_age_at"


async def tell_of_age(client: UUID) -> list[tuple[PortalAccount, str]]:
    """Tell everybody concerned by a coming of age, in the caller's unit of work: the client's care team, the guardians
    whose access ends by it, and the young person. Return the accounts whose access has just ended, with the client's
    first name, where that moment has come."""
    latest = await sql.row(
        f"select max(l.of_age_at)::timestamptz as at from contact_link l where l.client_id = :client and {_ENDING}",
        client=client,
    )
    at = latest["at"] if latest else None
    child, practice = await Client.get(id=client), await the_practice()
    # What was planned for a date of birth, or an age, that is another by now, says nothing.
    step = None if at is None else age.step(at, clock.now(), practice.zone)
    if at is None or step is None or child.archived_at is not None:
        return []
    staff = await who_cares(client)
    own = await _accounts("x.contact_link_id is null", client, at)
    guardians = await _accounts(f"{_ENDING} and l.of_age_at = :at", client, at)
    by = next(iter(own), None)
    if step:
        await tell(NoticeKind.COMING_OF_AGE, staff=staff, accounts=[*own, *guardians], client=client, by=by)
        return []
    await tell(NoticeKind.CAME_OF_AGE, staff=staff, accounts=own, client=client, by=by)
    # They see nothing of the client any more, so their notice names nobody.
    await tell(NoticeKind.CAME_OF_AGE, accounts=guardians, record=client, lettered=True)
    for link in await ContactLink.filter(client_id=client, of_age_at=at, until_at=at):
        await end_invitations(client, link.id, "withdrawn")
    return [(await PortalAccount.get(id=id), child.first_name) for id in guardians]


async def _accounts(which: str, client: UUID, at: datetime) -> list[UUID]:
    return await sql.column(
        "select distinct x.account_id from access x left join contact_link l on l.id = x.contact_link_id "
        f"where x.client_id = :client and {live('x')} and {which}",
        client=client,
        now=clock.now(),
        **({"at": at} if ":at" in which else {}),
    )


# --- What is to do ------------------------------------------------------------------------------


@dataclass(frozen=True)
class UpcomingMajority:
    """A client's coming of age, as far as guardians' access ends by it: when; for which guardians; which of the others
    stay; and how far the young person has come to an account of their own."""

    at: datetime
    guardians: list[str]
    others: list[str]
    own_address: bool
    invited: bool
    account: bool
    near: bool  # within a year, or past
    soon: bool  # within ninety days, or past
    settled: bool


async def coming(client: Client, links: Scope[ContactLink]) -> UpcomingMajority | None:
    """Return the coming of age for a chart; None where nobody's access ends by it, or all was done."""
    rows = await (
        links.where("r.client_id = :of", of=client.id)
        .join("join contact c on c.id = r.contact_id")
        .order("r.from_at, r.id")
        .columns("c.name, r.of_age_at, r.until_at, r.from_at")
    )
    ending = [row for row in rows if row["of_age_at"] is not None and row["until_at"] == row["of_age_at"]]
    if not ending:
        return None
    at: datetime = max(row["of_age_at"] for row in ending)
    now, settled = clock.now(), client.of_age_settled == at
    if settled and at <= now:
        return None
    account, practice = await _accounts("x.contact_link_id is null", client.id, at), await the_practice()
    return UpcomingMajority(
        at=at,
        guardians=[row["name"] for row in ending if row["of_age_at"] == at],
        others=[row["name"] for row in rows if row not in ending and not _over(row["until_at"], at)],
        own_address=bool(client.email) and not await hinders_own_account(client, client.email),
        invited=bool(await outstanding(client.id, "i.contact_link_id is null and i.expires_at > :now")),
        account=bool(account),
        near=age.comes_near(at, practice.zone) <= now,
        soon=at <= age.horizon(now, practice.zone),
        settled=settled,
    )


async def _horizon() -> datetime:
    return age.horizon(clock.now(), (await the_practice()).zone)


def _over(until: datetime | None, at: datetime) -> bool:
    return until is not None and until <= at


async def settle(client: Client, links: Scope[ContactLink]) -> None:
    """Note that staff have done everything before this coming of age; another one is another task."""
    await client.hold()
    ahead = await coming(client, links)
    if ahead is not None:
        client.of_age_settled = ahead.at
        await client.save(update_fields=["of_age_settled"])
        await announce(ComingOfAge(client=client.id))


async def to_prepare(clients: Scope[Client]) -> list[dict[str, Any]]:
    """Return the clients who come of age within ninety days, or have, for whom the viewer has something to do: theirs,
    or nobody's. With when it is, the soonest first."""
    theirs = (
        "exists (select 1 from care_team ot where ot.client_id = r.id and "
        f"{live('ot')} and (ot.staff_id = :viewer or {stands_in(':viewer', 'ot.staff_id')}))"
    )
    nobodys = (
        f"not exists (select 1 from care_team nt where nt.client_id = r.id and {live('nt')}) "
        f"and {holds(':viewer', Permission.PORTAL_ACCESS)}"
    )
    return await (
        clients.join(
            f"join (select l.client_id, max(l.of_age_at)::timestamptz as at from contact_link l where {_ENDING} "
            "and l.of_age_at <= :soon group by l.client_id) g on g.client_id = r.id",
            soon=await _horizon(),
        )
        .where("r.archived_at is null and (r.of_age_settled is null or r.of_age_settled <> g.at)")
        .where(f"{theirs} or {nobodys}")
        .order("g.at, r.sorting, r.id")
        .columns("r.id, r.first_name, r.last_name, r.colour, g.at", SHOWN)
    )


async def ends_for(accesses: Scope[Access]) -> dict[UUID, tuple[datetime, bool]]:
    """Return the clients of an account who come of age within ninety days, where its own access ends by it (as a
    guardian's) or that of others does (as the client in person): when, and whether it is they."""
    ending = await (
        _ending(accesses)
        .where("l.of_age_at <= :soon", soon=await _horizon())
        .order("l.of_age_at")
        .columns("r.client_id, l.of_age_at, (r.contact_link_id is null)::boolean as own")
    )
    return {row["client_id"]: (row["of_age_at"], row["own"]) for row in ending}


async def awaits_majority(accesses: Scope[Access]) -> bool:
    """Tell whether an access of the account, or that of others, ends when somebody comes of age, however far ahead."""
    return await _ending(accesses).count() > 0


def _ending(accesses: Scope[Access]) -> Scope[Access]:
    """Join the links that end by a coming of age: a guardian's own, and for the client in person those of all."""
    return accesses.join(
        f"join contact_link l on l.client_id = r.client_id and {_ENDING} and l.of_age_at > :now "
        "and (r.contact_link_id is null or r.contact_link_id = l.id)"
    )
