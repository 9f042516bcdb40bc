"""The conversations about one client as lists: on the chart, and on the client's side."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from portal.facts import (
    ClientChanged,
    ConversationRead,
    ConversationStarted,
    LeaveChanged,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    StaffChanged,
)
from portal.language import listed
from portal.models.client import Client
from portal.models.conversation import Conversation, readers, threads
from portal.models.record import Kind
from portal.regions import Context, anyone, its, region
from portal.regions.conversations import base, title_of
from portal.regions.words import readers_line, thread_row
from portal.viewer import Viewer

_LIST = {
    MessageSent: its("client"),
    MessageEdited: its("client"),
    MessageWithdrawn: its("client"),
    ConversationStarted: its("client"),
    ConversationRead: anyone,
    ClientChanged: its("client"),
    StaffChanged: anyone,
    LeaveChanged: anyone,
}


async def _rows(viewer: Viewer, client: UUID, current: UUID | None) -> list[dict[str, Any]]:
    found = await threads(viewer.see(Conversation).where("r.client_id = :of", of=client))
    can_read = await readers(viewer.see(Conversation), [row["id"] for row in found])
    rows = []
    for row in found:
        href = f"{base(viewer, client)}/conversations/{row['id']}"
        entry = thread_row(viewer.language, row, viewer.id, href)
        if entry["from_name"] and entry["excerpt"]:
            entry["excerpt"] = f"{entry['from_name']}: {entry['excerpt']}"
        who = can_read.get(row["id"], defaultdict(list))
        title = (
            listed(viewer.language, [p["name"] for p in who["people"]]) or entry["client_name"]
            if viewer.kind is Kind.STAFF
            else title_of(
                viewer,
                row["audience"],
                row["confidential"],
                row["first_name"],
                entry["client_name"],
            )
        )
        rows.append(
            entry
            | {
                "title": title,
                "readers_line": readers_line(viewer.language, who, viewer.id),
                "current": row["id"] == current,
            }
        )
    return rows


@region("chart-threads", "staff/conversations/_threads.html", on=_LIST)
async def chart_threads(viewer: Viewer, client: UUID, current: UUID | None) -> Context | None:
    if await viewer.see(Client).find(client) is None:
        return None
    return {"rows": await _rows(viewer, client, current)}


@region("threads", "client/conversations/_threads.html", on=_LIST)
async def client_threads(viewer: Viewer, client: UUID) -> Context | None:
    if await viewer.see(Client).find(client) is None:
        return None
    return {"rows": await _rows(viewer, client, None)}
