"""Staff's Today: what is unread, what waits for an answer, and the count beside it in the rail."""

from __future__ import annotations

from portal.facts import ClientChanged, ConversationRead, MessageEdited, MessageSent, MessageWithdrawn
from portal.models.conversation import Conversation, threads, unread
from portal.regions import Context, anyone, region
from portal.regions.words import thread_row
from portal.viewer import Viewer

SHOWN = 100
_ON = {MessageSent: anyone, ConversationRead: anyone}
_LIST = _ON | {ClientChanged: anyone, MessageEdited: anyone, MessageWithdrawn: anyone}


def chart_thread(row: dict) -> str:  # type: ignore[type-arg]
    return f"/staff/clients/{row['client_id']}/conversations/{row['id']}"


@region("staff-unread", "staff/today/_unread_count.html", on=_ON)
async def unread_count(viewer: Viewer) -> Context | None:
    return {"count": await unread(viewer.see(Conversation))}


@region("today-unread", "staff/today/_unread.html", on=_LIST)
async def unread_messages(viewer: Viewer) -> Context | None:
    rows = await threads(viewer.see(Conversation).where("r.last_number > coalesce(rd.number, 0)"), SHOWN)
    shown = [thread_row(viewer.language, row, viewer.id, chart_thread(row)) for row in rows if row["unread"]]
    return {"rows": shown, "total": sum(row["unread"] for row in rows)}


@region("today-waiting", "staff/today/_waiting.html", on=_LIST)
async def waiting(viewer: Viewer) -> Context | None:
    rows = await threads(
        viewer.see(Conversation)
        .where("r.last_side = 'client'")
        .where("r.last_number <= coalesce(rd.number, 0)"),
        SHOWN,
    )
    return {"rows": [thread_row(viewer.language, row, viewer.id, chart_thread(row)) for row in rows]}
