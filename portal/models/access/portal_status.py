"""The portal status of a client: the people who hold, or could hold, access, for the Portal tab, derived from rows."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from portal import clock
from portal.models.access.account import PortalAccount
from portal.models.access.candidate_holder import (
    CandidateHolder,
    account_with,
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


@dataclass
class PortalStatus:
    """The portal access of one client, as staff see it now."""

    client: Client
    accounts: list[
        dict[str, Any]
    ]  # live accesses: account, name, email, as, since, last seen, acts and sees now or not
    past: list[dict[str, Any]]  # accounts whose access has ended
    invitation: Invitation | None  # the newest that is neither used nor ended
    offers: list[Invitation]  # what holders of accounts that are there already are to confirm
    letter: dict[str, Any] | None  # its letter: done_at, failed_at, reason, tries
    holders: list[CandidateHolder]
    portal_on: bool
    network: str  # the contact network: on, or off for the client or the practice
    too_young: bool = False  # for an account of their own
    missing: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Return not_invited, invited, trouble, locked, active, paused or removed."""
        if self.accounts:
            return "paused" if self.paused else "active"
        if self.invitation is not None:
            if self.invitation.locked_at is not None:
                return "locked"
            return "trouble" if self.letter and (self.letter["failed_at"] or self.letter["reason"]) else "invited"
        return "removed" if self.past else "not_invited"

    @property
    def first(self) -> CandidateHolder:
        """Return the person to invite where nobody else is named: the client, or for one who is too young the first of
        those who act for them."""
        return self.holders[1] if self.too_young and len(self.holders) > 1 else self.holders[0]

    @property
    def returnable(self) -> list[dict[str, Any]]:
        """Return the accounts that access can be given back to: none of a contact whose tie has ended, nor one that is
        not a minor's own."""
        ties = {holder.link for holder in self.holders}
        return [row for row in self.past if (not row["hindered"] if row["self"] else row["contact_link_id"] in ties)]

    @property
    def acting(self) -> list[dict[str, Any]]:
        """Return the people who may act for the client now: no contact who is kept away."""
        return [account for account in self.accounts if account["acts"]]

    @property
    def cleared(self) -> bool:
        """Tell whether something that an account needs is no longer on file."""
        if self.client.date_of_birth_sealed is None:
            return True
        return self.client.email_key is None and all(a["self"] for a in self.accounts)

    @property
    def paused(self) -> bool:
        return self.cleared or not self.acting


async def portal_status_of(client: Client) -> PortalStatus:
    """Read everything the Portal tab needs about one client, which the caller was allowed to see."""
    rows = await sql.rows(
        "select x.id as access_id, a.id, a.name, a.email, a.last_seen_at, a.added_at, a.password_set_at, "
        "x.from_at, x.until_at, x.contact_link_id, l.relationship, l.guardian, g.name as granted_by, "
        f"e.name as ended_by, ({live('x')} and (l.id is null or {live('l')}))::boolean as live, "
        f"(l.id is null or {acts('l')})::boolean as acts, "
        f"{account_sees('x.client_id', 'x.account_id')}::boolean as sees "
        "from access x join portal_account a on a.id = x.account_id "
        "left join contact_link l on l.id = x.contact_link_id "
        "left join staff_member g on g.id = x.granted_by left join staff_member e on e.id = x.ended_by "
        "where x.client_id = :client order by x.from_at, x.id",
        client=client.id,
        now=clock.now(),
    )
    for row in rows:
        row["self"] = row["contact_link_id"] is None
        row["hindered"] = await hinders_own_account(client, row["email"]) if row["self"] else None
    now_live = [row for row in rows if row["live"]]
    living = {row["id"] for row in now_live}
    invitation = next(iter((await outstanding(client.id, "i.account_id is null"))[::-1]), None)
    letter = None
    if invitation is not None and invitation.letter_id is not None:
        letter = await sql.row(
            "select done_at, failed_at, reason, tries from outbox where id = :id", id=invitation.letter_id
        )
    practice = await the_practice()
    holders = await possible_holders(client)
    status = PortalStatus(
        client,
        now_live,
        list({row["id"]: row for row in rows if row["id"] not in living}.values()),
        invitation,
        await open_offers(client.id),
        letter,
        holders,
        practice.portal_on,
        network_of(practice, client),
        not practice.on_their_own(client.born_if_known),
    )
    status.missing = missing_for(client, status.first)
    return status


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
    """Return accounts with exactly the client's email, or a contact's, that never acted for the client (A7); those that
    did are given access back, and those that were offered it have only to confirm."""
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
        if not await sql.exists(
            "select 1 from access x where x.account_id = :account and x.client_id = :client",
            account=account.id,
            client=client.id,
        ):
            offers.append({"id": account.id, "name": account.name, "email": account.email, "link": holder.link})
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


async def history_of(client: UUID) -> list[dict[str, Any]]:
    """Return the history of one client's portal access, newest first: (at, kind, name, by)."""
    events: list[dict[str, Any]] = []

    def add(kind: str, at: dt.datetime | None, name: str = "", by: str | None = None) -> None:
        if at is not None and at <= clock.now():
            events.append({"kind": kind, "at": at, "name": name, "by": by or ""})

    for row in await sql.rows(
        "select i.*, s.name as sender, u.name as unlocker from invitation i "
        "join staff_member s on s.id = i.sent_by left join staff_member u on u.id = i.unlocked_by "
        "where i.client_id = :client order by i.sent_at desc limit 50",
        client=client,
    ):
        add("offered" if row["account_id"] else "sent", row["sent_at"], row["email"], row["sender"])
        add("opened", row["opened_at"])
        add("verified", row["verified_at"])
        add("locked", row["locked_at"])
        add("unlocked", row["unlocked_at"], by=row["unlocker"])
        if row["ended_why"] == "address":
            add("address", row["ended_at"])
    known = set()
    for row in await sql.rows(
        "select x.from_at, x.until_at, a.name, a.added_at, g.name as granter, e.name as ender, a.id "
        "from access x join portal_account a on a.id = x.account_id "
        "left join staff_member g on g.id = x.granted_by left join staff_member e on e.id = x.ended_by "
        "where x.client_id = :client order by x.from_at",
        client=client,
    ):
        opened = abs((row["from_at"] - row["added_at"]).total_seconds()) < 5
        add("joined" if opened and row["id"] not in known else "granted", row["from_at"], row["name"], row["granter"])
        add("removed", row["until_at"], row["name"], row["ender"])
        known.add(row["id"])
    for row in await sql.rows(
        "select r.made_at, r.used_at, s.name as staff, a.name from reset r "
        "join portal_account a on a.id = r.account_id left join staff_member s on s.id = r.by_staff "
        "where exists (select 1 from access x where x.account_id = r.account_id and x.client_id = :client) "
        "order by r.made_at desc limit 20",
        client=client,
    ):
        add("reset_sent", row["made_at"], row["name"], row["staff"])
        add("reset", row["used_at"], row["name"])
    return sorted(events, key=lambda event: event["at"], reverse=True)[:60]
