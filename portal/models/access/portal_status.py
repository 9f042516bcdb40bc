"""The portal status of a client: each person who holds, or could hold, access, with a way onto the portal of their own;
derived from rows, for the Portal tab."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal import clock
from portal.models.access.account import PortalAccount
from portal.models.access.candidate_holder import (
    CandidateHolder,
    account_with,
    hindrance,
    missing_for,
    of_holder,
    possible_holders,
)
from portal.models.access.invitation import A_DAY, RESEND_AFTER, Invitation, outstanding
from portal.models.access.network import network_of
from portal.models.access.offer import open_offers
from portal.models.access.own_address import hinders_own_account, may_be_minor
from portal.models.ground import sql
from portal.models.ground.record import live
from portal.models.ground.rules import account_sees, acts
from portal.models.people.client import Client
from portal.models.people.contact import Contact
from portal.models.practice.practice import the_practice
from portal.permissions import Restriction, Right
from portal.settings import settings

# What a client's portal is, from the states of its people: the first that anybody is in.
FOREMOST = (
    *("active", "locked", "offer_locked", "trouble", "waiting", "opened", "invited", "expired", "offered"),
    *("paused", "has_account", "removed"),
)


@dataclass
class PortalPerson:
    """One person of a client's portal: the client, or a contact by a link. Whatever is on its way to them, and any
    account that they have, is theirs alone."""

    link: UUID | None  # None: the client in person
    name: str
    email: str | None  # on file
    tie: dict[str, Any] | None  # of a contact: relationship, guardian, rights and restrictions
    acts: bool  # the client in person, or a contact who may act for them now
    access: dict[str, Any] | None = None  # that lives: account, its name and email, last seen, whether it sees now
    past: dict[str, Any] | None = None  # an access that has ended
    invitation: Invitation | None = None  # that can still be used, or was not in time
    letter: dict[str, Any] | None = None  # that carries its link: done_at, failed_at, reason
    offer: Invitation | None = None  # that the holder of an account is to confirm
    linkable: dict[str, Any] | None = None  # an account that signs in with their email (see `linkable`)
    hindrance: str | None = None  # why no welcome email can go to them
    next_letter: dt.datetime | None = None  # when another may; None: now
    again: bool = False  # another account of somebody who has a row already

    @property
    def key(self) -> str:
        """Return what tells their row from the others."""
        account = self.access or self.past
        return str(account["id"]) if self.again and account else self.holder

    @property
    def holder(self) -> str:
        """Return how a form names them."""
        return str(self.link or "client")

    @property
    def state(self) -> str:
        """Return one of FOREMOST, or not_invited."""
        if self.access is not None:
            return "active" if self.access["sees"] else "paused"
        if self.invitation is not None:
            return self._invited(self.invitation)
        if self.offer is not None:
            return "offer_locked" if self.offer.locked_at else "offered"
        if self.linkable is not None:
            return "has_account"
        return "removed" if self.past is not None else "not_invited"

    def _invited(self, invitation: Invitation) -> str:
        if invitation.locked_at is not None:
            return "locked"
        if self.waits_for_mail_server and invitation.opened_at is None:
            return "waiting"
        if invitation.expires_at <= clock.now():
            return "expired"
        if invitation.opened_at is not None:
            return "opened"
        if self.letter is not None and (self.letter["failed_at"] or self.letter["reason"]):
            return "trouble"
        return "invited"

    @property
    def waits_for_mail_server(self) -> bool:
        """Tell whether the letter with the link lies here because no mail server is set up."""
        return self.letter is not None and not (
            self.letter["done_at"] or self.letter["failed_at"] or settings().smtp_url
        )

    @property
    def returnable(self) -> bool:
        """Tell whether access can be given back: not to a contact whose tie has ended, nor to an account that is not a
        minor's own."""
        return self.past is not None and self.acts and not self.past["hindered"]


