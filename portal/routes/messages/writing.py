"""Writing in a conversation, the same on both sides: what is sent, what is kept, how one begins."""

from collections import deque
from functools import partial
from time import monotonic
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from starlette.responses import Response

from portal.language.office_hours import reply_text
from portal.models.ground.record import Kind
from portal.models.messages.availability import write_to_practice
from portal.models.messages.conversation import Conversation
from portal.models.messages.draft import Draft
from portal.models.messages.message import LONGEST, Message, says_something
from portal.models.messages.recipients import begin, would_read
from portal.models.people.client import Client
from portal.permissions import Audience
from portal.regions.messages.bubbles import message_as_shown
from portal.regions.phrases import thread_href
from portal.routes.messages.reading import ids
from portal.settings import settings
from portal.web.refusals import Refused
from portal.web.visit import Answer, Form, Visit, go

# When each person last wrote, on this worker: a bound on floods, not an account of them.
_wrote: dict[UUID, deque[float]] = {}


def in_pace(person: UUID, most: int, now: float) -> bool:
    """Tell whether this, at `now` in seconds, is one of at most so many in a minute; count it if so."""
    if len(_wrote) > 1000:
        for quiet in [known for known, times in _wrote.items() if times[-1] < now - 60]:
            del _wrote[quiet]
    times = _wrote.setdefault(person, deque(maxlen=most))
    if len(times) == most and times[0] > now - 60:
        return False
    times.append(now)
    return True


def _seen_by_eye(text: str) -> str:
    if not says_something(text):
        raise ValueError("Fill this in.")
    return text


Body = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_seen_by_eye)]
Chosen = Annotated[UUID | None, BeforeValidator(lambda value: value or None)]  # an id, or an empty field


class NewMessage(Form):
    """`understood`: that nobody reads it now. Asked for while the office is closed, for this message alone. `seen` is
    the number of the newest message that its writer had before them when they wrote it, `draft` the version of the
    draft that this is."""

    key: UUID
    seen: Annotated[int | None, Field(ge=0, lt=2**31)] = None
    understood: Literal["yes", ""] = ""
    body: Annotated[Body, Field(title="Message")]
    reply_to: Chosen = None  # the message that this one answers
    draft: Chosen = None


class Written(Form):
    """The words written so far: with their spaces, for the writer will go on. `draft` is the version that they were
    begun on; `choice` says which are kept, where another device had kept some too."""

    body: Annotated[str, StringConstraints(strip_whitespace=False, max_length=LONGEST)] = ""
    reply_to: Chosen = None
    draft: Chosen = None
    choice: Literal["this", "other", ""] = ""


class Beginning(Form):
    audience: Annotated[Literal["clinical", "administrative", "billing"], Field(title="Who this message is for")]


class Addressed(Beginning):
    """By staff also with whom on the client's side: the key of a Party."""

    people: Annotated[str, Field(max_length=40)] = ""


async def send(visit: Visit) -> dict[str, Any]:
    """Save a message; return its number.

    One that waited in a browser comes with `?waited`: what others wrote meanwhile its author has not seen.
    """
    conversation = await visit.find(Conversation)
    if visit.errors:
        raise Refused(422, _why(visit))
    if not in_pace(visit.me.id, settings().messages_per_minute, monotonic()):
        raise Refused(429, "That’s a lot at once. Wait a minute, then send it again.")
    written: NewMessage = visit.form
    await _only_answers_in_here(visit)
    waited = "waited" in visit.request.query_params
    more: dict[str, Any] = {
        "reply_to": written.reply_to,
        "draft": written.draft,
        "seen": 0 if waited and written.seen is None else written.seen,
    }
    if visit.me.kind is Kind.STAFF:
        return {"number": await conversation.post(written.body, staff=visit.me.id, **more)}
    number = await write_to_practice(
        visit.me.see(Conversation),
        conversation,
        written.body,
        understood=bool(written.understood),
        reply_text=partial(reply_text, visit.language),
        account=visit.me.id,
        **more,
    )
    return {"number": number}


def _why(visit: Visit) -> str:
    return visit.say("Your message was not sent. %(why)s", why=visit.errors.get("body", "")).strip()


async def _only_answers_in_here(visit: Visit) -> None:
    """Raise NotVisible where the message that is answered is of another conversation."""
    if visit.form.reply_to:
        await visit.find(Message, visit.form.reply_to)


async def sent(visit: Visit, number: int) -> Response:
    """Answer with the message that was sent, as this viewer's list shows it now."""
    if not visit.by_script:
        return go(thread_href(visit.me, **ids(visit)))
    message, visit.since = await message_as_shown(visit.me, visit.id("conversation"), number)
    return visit.fragment(message, 201)


async def keep_draft(visit: Visit) -> Answer:
    """Keep what somebody is writing, for themselves, and answer with its version."""
    conversation = await visit.find(Conversation)
    if visit.errors:
        raise Refused(422, "This is too long to be kept.")
    await _only_answers_in_here(visit)
    form, me = visit.form, visit.me
    version = await Draft.keep(conversation.id, form.body, form.reply_to, me.staff, me.account, form.draft, form.choice)
    if form.choice and not visit.by_script:
        return go(thread_href(me, **ids(visit)))
    return Response(status_code=204, headers={"Portal-Draft": str(version or "")})


async def begun(visit: Visit, people: tuple[bool, list[UUID]]) -> str:
    """Show the box where one writes to the chosen audience: in the conversation there is between these people, or in a
    new one."""
    if visit.errors:
        raise Refused(422, "Choose who this message is for.")
    client = await visit.find(Client)
    audience = Audience[visit.form.audience.upper()]
    if audience not in await would_read(visit.me.see(Client), client.id, *people):
        raise Refused(409, "Nobody at the practice could read that at the moment. Nothing was started.")
    conversation, is_new = await begin(visit.me.see(Conversation), client, audience, *people)
    visit.note(record=conversation, acted=is_new)
    return thread_href(visit.me, client.id, conversation)
