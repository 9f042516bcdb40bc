"""The delivery of the last words written, by email: for staff by name and time, for clients in a plain word."""

from typing import Any
from uuid import UUID

from portal.facts import LetterOnItsWay, MessageSent, OfChart, OfInvitation, OfStaff
from portal.language import at_in_words, listed, say
from portal.models.ground.record import Kind
from portal.models.mail.burst import told_of
from portal.models.messages.conversation import Conversation
from portal.models.messages.readers import out_of_reach
from portal.permissions import Permission, Right
from portal.regions import Context, region
from portal.regions.mail.undelivered import why
from portal.regions.messages.thread import thread_of
from portal.regions.phrases import zone
from portal.viewer import Viewer


@region(
    "way",
    "messages/_way.html",
    side="both",
    needs=Right.MESSAGES,
    on=(LetterOnItsWay, MessageSent, OfChart, OfInvitation, OfStaff),
)
async def way(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    if await thread_of(viewer, client, conversation) is None:
        return None
    letters = await told_of(viewer.see(Conversation), conversation, to_staff=viewer.kind is not Kind.STAFF)
    if viewer.kind is Kind.STAFF:
        lines = [line | {"href": None} for row in letters if (line := _to_an_account(viewer.language, row))]
        return {"lines": [*await _kept(viewer, client, conversation), *lines]}
    # Who at the practice was written to, and whose address failed, is the practice's own affair.
    arrived = [row["done_at"] for row in letters if row["done_at"] and not row["bounced_at"]]
    if not arrived:
        return {"lines": []}
    text = say(
        viewer.language,
        "The practice was told by email %(when)s.",
        when=at_in_words(max(arrived), zone(), viewer.language),
    )
    return {"lines": [{"icon": "mail-check", "text": text, "href": None}]}


async def _kept(viewer: Viewer, client: UUID, conversation: UUID) -> list[dict[str, Any]]:
    """Tell staff, where they write to somebody who can't read it, that it is kept, and for how long."""
    people = await out_of_reach(viewer.see(Conversation), conversation)
    if not people:
        return []
    language = viewer.language
    names = listed(language, [person["name"] for person in people])
    link = say(language, "Portal access")
    if any(person["was_there"] for person in people):
        text = say(language, "Nobody on the client’s side can read this at the moment. What you write is kept.")
    elif all(person["invited"] for person in people):
        invited = (
            "%(names)s are invited, and will find this after signing up."
            if len(people) > 1
            else "%(names)s is invited, and will find this after signing up."
        )
        text = say(language, invited, names=names)
    else:
        absent = (
            "%(names)s aren’t on the portal yet, and will find this after signing up."
            if len(people) > 1
            else "%(names)s isn’t on the portal yet, and will find this after signing up."
        )
        text = say(language, absent, names=names)
        link = say(language, "Invite %(names)s", names=names)
    may = await viewer.may(Permission.PORTAL_ACCESS)
    return [{"icon": "archive", "text": text, "link": link, "href": f"/staff/clients/{client}/portal" if may else None}]


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
