"""Candidates for an account that acts for a client, and the reasons that stand in their way."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal import clock
from portal.models.access.account import PortalAccount
from portal.models.access.own_address import UNKNOWN_AGE, hinders_own_account, hold_addresses
from portal.models.ground import sql
from portal.models.ground.person import canonical_email, first_of
from portal.models.ground.record import Unacceptable, not_ended
from portal.models.ground.rules import acts
from portal.models.people.client import Client


@dataclass(frozen=True)
class CandidateHolder:
    """A person who could hold the account: the client, or a contact by a link."""

    link: UUID | None
    name: str
    email: str | None
    called: str = ""  # as letters address them

    @property
    def value(self) -> str:
        return str(self.link) if self.link else "client"


class CannotInvite(Unacceptable):
    """An invitation that can't go out now; it can at `until`, where waiting helps."""

    def __init__(self, why: str, until: dt.datetime | None = None) -> None:
        super().__init__(why)
        self.until = until


async def possible_holders(client: Client) -> list[CandidateHolder]:
    """Return everybody who could be sent a welcome email: the client, and the contacts who may act for them."""
    links = await sql.rows(
        "select l.id, c.name, c.email from contact_link l join contact c on c.id = l.contact_id "
        f"where l.client_id = :client and {acts('l')} order by l.guardian desc, l.from_at",
        client=client.id,
        now=clock.now(),
    )
    return [
        CandidateHolder(None, client.name, client.email, client.first_name),
        *(CandidateHolder(row["id"], row["name"], row["email"], first_of(row["name"])) for row in links),
    ]


async def as_on_file(client: Client, link: UUID | None) -> CandidateHolder:
    """Hold the chart, and return a holder as they are on file now. Raises CannotInvite."""
    await client.hold()
    await hold_addresses(client.id)
    for holder in await possible_holders(client):
        if holder.link == link:
            return holder
    raise CannotInvite("They are no longer a contact of this client. Add them again.")


def missing_for(client: Client, holder: CandidateHolder) -> list[str]:
    """Say in sentences what is missing on file before this holder can be invited (A2)."""
    missing = []
    if client.archived_at is not None:
        missing.append("This chart is archived.")
    if not holder.email:
        missing.append("There is no email on file.")
    if client.birth_unreadable:
        missing.append(UNKNOWN_AGE)
    elif client.date_of_birth_sealed is None:
        missing.append("There is no date of birth on file.")
    return missing


async def hindrance(client: Client, holder: CandidateHolder) -> str | None:
    """Say in a sentence why this holder can't be invited at all; None where only the pace of letters could hinder."""
    own = await hinders_own_account(client, holder.email) if holder.link is None else None
    if own or (missing := missing_for(client, holder)):
        return own or missing[0]
    assert holder.email is not None
    if await account_with(holder.email) is not None:
        return "This email already has a portal account. Link it instead."
    same, values = of_holder(holder.link)
    if await sql.exists(
        f"select 1 from access a where client_id = :client and {same} and {not_ended('a')}",
        client=client.id,
        now=clock.now(),
        **values,
    ):
        # Their address on file may have changed since: the account is still theirs.
        return "They already have a portal account, under another email."
    return None


async def account_with(email: str) -> PortalAccount | None:
    return await PortalAccount.get_or_none(email_key=canonical_email(email))


def of_holder(link: UUID | None) -> tuple[str, dict[str, Any]]:
    """Return which rows of invitations and accesses are this holder's, as SQL and its values."""
    return ("contact_link_id = :link", {"link": link}) if link else ("contact_link_id is null", {})
