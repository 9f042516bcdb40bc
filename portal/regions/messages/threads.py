"""The conversations about one client as lists, on the chart and on the client's side, and those one can begin."""

from collections import defaultdict
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from portal.facts import ConversationStarted, OfChart, OfPractice, OfStaff, OfThreadList
from portal.language import listed, say
from portal.models.ground.record import Kind
from portal.models.messages.availability import of_client
from portal.models.messages.conversation import Conversation, threads
from portal.models.messages.readers import readers
from portal.models.messages.recipients import (
    Party,
    between,
    chosen,
    confidential,
    participant_for,
    parties_of,
    would_read,
)
from portal.models.people.client import Client
from portal.permissions import Audience, Right
from portal.regions import Context, region
from portal.regions.messages.thread import confidential_line, title_of
from portal.regions.phrases import audience_label, base, readers_line, thread_href, thread_row
from portal.viewer import Viewer
from portal.web.slots import Link, link

link("chart", Link("messages", "Messages", "/messages"))


async def _rows(viewer: Viewer, client: UUID, current: UUID | None) -> list[dict[str, Any]]:
    listed_threads = await threads(viewer.see(Conversation).where("r.client_id = :of", of=client))
    can_read = await readers(viewer.see(Conversation), [row["id"] for row in listed_threads])
    rows = []
    for row in listed_threads:
        href = thread_href(viewer, client, row["id"])
        entry = thread_row(viewer.language, row, viewer.id, href)
        if entry["from_name"] and entry["excerpt"]:
            entry["excerpt"] = f"{entry['from_name']}: {entry['excerpt']}"
        who = can_read.get(row["id"], defaultdict(list))
        of_staff = viewer.kind is Kind.STAFF
        title = (
            listed(viewer.language, [p["name"] for p in who["people"]]) or entry["client_name"]
            if of_staff
            else title_of(viewer, row["audience"], row["confidential"], row["first_name"], entry["client_name"])
        )
        rows.append(
            entry
            | {
                "title": title,
                # To staff the open conversation says it, once.
                "readers_line": None if of_staff else readers_line(viewer, who),
                "current": row["id"] == current,
            }
        )
    return rows


@region(
    "chart-threads",
    "staff/messages/conversations/_threads.html",
    side="staff",
    needs=None,
    on=(OfThreadList, OfChart, OfStaff),
)
async def chart_threads(viewer: Viewer, client: UUID, current: UUID | None) -> Context | None:
    await viewer.find(Client, client)
    return {"rows": await _rows(viewer, client, current), "new_href": f"/staff/clients/{client}/conversations/new"}


@region(
    "threads", "client/messages/_threads.html", side="client", needs=Right.MESSAGES, on=(OfThreadList, OfChart, OfStaff)
)
async def client_threads(viewer: Viewer, client: UUID) -> Context | None:
    await viewer.find(Client, client)
    return {"rows": await _rows(viewer, client, None)}


@region(
    "beginnings",
    "messages/_beginnings.html",
    side="both",
    needs=Right.MESSAGES,
    on=(ConversationStarted, OfChart, OfStaff, OfPractice),
)
async def beginnings(viewer: Viewer, client: UUID, people: str | None) -> Context | None:
    """Show the people the viewer can write to about a client, each with those who would read it: an audience whose
    conversation stands already leads there, and one that nobody reads isn't offered. Staff choose besides with whom of
    the client's side (`people`, see Party)."""
    chart = await viewer.find(Client, client)
    is_staff = viewer.kind is Kind.STAFF
    if is_staff:
        may_write = chart.archived_at is None
        parties = await parties_of(client)
        party = chosen(parties, people)
        between_whom = party.people
    else:
        parties, party = [], None
        now = await of_client(viewer.see(Client), client)
        may_write = now is not None and now.may_write
        between_whom = await participant_for(viewer.id, client)
    begun = await between(viewer.see(Conversation), chart, *between_whom)
    kept = await confidential(chart, *between_whom)
    offered = []
    for audience, who in (await would_read(viewer.see(Client), client, *between_whom)).items():
        mine = any(reader["id"] == viewer.id for reader in (*who["staff"], *who["others"]))
        if not may_write or (is_staff and not mine):
            continue
        offered.append(
            {
                "audience": audience.key,
                "title": audience_label(viewer.language, audience.key)
                if is_staff
                else title_of(viewer, audience.key, audience in kept, chart.first_name, ""),
                "about": _about(viewer.language, audience),
                "confidential_line": confidential_line(viewer.language) if audience in kept else None,
                "readers_line": readers_line(viewer, who),
                "href": thread_href(viewer, client, begun[audience]) if audience in begun else None,
            }
        )
    return {
        "offered": offered,
        "may_write": may_write,
        "is_staff": is_staff,
        "name": chart.first_name,
        "action": None if viewer.lens else f"{base(viewer, client)}/conversations",
        "parties": [
            {
                "label": _party_label(viewer.language, choice, chart.first_name),
                "href": f"{base(viewer, client)}/conversations/new?{urlencode({'people': choice.key})}",
                "current": choice is party,
            }
            for choice in parties
        ],
        "people": party.key if party else "",
    }


def _party_label(language: str, party: Party, client: str) -> str:
    if party.key == "client":
        return client
    if party.key == "family":
        names = [name for _, name in party.contacts]
        together = listed(language, [client, *names] if party.with_client else names)
        return say(language, "%(names)s together", names=together)
    return party.contacts[0][1]


def _about(language: str, audience: Audience) -> str:
    match audience:
        case Audience.CLINICAL:
            return say(language, "How things are going, between sessions")
        case Audience.ADMINISTRATIVE:
            return say(language, "Appointments, forms and paperwork")
        case Audience.BILLING:
            return say(language, "Bills, payments and insurance")
