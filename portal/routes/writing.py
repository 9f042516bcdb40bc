"""Reading and writing in a conversation, the same on both sides."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from portal.doors import Answer, Form, Refused, Visit, done, go, once
from portal.models import audit
from portal.models.conversation import LONGEST, Closed, Conversation, Message, message_now
from portal.models.record import uuid7
from portal.regions import conversations
from portal.regions.conversations import base, items, window
from portal.regions.way import way
from portal.rendering import render
from portal.settings import settings
from portal.viewer import NotVisible

# When each person last wrote, on this worker: a bound on floods, not an account of them.
_wrote: dict[UUID, deque[float]] = {}


def in_pace(person: UUID, most: int, now: float) -> bool:
    """Whether this, at `now` in seconds, is one of at most so many in a minute; counts it if so."""
    if len(_wrote) > 1000:
        for quiet in [known for known, times in _wrote.items() if times[-1] < now - 60]:
            del _wrote[quiet]
    times = _wrote.setdefault(person, deque(maxlen=most))
    if len(times) == most and times[0] > now - 60:
        return False
    times.append(now)
    return True


class NewMessage(Form):
    key: UUID
    body: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class Reading(Form):
    number: Annotated[int, Field(ge=0, lt=2**31)]


class Begin(Form):
    key: UUID


async def found(visit: Visit) -> Conversation:
    """The conversation of the path, which belongs to the client of the path."""
    conversation = await visit.me.find(Conversation, visit.id("conversation"))
    if conversation.client_id != visit.id("client"):
        raise NotVisible
    return conversation


async def parts(visit: Visit, conversation: Conversation) -> dict[str, Any]:
    """The live parts of an open conversation."""
    ids = {"client": conversation.client_id, "conversation": conversation.id}
    return {
        "conversation": await visit.draw(conversations.head, **ids),
        "messages": await visit.draw(conversations.messages, **ids),
        "way": await visit.draw(way, **ids),
    }


def composer(visit: Visit, conversation: Conversation, label: str) -> dict[str, Any]:
    here = f"{base(visit.me, conversation.client_id)}/conversations/{conversation.id}"
    return {
        "action": f"{here}/messages",
        "key": uuid7(),
        "label": label,
        "list_id": f"messages-{conversation.id}",
        "show_crisis": visit.me.side == "client",
        "error": None,
        "text": "",
    }


async def older(visit: Visit, conversation: Conversation) -> Response | None:
    """The page of messages before a number, where the request asks for one by script."""
    before = visit.query("before")
    if not (visit.by_script and before.isascii() and before.isdigit() and len(before) < 10):
        return None
    context = await window(visit.me, conversation, int(before))
    shown = context | {"region": "", "el": f"older-{conversation.id}", "reading_action": None}
    return visit.fragment(render("conversations/_messages.html", visit.language, shown))


async def send(visit: Visit) -> Answer:
    """Save a message and answer with it, rendered after commit; the same key again gives the same message."""
    conversation = await found(visit)
    here = f"{base(visit.me, conversation.client_id)}/conversations/{conversation.id}"
    if visit.errors:
        raise Refused(422, _why(visit))
    if not in_pace(visit.me.id, settings().messages_per_minute, monotonic()):
        raise Refused(429, "That’s a lot at once. Wait a minute, then send it again.")
    said: NewMessage = visit.form
    message = uuid7()
    first = await once(visit, said.key, message=message)
    if first is not None:
        number = (await visit.me.find(Message, UUID(first["message"]))).number
    else:
        try:
            number = await conversation.post(said.body, visit.me.staff, visit.me.account, id=message)
        except Closed:
            raise Refused(409, "This conversation is closed. Nothing was sent.") from None
    if not visit.by_script:
        return go(here)

    async def answer() -> Response:
        return visit.fragment(await one(visit, conversation.id, number), 201)

    return answer


def _why(visit: Visit) -> str:
    if "key" in visit.errors:
        return visit.say("This form is too old. Reload the page and try again.")
    return visit.say("Your message was not sent. %(why)s", why=visit.errors.get("body", "")).strip()


async def one(visit: Visit, conversation: UUID, number: int) -> str:
    """One message as this viewer's list shows it now."""
    loaded, now = await message_now(visit.me.see(Message), conversation, number)
    visit.since = now or visit.since
    return items(visit.me, loaded, after=number - 1)


async def read(visit: Visit) -> Answer:
    """Note how far someone has read. Counts elsewhere follow by themselves."""
    conversation = await found(visit)
    if visit.errors:
        raise Refused(422, "There is no such message.")
    await conversation.read(visit.form.number, staff=visit.me.staff, account=visit.me.account)
    return Response(status_code=204)


async def begun(visit: Visit, start: Any) -> UUID:
    """Begin a conversation once, whatever is clicked twice. Gives its id."""
    if visit.errors:
        raise Refused(422, "This form is too old. Reload the page and try again.")
    first = await once(visit, visit.form.key)
    if first is not None:
        return UUID(first["conversation"])
    conversation: Conversation = await start()
    await done(visit, visit.form.key, conversation=conversation.id)
    await audit.note(
        "start conversation",
        side=visit.me.side,
        actor=visit.me.id,
        client=conversation.client_id,
        record=conversation.id,
    )
    return conversation.id
