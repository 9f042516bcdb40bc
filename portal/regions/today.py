"""Staff's Today: what is unread, and what waits for an answer."""

from __future__ import annotations

from portal.facts import (
    ClientChanged,
    ConversationDone,
    ConversationRead,
    ConversationReopened,
    ConversationReturned,
    ConversationSnoozed,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
)
from portal.models.conversation import HAS_UNREAD, Conversation, threads
from portal.models.inbox import OPEN
from portal.regions import Context, anyone, region
from portal.regions.words import thread_row
from portal.viewer import Viewer

SHOWN = 100
_ON = {MessageSent: anyone, ConversationRead: anyone}
_OPEN_OR_NOT = (ConversationDone, ConversationReopened, ConversationSnoozed, ConversationReturned)
_LIST = _ON | {ClientChanged: anyone, MessageEdited: anyone, MessageWithdrawn: anyone}


def chart_thread(row: dict) -> str:  # type: ignore[type-arg]
    return f"/staff/clients/{row['client_id']}/conversations/{row['id']}"


@region("today-unread", "staff/today/_unread.html", on=_LIST)
async def unread_messages(viewer: Viewer) -> Context | None:
    rows = await threads(viewer.see(Conversation).where(HAS_UNREAD), SHOWN)
    shown = [thread_row(viewer.language, row, viewer.id, chart_thread(row)) for row in rows if row["unread"]]
    return {"rows": shown, "total": sum(row["unread"] for row in rows)}


@region("today-waiting", "staff/today/_waiting.html", on=_LIST | dict.fromkeys(_OPEN_OR_NOT, anyone))
async def waiting(viewer: Viewer) -> Context | None:
    rows = await threads(
        viewer.see(Conversation).where(OPEN).where("r.last_side = 'client'").where(f"not {HAS_UNREAD}"),
        SHOWN,
    )
    return {"rows": [thread_row(viewer.language, row, viewer.id, chart_thread(row)) for row in rows]}
