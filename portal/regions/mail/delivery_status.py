"""The delivery of the last words written, by email: for staff by name and time, for clients in a plain word."""

from typing import Any
from uuid import UUID

from portal.facts import LetterOnItsWay, MessageSent
from portal.language import at_in_words, say
from portal.models.ground.record import Kind
from portal.models.mail.burst import told_of
from portal.models.messages.conversation import Conversation
from portal.permissions import Right
from portal.regions import Context, region
from portal.regions.mail.undelivered import why
from portal.regions.messages.thread import thread_of
from portal.regions.phrases import zone
from portal.viewer import Viewer


@region("way", "messages/_way.html", side="both", needs=Right.MESSAGES, on=(LetterOnItsWay, MessageSent))
async def way(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    if await thread_of(viewer, client, conversation) is None:
        return None
    letters = await told_of(viewer.see(Conversation), conversation, to_staff=viewer.kind is not Kind.STAFF)
    if viewer.kind is Kind.STAFF:
        return {"lines": [line for row in letters if (line := _to_an_account(viewer.language, row))]}
    # Who at the practice was written to, and whose address failed, is the practice's own affair.
    arrived = [row["done_at"] for row in letters if row["done_at"] and not row["bounced_at"]]
    if not arrived:
        return {"lines": []}
    text = say(
        viewer.language,
        "The practice was told of it by email %(when)s.",
        when=at_in_words(max(arrived), zone(), viewer.language),
    )
    return {"lines": [{"icon": "mail-check", "text": text}]}


def _to_an_account(language: str, row: dict[str, Any]) -> dict[str, str] | None:
    name = row["name"]
    if row["bounced_at"]:
        reason = why(language, row["reason"] or "")
        text = say(language, "The email to %(name)s came back: %(why)s.", name=name, why=reason)
        return {"icon": "mail-warning", "text": text}
    if row["done_at"]:
        when = at_in_words(row["done_at"], zone(), language)
        return {
            "icon": "mail-check",
            "text": say(language, "%(name)s was told by email %(when)s.", name=name, when=when),
        }
    if row["failed_at"] and row["reason"]:
        text = say(language, "The email to %(name)s couldn’t be delivered.", name=name)
        return {"icon": "mail-warning", "text": text}
    return None
