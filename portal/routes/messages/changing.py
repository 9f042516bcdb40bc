"""Changes to one message, the same on both sides: looked at closely, said in other words, taken back."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from portal import clock
from portal.language import at_in_words, say_many, time_of_day
from portal.models.ground.record import Kind
from portal.models.messages.availability import of_conversation
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import (
    Message,
    MessageVersion,
    NotTheWriter,
    TooLate,
    message_now,
    said_before,
    seen,
    versions,
)
from portal.models.people.client import Client
from portal.models.practice.practice import the_practice
from portal.regions import key_of
from portal.regions.messages.bubbles import seen_in_full
from portal.regions.phrases import paragraphs, zone
from portal.routes.messages.reading import here
from portal.routes.messages.writing import Body
from portal.viewer import NotPermitted
from portal.web.refusals import Refused
from portal.web.rendering import render
from portal.web.visit import Answer, Form, Visit, go


class Edition(Form):
    body: Annotated[Body, Field(title="Message")]


async def acts(visit: Visit) -> dict[str, Any]:
    """A message, what may be done with it, and to staff what it said before."""
    conversation, message = await visit.find(Conversation), await visit.find(Message)
    client = await visit.find(Client)
    loaded, _ = await message_now(visit.me.see(Message), conversation.id, message.number)
    readers = await seen({conversation.id: (message.number, message.number)})
    minutes = (await the_practice()).edit_minutes
    until = message.may_change_until(visit.me.id, minutes)
    may_change = until is not None and until > clock.now() and client.archived_at is None
    place = here(visit, conversation)
    shown: dict[str, Any] = loaded[-1]
    before = await versions(visit.me.see(MessageVersion), message.id) if visit.me.kind is Kind.STAFF else []
    return {
        "with": key_of("thread-head", {"client": conversation.client_id, "conversation": conversation.id}),
        "back_href": f"{place}?at={message.number}#message-{message.id}",
        "from_name": visit.say("You") if shown["author"] == visit.me.id else shown["from_name"],
        "at": at_in_words(shown["sent_at"], zone(), visit.language),
        "paragraphs": paragraphs(shown["body"]),
        "withdrawn": shown["withdrawn"],
        "seen": seen_in_full(visit.me, shown, readers[conversation.id]),
        "reply_href": None if shown["withdrawn"] or client.archived_at else f"{place}?reply={message.number}",
        "reply_id": message.id,
        "body": shown["body"],
        "action": f"{place}/messages/{message.id}" if may_change else None,
        "may_edit": await _may_write(visit, conversation),
        "until": time_of_day(until, zone(), visit.language) if until and may_change else None,
        "too_late": _too_late(visit, minutes) if until and not may_change else None,
        "before": [
            {"paragraphs": paragraphs(said_before(version)), "at": at_in_words(version.from_at, zone(), visit.language)}
            for version in before
        ],
    }


async def _may_write(visit: Visit, conversation: Conversation) -> bool:
    """Other words are something written: where the client's side may write nothing, it may only take words back."""
    if visit.me.kind is Kind.STAFF:
        return True
    now = await of_conversation(visit.me.see(Conversation), conversation.id)
    return now is not None and now.may_write


def _too_late(visit: Visit, minutes: int) -> str:
    if not minutes:
        return visit.say("Messages stay as they were sent.")
    return say_many(
        visit.language,
        "A message can be changed for one minute after it was sent.",
        "A message can be changed for %(num)s minutes after it was sent.",
        minutes,
    )


def acts_fragment(visit: Visit, shown: dict[str, Any]) -> Response:
    return visit.fragment(render("messages/_acts_dialog.html", visit.language, {"acts": shown}))


async def edit(visit: Visit) -> Answer:
    """Say a message of one's own in other words, while the practice's time for that lasts."""
    if "body" in visit.errors:
        raise Refused(422, visit.say("Nothing was changed. %(why)s", why=visit.errors["body"]))
    if not await _may_write(visit, await visit.find(Conversation)):
        raise Refused(409, "Nothing can be written here at the moment. Nothing was changed.")
    return await _change(visit, lambda m, c, n: m.edit(visit.form.body, visit.me.id, n, c))


async def withdraw(visit: Visit) -> Answer:
    """Take back a message of one's own, while that time lasts."""
    return await _change(visit, lambda m, c, n: m.withdraw(visit.me.id, n, c))


async def _change(visit: Visit, change: Callable[[Message, UUID, int], Awaitable[None]]) -> Answer:
    conversation, message = await visit.find(Conversation), await visit.find(Message)
    minutes = (await the_practice()).edit_minutes
    try:
        await change(message, conversation.client_id, minutes)
    except NotTheWriter:
        raise NotPermitted(visit.say("Only the person who wrote a message can change it.")) from None
    except TooLate:
        why = _too_late(visit, minutes)
        raise Refused(409, visit.say("This can’t be changed any more. %(why)s", why=why)) from None
    visit.note(record=message.id)
    if visit.by_script:
        return Response(status_code=204)
    return go(f"{here(visit, conversation)}?at={message.number}#message-{message.id}")
