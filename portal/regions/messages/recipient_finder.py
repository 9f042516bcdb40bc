"""Clients one can write to, offered while one types a name."""

from portal.facts import OfChart, OfStaff
from portal.models.ground.person import words_of
from portal.models.messages.recipients import may_write_to
from portal.models.people.client import Client, clients_named
from portal.regions import Context, region
from portal.regions.people.finder import OFFERED, client_rows, finds
from portal.viewer import Viewer

LOOKED_AT = 50  # clients of this name, of whom those are offered that one can write to


@region(
    "recipient-finder",
    "staff/people/clients/_finder.html",
    side="staff",
    needs=None,
    on=(OfChart, OfStaff),
    element="recipient-finder",
)
async def recipient_finder(viewer: Viewer, q: str | None) -> Context | None:
    """Show clients of this name to whom the viewer can write, each leading to the choice of what about."""
    if not words_of(q or ""):
        return finds(viewer, q, [], False)
    seen = await clients_named(viewer.see(Client), q or "", LOOKED_AT)
    open_to_me = await may_write_to(viewer.see(Client), [row["id"] for row in seen])
    rows = [row for row in seen if row["id"] in open_to_me]
    people = await client_rows(viewer, rows[:OFFERED], "/conversations/new")
    return finds(viewer, q, people, len(rows) > OFFERED or len(seen) == LOOKED_AT)
