"""People the practice knows already, so that nobody is entered twice: as a contact, or as a client."""

import datetime as dt
from typing import Any
from uuid import UUID

from portal.models.ground.person import canonical_email, folded, words_of
from portal.models.ground.record import live, opened_day
from portal.models.ground.scope import Scope
from portal.models.people.client import Client, by_name, plain
from portal.models.people.contact import Contact, ContactLink

KNOWN = 12  # people that are offered at once


async def known_people(
    contacts: Scope[Contact], clients: Scope[Client], words: str, client: UUID
) -> list[dict[str, Any]]:
    """Return people of this name or email, if the viewer may see them, contacts first: kind, id, name, email, and for
    whom they act already. Not the client in question, nor who is their contact now."""
    parts = words_of(words)[:6]
    if not parts:
        return []
    places = {f"word_{letter}": plain(part) for letter, part in zip("abcdef", parts, strict=False)}
    values = {p: f"%{part}%" for p, part in places.items()} | {f"{p}_at": f"{part}%" for p, part in places.items()}
    named = " and ".join(
        f"(r.search like :{place} escape '\\' or r.email_key like :{place}_at escape '\\')" for place in places
    )
    tied = f"(select tl.contact_id from contact_link tl where tl.client_id = :of and {live('tl')})"
    own_tied = f"(select tc.client_id from contact tc where tc.client_id is not null and tc.id in {tied})"  # as clients
    matching = await (
        contacts.where(named, **values)
        .where(
            f"r.id not in {tied} and (r.client_id is null or r.client_id <> :of and r.client_id not in {own_tied})",
            of=client,
        )
        .order("r.search, r.id")
        .columns("'contact' as kind, r.id, r.name, r.email, r.client_id", KNOWN)
    )
    own = [row["client_id"] for row in matching if row["client_id"]]
    others = await (
        clients.where(named, **values)
        .where(f"r.id <> :of and r.archived_at is null and r.id not in {own_tied}", of=client)
        .order("r.sorting, r.id")
        .columns("'client' as kind, r.id, r.first_name, r.last_name, r.email", KNOWN)
    )
    people = matching + [
        row | {"name": f"{row['first_name']} {row['last_name']}"} for row in others if row["id"] not in own
    ]
    acts_for = await _acted_for(clients, [row["id"] for row in people if row["kind"] == "contact"])
    return [row | {"for": acts_for.get(row["id"], [])} for row in people[:KNOWN]]


async def contacts_named(links: Scope[ContactLink], words: str, most: int) -> list[dict[str, Any]]:
    """Return contacts of this name, each with a client who is not archived and for whom they act now: the link's id,
    name, relationship, guardian, and the client's id and names."""
    if most <= 0:
        return []
    acting = links.where(live("r")).join(
        "join contact c on c.id = r.contact_id join client k on k.id = r.client_id and k.archived_at is null"
    )
    return await (
        by_name(acting, "c.search", words)
        .order("c.search, r.id")
        .columns("r.id, c.name, r.relationship, r.guardian, r.client_id, k.first_name, k.last_name", most)
    )


async def _acted_for(clients: Scope[Client], contacts: list[UUID]) -> dict[UUID, list[str]]:
    if not contacts:
        return {}
    ties = await (
        clients.join(
            "join contact_link al on al.client_id = r.id and al.contact_id = any(:contacts)", contacts=contacts
        )
        .where(live("al"))
        .order("r.sorting, r.id")
        .columns("al.contact_id, r.first_name")
    )
    names: dict[UUID, list[str]] = {}
    for row in ties:
        names.setdefault(row["contact_id"], []).append(row["first_name"])
    return names


async def likely_clients(
    clients: Scope[Client], contact: UUID, names: tuple[str, str], email: str | None, born: dt.date | None
) -> list[dict[str, Any]]:
    """Return clients the viewer may see who may be this contact: of the same name (first, last) or email, and of no
    other date of birth, as far as both are known. Clients for whom the contact acts are left out."""
    matching = await (
        clients.where(
            "r.archived_at is null and (r.sorting = :named or r.email_key = :key)",
            named=folded(" ".join(reversed(names)).strip()),
            key=canonical_email(email) if email else "",
        )
        .where("r.id not in (select bl.client_id from contact_link bl where bl.contact_id = :of)", of=contact)
        .order("r.sorting, r.id")
        .columns("r.id, r.first_name, r.last_name, r.email, r.date_of_birth_sealed", KNOWN)
    )
    people = []
    for row in matching:
        theirs = opened_day(Client, "date_of_birth_sealed", row["id"], row["date_of_birth_sealed"])
        if born is None or theirs is None or born == theirs:
            people.append(row | {"born": theirs})
    return people
