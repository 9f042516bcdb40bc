"""Recipients: between which people of the client's side and which audience a conversation begins, and who would read
it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal import clock
from portal.models.access.own_address import may_be_minor
from portal.models.ground import sql
from portal.models.ground.record import live
from portal.models.ground.rules import allows
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import Conversation
from portal.models.messages.readers import staff_by_group
from portal.models.people.client import Client
from portal.models.practice.practice import the_practice
from portal.permissions import Audience, Right


@dataclass(frozen=True)
class Party:
    """The client's side of a conversation: the client in person, contacts, or both."""

    key: str  # "client", "family", or the contact's id
    with_client: bool
    contacts: tuple[tuple[UUID, str], ...] = ()  # id and name

    @property
    def people(self) -> tuple[bool, list[UUID]]:
        return self.with_client, [id for id, _ in self.contacts]


async def parties_of(client: UUID) -> list[Party]:
    """Return the parties with which staff can begin a conversation about a client: the client where they have an
    account or no contact may message, each contact who may, and the family, where that is more than one. Two contacts
    never come to share a conversation unless somebody chooses the family."""
    linked = await sql.rows(
        "select l.contact_id, c.name from contact_link l join contact c on c.id = l.contact_id "
        f"where l.client_id = :client and {allows('l', Right.MESSAGES)} order by l.guardian desc, l.from_at, l.id",
        client=client,
        now=clock.now(),
    )
    own = await sql.row(
        f"select 1 as yes from access x where x.client_id = :client and x.contact_link_id is null and {live('x')}",
        client=client,
        now=clock.now(),
    )
    contacts = tuple((row["contact_id"], row["name"]) for row in linked)
    in_person = own is not None or not contacts
    parties = [Party("client", True)] if in_person else []
    parties += [Party(str(contact[0]), False, (contact,)) for contact in contacts]
    return [*parties, Party("family", in_person, contacts)] if len(parties) > 1 else parties


async def party_of(client: UUID, key: str | None) -> Party:
    """Return the client's party of this key."""
    return chosen(await parties_of(client), key)


def chosen(parties: list[Party], key: str | None) -> Party:
    """Return the party of this key; the first, where there is none of it (any more)."""
    return next((party for party in parties if party.key == key), parties[0])


async def participant_for(account: UUID, client: UUID) -> tuple[bool, list[UUID]]:
    """Return as whom an account takes part in a conversation about a client: in person, or as a contact."""
    accesses = await sql.rows(
        "select l.contact_id from access a left join contact_link l on l.id = a.contact_link_id "
        f"where a.account_id = :account and a.client_id = :client and {live('a')}",
        account=account,
        client=client,
        now=clock.now(),
    )
    contacts = [row["contact_id"] for row in accesses if row["contact_id"] is not None]
    return len(contacts) < len(accesses), contacts


async def would_read(
    clients: Scope[Client], client: UUID, with_client: bool, contacts: list[UUID]
) -> dict[Audience, dict[str, list[Any]]]:
    """Return who would read a conversation between the client or these contacts and an audience, as `readers` says
    it.

    Nothing is answered about a client the viewer may not see. An audience that nobody of the practice reads is left
    out: words there would reach no one.
    """
    by_audience: dict[Audience, dict[str, list[Any]]] = {}
    if await clients.find(client) is None:
        return by_audience
    people = await sql.rows(
        "select distinct a.id, a.name from access x join portal_account a on a.id = x.account_id "
        "left join contact_link l on l.id = x.contact_link_id "
        f"where x.client_id = :client and {live('x')} and ((l.id is null and :with_client) or "
        f"(l.contact_id = any(:contacts) and {allows('l', Right.MESSAGES)})) order by a.name",
        client=client,
        with_client=with_client,
        contacts=contacts,
        now=clock.now(),
    )
    asked = _of_each_audience("'{audience}'")
    for key, group, person in await staff_by_group(asked, ids=[client]):
        who = by_audience.setdefault(
            Audience[key.upper()],
            {"people": people, "staff": [], "others": []},
        )
        who[group].append(person)
    return {audience: by_audience[audience] for audience in Audience if audience in by_audience}


def _of_each_audience(row: str) -> str:
    """Return the SQL that asks, of clients, who would read each audience's words; `row` says what each answer is of."""
    return " union all ".join(
        f"select {row.format(audience=audience.key)}, c.id, '{audience.key}' from client c where c.id = any(:ids)"
        for audience in Audience
    )


async def may_write_to(clients: Scope[Client], ids: list[UUID]) -> set[UUID]:
    """Return those of these clients that the colleague who looks can write to, and read an answer from."""
    would = await staff_by_group(_of_each_audience("c.id"), ids=ids)
    return {client for client, _, reader in would if reader["id"] == clients.viewer}


async def confidential(client: Client, with_client: bool, contacts: list[UUID]) -> set[Audience]:
    """Return the audiences with which a conversation between these people is confidential: a young person's own with
    the care team, from the age at which the practice lets them have one until they come of age (Settings, Minors)."""
    practice = await the_practice()
    young = await may_be_minor(client) and practice.on_their_own(client.born_if_known)
    return {Audience.CLINICAL} if young and with_client and not contacts else set()


async def between(
    conversations: Scope[Conversation], client: Client, with_client: bool, contacts: list[UUID]
) -> dict[Audience, UUID]:
    """Return the conversations there are between exactly these people and each audience; of those with the care team
    the confidential one, or the other, whichever they would begin now."""
    rows = await (
        conversations.where("r.client_id = :of", of=client.id)
        .join("join participant p on p.conversation_id = r.id")
        .order("r.id desc")
        .columns("r.id, r.audience, r.confidential, p.contact_id")
    )
    kept = {audience.key for audience in await confidential(client, with_client, contacts)}
    people: dict[tuple[UUID, str], set[UUID | None]] = {}
    for row in rows:
        if row["confidential"] != (row["audience"] in kept):
            continue
        people.setdefault((row["id"], row["audience"]), set()).add(row["contact_id"])
    wanted = {*contacts, *([None] if with_client else [])}
    # The first of them comes last, and stays.
    return {Audience[audience.upper()]: id for (id, audience), who in people.items() if who == wanted}


async def begin(
    conversations: Scope[Conversation], client: Client, audience: Audience, with_client: bool, contacts: list[UUID]
) -> tuple[UUID, bool]:
    """Return the conversation between these people and this audience, and whether it is new: there is one of a kind,
    whoever presses twice or at the same moment. The caller has asked who may see the client."""
    await client.hold()
    known = (await between(conversations, client, with_client, contacts)).get(audience)
    if known is not None:
        return known, False
    kept = audience in await confidential(client, with_client, contacts)
    return (await Conversation.start(client.id, audience, contacts, with_client, kept)).id, True
