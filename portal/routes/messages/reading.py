"""An open conversation, the same on both sides: its live parts, the panel of a search, the box below, older messages,
and how far one has read."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import Field
from starlette.responses import Response

from portal.language import say_many
from portal.models.messages.conversation import Conversation
from portal.models.messages.draft import Draft, draft_in
from portal.models.messages.message import Message
from portal.regions import key_of
from portal.regions.mail.delivery_status import way
from portal.regions.messages.draft import answered_message, draft
from portal.regions.messages.found import Hits, found_messages
from portal.regions.messages.head import head
from portal.regions.messages.stream import is_far_back, messages, passage, window
from portal.regions.phrases import thread_href
from portal.regions.practice.availability import availability
from portal.web.rendering import render
from portal.web.sealed_words import open_words
from portal.web.visit import Answer, Form, Visit


def ids(visit: Visit) -> dict[str, UUID]:
    return {"client": visit.id("client"), "conversation": visit.id("conversation")}


def here(visit: Visit, conversation: Conversation) -> str:
    return thread_href(visit.me, conversation.client_id, conversation.id)


def number_in(visit: Visit, name: str) -> int | None:
    """The number of a message that the address asks for."""
    number = visit.query(name)
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None


async def parts(visit: Visit, conversation: Conversation) -> dict[str, Any]:
    """The live parts of an open conversation: its newest messages, or those around the one asked for."""
    ids = {"client": conversation.client_id, "conversation": conversation.id}
    at = number_in(visit, "at")
    drawn = {"conversation": await visit.draw(head, **ids)}
    if at is not None and is_far_back(conversation, at):
        return drawn | {"passage": await visit.draw(passage, **ids, at=at)}
    if visit.me.side == "client":
        drawn["availability"] = await visit.draw(availability, **ids)
    return drawn | {
        "messages": await visit.draw(messages, **ids),
        "way": await visit.draw(way, **ids),
        "draft": await visit.draw(draft, **ids),
    }


async def composer(visit: Visit, conversation: Conversation, label: str) -> dict[str, Any] | None:
    """Show the box where one writes; none beside a passage further back."""
    at = number_in(visit, "at")
    if at is not None and is_far_back(conversation, at):
        return None
    kept = await draft_in(visit.me.see(Draft), conversation.id)
    return {
        "action": None if visit.viewed else f"{here(visit, conversation)}/messages",
        "draft_action": f"{here(visit, conversation)}/draft",
        "reply": await _reply(visit, conversation, kept),
        "with": key_of("messages", {"client": conversation.client_id, "conversation": conversation.id}),
        "key": uuid4(),
        "seen": conversation.last_number,
        "label": label,
        "list_id": f"messages-{conversation.id}",
        "for_client": visit.me.side == "client",
        "error": None,
        "text": kept.words if kept else "",
        "draft": kept.id if kept else "",
    }


async def _reply(visit: Visit, conversation: Conversation, kept: Draft | None) -> dict[str, Any] | None:
    """The message that the page was asked to answer, or else that the draft answers."""
    number = number_in(visit, "reply")
    answers = kept.reply_to_id if kept else None
    if number is not None:
        asked = visit.me.see(Message).where("r.conversation_id = :of", of=conversation.id)
        answered = await asked.where("r.number = :number", number=number).first()
        answers = answered.id if answered else None
    return await answered_message(visit.me, conversation.id, answers) if answers else None


async def panel(visit: Visit, conversation: Conversation, place: str) -> dict[str, Any]:
    """Return the panel in which the conversation at `place` is searched, open where a search was made."""
    ids = {"client": conversation.client_id, "conversation": conversation.id}
    sealed = visit.query("sealed")
    hits = open_words(Hits, sealed, visit.me.id) if sealed else None
    path, _, query = place.partition("?")
    shown: dict[str, Any] = {
        "id": f"search-{conversation.id}",
        "action": f"{path}/search" + (f"?{query}" if query else ""),
        "with": key_of("thread-head", ids),
        "is_open": hits is not None or bool(visit.errors),
        "q": hits.q if hits else visit.sent.get("q", "")[:100],
        "error": visit.errors.get("q"),
        "found": None,
    }
    if hits is not None:
        shown |= {
            "found": await visit.draw(found_messages, **ids, sealed=sealed),
            "before": hits.before,
            "line": _found_line(visit, hits),
        }
    return shown


def _found_line(visit: Visit, hits: Hits) -> str:
    if hits.numbers:
        return say_many(
            visit.language, "One message, newest first", "%(num)s messages, newest first", len(hits.numbers)
        )
    if hits.before is None:
        return visit.say("No message here says that.")
    return visit.say("None of the newer messages says that.")


async def older(visit: Visit, conversation: Conversation) -> Response | None:
    """The page of messages before a number, where the request asks for one by script."""
    before = number_in(visit, "before")
    if not visit.by_script or before is None:
        return None
    context = await window(visit.me, conversation, before)
    context |= {"region": "", "el": f"older-{conversation.id}", "reading_action": None}
    return visit.fragment(render("messages/_messages.html", visit.language, context))


class Reading(Form):
    typed = False

    number: Annotated[int, Field(ge=0, lt=2**31)]


async def read(visit: Visit) -> Answer:
    """Note how far someone has read. Counts elsewhere follow by themselves."""
    conversation = await visit.find(Conversation)
    await conversation.read(visit.form.number, staff=visit.me.staff, account=visit.me.account)
    return Response(status_code=204)