@dataclass
class PortalStatus:
    """The portal of one client, as staff see it now."""

    client: Client
    people: list[PortalPerson]  # the client first, then contacts who may act, then those whose access has ended
    portal_on: bool
    network: str  # the contact network: on, or off for the client or the practice
    too_young: bool  # for an account of their own

    @property
    def state(self) -> str:
        states = {person.state for person in self.people}
        return next((state for state in FOREMOST if state in states), "not_invited")

    @property
    def accounts(self) -> list[dict[str, Any]]:
        """Return the accounts whose access lives."""
        return [person.access for person in self.people if person.access is not None]

    @property
    def first(self) -> PortalPerson | None:
        """Return the person to invite where nobody else is named: the client, or for one who is too young the first of
        those who act for them."""
        return next((person for person in self.people if person.acts and (person.link or not self.too_young)), None)

    @property
    def missing(self) -> list[str]:
        """Say in sentences what is missing on file before the first can be invited."""
        first = self.first or self.people[0]
        return missing_for(self.client, CandidateHolder(first.link, first.name, first.email))

    @property
    def cleared(self) -> bool:
        """Tell whether something that an account needs is no longer on file."""
        if not self.accounts:
            return False
        if self.client.date_of_birth_sealed is None:
            return True
        return self.client.email_key is None and all(account["self"] for account in self.accounts)


async def portal_status_of(client: Client) -> PortalStatus:
    """Read everything the Portal tab needs about one client, which the caller was allowed to see."""
    accesses, practice = await _accesses(client), await the_practice()
    invitations = {one.contact_link_id: one for one in await outstanding(client.id, "i.account_id is null")}
    offers = {offer.contact_link_id: offer for offer in await open_offers(client.id)}
    accounts = {account["link"]: account for account in await linkable(client)}
    letters = await _letters(invitations.values())
    people = []
    for tie in [None, *await _ties(client.id)]:
        link, name, email = (tie["id"], tie["name"], tie["email"]) if tie else (None, client.name, client.email)
        theirs = [row for row in accesses if row["contact_link_id"] == link]
        living = [row for row in theirs if row["live"]]
        ended = list({row["id"]: row for row in theirs}.values()) if not living else []
        invitation = invitations.get(link)
        person = PortalPerson(
            link=link,
            name=name,
            email=email,
            tie=tie,
            acts=tie is None or tie["acts"],
            access=living[0] if living else None,
            past=ended[-1] if ended else None,
            invitation=invitation,
            letter=letters.get(invitation.letter_id) if invitation else None,
            offer=offers.get(link),
            linkable=accounts.get(link) if not living else None,
            hindrance=await hindrance(client, CandidateHolder(link, name, email)) if not tie or tie["acts"] else None,
            next_letter=await next_send(client.id, link) if invitation else None,
        )
        people.append(person)
        # Who has another address on file than their account can have been linked to a second one.
        people += [PortalPerson(link, name, email, tie, person.acts, access=row, again=True) for row in living[1:]]
        people += [PortalPerson(link, name, email, tie, person.acts, past=row, again=True) for row in ended[:-1]]
    return PortalStatus(
        client,
        sorted(people, key=lambda person: not (person.acts or person.access)),
        practice.portal_on,
        network_of(practice, client),
        not practice.on_their_own(client.born_if_known),
    )


async def _accesses(client: Client) -> list[dict[str, Any]]:
    """Return every access there is or was to a client, the oldest first."""
    rows = await sql.rows(
        "select x.id as access_id, a.id, a.name, a.email, a.last_seen_at, a.added_at, "
        "x.from_at, x.until_at, x.contact_link_id, l.until_at as tie_until, e.name as ended_by, "
        f"({live('x')} and (l.id is null or {live('l')}))::boolean as live, "
        f"{live('x')}::boolean as not_ended, "
        f"{account_sees('x.client_id', 'x.account_id')}::boolean as sees "
        "from access x join portal_account a on a.id = x.account_id "
        "left join contact_link l on l.id = x.contact_link_id left join staff_member e on e.id = x.ended_by "
        "where x.client_id = :client order by x.from_at, x.id",
        client=client.id,
        now=clock.now(),
    )
    for row in rows:
        row["self"] = row["contact_link_id"] is None
        row["hindered"] = await hinders_own_account(client, row["email"]) if row["self"] else None
        row["ended_at"] = row["tie_until"] if row["not_ended"] else row["until_at"]
    return rows


