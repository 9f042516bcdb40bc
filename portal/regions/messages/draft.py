"""The draft that somebody has begun in a conversation, and the message that it answers."""

from typing import Any
from uuid import UUID

from portal.facts import DraftChanged, OfMessageText
from portal.language import say
from portal.models.messages.draft import Draft, draft_in
from portal.models.messages.message import Message, message_now
from portal.permissions import Right
from portal.regions import Context, region
from portal.regions.messages.thread import thread_of
from portal.regions.phrases import excerpt, paragraphs, thread_href
from portal.viewer import Viewer


@region("draft", "messages/_draft.html", side="both", needs=Right.MESSAGES, on=(DraftChanged, OfMessageText))
async def draft(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    """Show the draft the viewer has begun here, perhaps on another device, and the words that it answers."""
    if await thread_of(viewer, client, conversation) is None:
        return None
    kept = await draft_in(viewer.see(Draft), conversation)
    answers = await answered_message(viewer, conversation, kept.reply_to_id) if kept and kept.reply_to_id else None
    return {
        "body": kept.words if kept else "",
        "version": kept.id if kept else "",
        "other": paragraphs(kept.other_words) if kept and kept.other_words else [],
        "action": f"{thread_href(viewer, client, conversation)}/draft",
        "reply": answers,
    }


async def answered_message(viewer: Viewer, conversation: UUID, message: UUID) -> dict[str, Any] | None:
    """A message as the composer shows that one answers it; None for one that is not there to be answered."""
    answered = await viewer.see(Message).find(message)
    if answered is None or answered.conversation_id != conversation or answered.withdrawn_at is not None:
        return None
    (*_, quoted), _ = await message_now(viewer.see(Message), conversation, answered.number)
    return {
        "id": message,
        "from_name": say(viewer.language, "You") if quoted["author"] == viewer.id else quoted["from_name"],
        "text": excerpt(quoted["body"], 120),
    }