async def _ties(client: UUID) -> list[dict[str, Any]]:
    """Return the contacts who may act for a client, guardians first, and those who have, or had, access."""
    columns = ("relationship", "guardian", *(r.value for r in Right), *(r.column for r in Restriction))
    return await sql.rows(
        f"select l.id, c.name, c.email, {', '.join(f'l.{column}' for column in columns)}, "
        f"{acts('l')}::boolean as acts from contact_link l join contact c on c.id = l.contact_id "
        f"where l.client_id = :client and ({acts('l')} "
        "or exists (select 1 from access x where x.contact_link_id = l.id)) "
        "order by l.guardian desc, l.from_at, l.id",
        client=client,
        now=clock.now(),
    )


async def _letters(invitations: Iterable[Invitation]) -> dict[UUID | None, dict[str, Any]]:
    """Return the letters that carry their links, by id."""
    ids = [invitation.letter_id for invitation in invitations if invitation.letter_id]
    if not ids:
        return {}
    text = "select id, done_at, failed_at, reason from outbox where id = any(:ids)"
    return {row["id"]: row for row in await sql.rows(text, ids=ids)}


async def next_send(client: UUID, link: UUID | None) -> dt.datetime | None:
    """Return when another letter may go to this holder; None when now."""
    same, values = of_holder(link)
    sent = await sql.rows(
        f"select sent_at from invitation where client_id = :client and {same} and sent_at > :since "
        "order by sent_at desc",
        client=client,
        since=clock.now() - dt.timedelta(days=1),
        **values,
    )
    if not sent:
        return None
    if len(sent) >= A_DAY:
        day_over: dt.datetime = sent[-1]["sent_at"] + dt.timedelta(days=1)
        return day_over
    soonest: dt.datetime = sent[0]["sent_at"] + RESEND_AFTER
    return soonest if soonest > clock.now() else None


async def linkable(client: Client) -> list[dict[str, Any]]:
    """Return accounts with exactly the client's email, or a contact's, that never acted for the client (A7), and as
    which other clients' own each is known already; those that did are given access back, and those that were offered it
    have only to confirm."""
    offers = []
    minor = await may_be_minor(client)
    waiting = {offer.account_id for offer in await open_offers(client.id)}
    for holder in await possible_holders(client):
        account = await account_with(holder.email) if holder.email else None
        if account is None or account.id in waiting:
            continue
        own = minor and holder.link is None
        # One that somebody else holds is not the young person's own.
        if own and (account.contact_id is not None or await hinders_own_account(client, account.email)):
            continue
        acted_for = await sql.rows(
            f"select x.client_id, ({live('x')} and x.contact_link_id is null)::boolean as in_person from access x "
            "where x.account_id = :account",
            account=account.id,
            now=clock.now(),
        )
        if not any(row["client_id"] == client.id for row in acted_for):
            in_person = [row["client_id"] for row in acted_for if row["in_person"]] if holder.link is None else []
            offers.append(
                {
                    "id": account.id,
                    "name": account.name,
                    "email": account.email,
                    "link": holder.link,
                    "in_person": in_person,
                }
            )
    return offers


async def account_held_by(contact: Contact) -> PortalAccount | None:
    """Return the account of a contact, where it signs in with the email that they have on file."""
    account = await account_with(contact.email) if contact.email else None
    if account is None or account.contact_id == contact.id:
        return account
    acted = await sql.row(
        "select 1 as yes from access x join contact_link l on l.id = x.contact_link_id "
        "where x.account_id = :account and l.contact_id = :contact",
        account=account.id,
        contact=contact.id,
    )
    return account if acted is not None else None


async def account_of(id: UUID) -> PortalAccount:
    """Return one of the accounts that `portal_status_of` or `linkable` named: perhaps none whose clients the viewer may
    see."""
    return await PortalAccount.get(id=id)
