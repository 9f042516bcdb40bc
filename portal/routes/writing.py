"""Reading and writing in a conversation, the same on both sides."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints
from starlette.responses import Response

from portal import clock
from portal.language import at_in_words, say_many, time_of_day
from portal.models import audit
from portal.models.availability import Availability, answer_by_itself, of_conversation
from portal.models.client import Client
from portal.models.conversation import Audience, Closed, Conversation
from portal.models.draft import Draft, draft_in
from portal.models.message import (
    LONGEST,
    Message,
    MessageVersion,
    NotTheirs,
    TooLate,
    message_now,
    seen,
    versions,
)
from portal.models.note import notes_under
from portal.models.party import begin, would_read
from portal.models.practice import the_practice
from portal.models.record import Kind, uuid7
from portal.models.searching import Found, search, words_of
from portal.opening import reply_text
from portal.refusals import Refused
from portal.regions import conversations, key_of
from portal.regions.availability import availability
from portal.regions.conversations import base, is_far_back, items, seen_label, window
from portal.regions.way import way
from portal.regions.words import paragraphs, zone
from portal.rendering import render
from portal.settings import settings
from portal.viewer import NotPermitted, NotVisible
from portal.visit import Answer, Form, Visit, go, once

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


Body = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Chosen = Annotated[UUID | None, BeforeValidator(lambda said: said or None)]  # an id, or an empty field


class NewMessage(Form):
    """`understood`: that nobody reads it now. Asked for while the office is closed, for this message alone."""

    key: UUID
    understood: Literal["yes", ""] = ""
    body: Body
    reply_to: Chosen = None  # the message that this one answers


class Written(Form):
    """What has been written so far: with its spaces, for it will be gone on with."""

    body: Annotated[str, StringConstraints(strip_whitespace=False, max_length=LONGEST)] = ""
    reply_to: Chosen = None


class Search(Form):
    q: Annotated[str, Field(min_length=1, max_length=100)]
    before: Annotated[int | None, Field(ge=0, lt=2**31)] = None


class Edition(Form):
    body: Body


class Reading(Form):
    number: Annotated[int, Field(ge=0, lt=2**31)]


class Beginning(Form):
    audience: Literal["clinical", "administrative", "billing"]


class Addressed(Beginning):
    """By staff also with whom on the client's side: the key of a Party."""

    people: Annotated[str, Field(max_length=40)] = ""


async def found(visit: Visit) -> Conversation:
    """The conversation of the path, which belongs to the client of the path."""
    conversation = await visit.me.find(Conversation, visit.id("conversation"))
    if conversation.client_id != visit.id("client"):
        raise NotVisible
    return conversation


def ids(visit: Visit) -> dict[str, UUID]:
    return {"client": visit.id("client"), "conversation": visit.id("conversation")}


def here(visit: Visit, conversation: Conversation) -> str:
    return f"{base(visit.me, conversation.client_id)}/conversations/{conversation.id}"


def number_in(visit: Visit, name: str) -> int | None:
    """The number of a message that the address asks for."""
    said = visit.query(name)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None


async def parts(visit: Visit, conversation: Conversation) -> dict[str, Any]:
    """The live parts of an open conversation: its newest messages, or those around the one asked for."""
    ids = {"client": conversation.client_id, "conversation": conversation.id}
    at = number_in(visit, "at")
    drawn = {"conversation": await visit.draw(conversations.head, **ids)}
    if at is not None and is_far_back(conversation, at):
        return drawn | {"passage": await visit.draw(conversations.passage, **ids, at=at)}
    if visit.me.side == "client":
        drawn["availability"] = await visit.draw(availability, **ids)
    return drawn | {
        "messages": await visit.draw(conversations.messages, **ids),
        "way": await visit.draw(way, **ids),
        "draft": await visit.draw(conversations.draft, **ids),
    }


async def composer(visit: Visit, conversation: Conversation, label: str) -> dict[str, Any] | None:
    """Where one writes; none beside a passage further back."""
    at = number_in(visit, "at")
    if at is not None and is_far_back(conversation, at):
        return None
    kept = await draft_in(visit.me.see(Draft), conversation.id)
    return {
        "action": None if visit.viewed else f"{here(visit, conversation)}/messages",
        "draft_action": f"{here(visit, conversation)}/draft",
        "reply": await _reply(visit, conversation, kept),
        "with": key_of("messages", {"client": conversation.client_id, "conversation": conversation.id}),
        "key": uuid7(),
        "label": label,
        "list_id": f"messages-{conversation.id}",
        "for_client": visit.me.side == "client",
        "error": None,
        "text": (kept and kept.body) or "",
    }


async def _reply(visit: Visit, conversation: Conversation, kept: Draft | None) -> dict[str, Any] | None:
    """The message that the page was asked to answer, or else that the draft answers."""
    number = number_in(visit, "reply")
    answers = kept.reply_to_id if kept else None
    if number is not None:
        asked = visit.me.see(Message).where("r.conversation_id = :of", of=conversation.id)
        found = await asked.where("r.number = :number", number=number).first()
        answers = found.id if found else None
    return await conversations.quoted(visit.me, conversation.id, answers) if answers else None


async def older(visit: Visit, conversation: Conversation) -> Response | None:
    """The page of messages before a number, where the request asks for one by script."""
    before = number_in(visit, "before")
    if not visit.by_script or before is None:
        return None
    context = await window(visit.me, conversation, before)
    shown = context | {"region": "", "el": f"older-{conversation.id}", "reading_action": None}
    return visit.fragment(render("conversations/_messages.html", visit.language, shown))


async def send(visit: Visit) -> Answer:
    """Save a message and answer with it, rendered after commit; the same key again gives the same message.

    One that waited in a browser comes with `?waited`: what its author has begun since is a draft of its own.
    """
    conversation = await found(visit)
    if visit.errors:
        raise Refused(422, _why(visit))
    if not in_pace(visit.me.id, settings().messages_per_minute, monotonic()):
        raise Refused(429, "That’s a lot at once. Wait a minute, then send it again.")
    said: NewMessage = visit.form
    if said.reply_to and (await visit.me.find(Message, said.reply_to)).conversation_id != conversation.id:
        raise NotVisible
    message = uuid7()
    first = await once(visit, said.key, message=message)
    if first is not None:
        number = (await visit.me.find(Message, UUID(first["message"]))).number
    else:
        now = await _availability(visit, conversation)
        try:
            number = await conversation.post(
                said.body,
                visit.me.staff,
                visit.me.account,
                id=message,
                reply_to=said.reply_to,
                keep_draft="waited" in visit.request.query_params,
            )
        except Closed:
            raise Refused(409, "This conversation is closed. Nothing was sent.") from None
        if now is not None and now.after_hours:
            await _answer_by_itself(visit, conversation, now)
    if not visit.by_script:
        return go(here(visit, conversation))

    async def answer() -> Response:
        return visit.fragment(await one(visit, conversation.id, number), 201)

    return answer


async def _availability(visit: Visit, conversation: Conversation) -> Availability | None:
    """How it stands with writing here for somebody on the client's side, who is refused where they may not, or
    did not say that they know that it isn't read now. Staff write at any hour."""
    if visit.me.staff is not None:
        return None
    now = await of_conversation(visit.me.see(Conversation), conversation.id)
    if now is None:
        raise NotVisible
    if not now.may_write:
        raise Refused(409, "Nothing can be written here at the moment. Nothing was sent.")
    if now.after_hours and not visit.form.understood:
        raise Refused(
            409,
            "The office is closed, so nothing was sent yet. Tick “I know this isn’t read now”, then send it.",
        )
    return now


async def _answer_by_itself(visit: Visit, conversation: Conversation, now: Availability) -> None:
    """Say in the practice's name that the office is closed, in the writer's language."""
    practice = await the_practice()
    if practice.reply_by is not None and now.standing is not None:
        kept = (practice.reply_words or {}).get(visit.language)
        words = reply_text(visit.language, now.office, now.standing, practice.name, kept)
        await answer_by_itself(conversation, now.standing, words, practice.reply_by)


def _why(visit: Visit) -> str:
    if "key" in visit.errors:
        return visit.say("This form is too old. Reload the page and try again.")
    return visit.say("Your message was not sent. %(why)s", why=visit.errors.get("body", "")).strip()


async def one(visit: Visit, conversation: UUID, number: int) -> str:
    """One message as this viewer's list shows it now."""
    loaded, now = await message_now(visit.me.see(Message), conversation, number)
    visit.since = now or visit.since
    readers = await seen({conversation: (number, number)})
    notes = await notes_under({conversation: (number, number)}) if visit.me.kind is Kind.STAFF else {}
    return items(visit.me, loaded, readers[conversation], {number}, notes.get(conversation))


async def keep_draft(visit: Visit) -> Answer:
    """Keep what somebody is writing, for themselves."""
    conversation = await found(visit)
    if visit.errors:
        raise Refused(422, "This is too long to be kept.")
    written: Written = visit.form
    if (
        written.reply_to
        and (await visit.me.find(Message, written.reply_to)).conversation_id != conversation.id
    ):
        raise NotVisible
    await Draft.keep(conversation.id, written.body, written.reply_to, visit.me.staff, visit.me.account)
    return Response(status_code=204)


async def searching(visit: Visit) -> dict[str, Any]:
    """A conversation's page of searching. The words come in the body: an address is written down everywhere."""
    conversation = await found(visit)
    ids = {"client": conversation.client_id, "conversation": conversation.id}
    said: Search | None = visit.form
    shown: dict[str, Any] = {
        "action": f"{here(visit, conversation)}/search",
        "with": key_of("thread-head", ids),
        "q": visit.sent.get("q", "")[:100],
        "error": visit.errors.get("q"),
        "looked": said is not None and bool(words_of(said.q)),
    }
    regions = {"conversation": await visit.draw(conversations.head, **ids)}
    if said is not None and shown["looked"]:
        hits = await search(visit.me.see(Message), conversation.id, words_of(said.q), said.before)
        numbers = "-".join(str(number) for number in hits.numbers)
        regions["found"] = await visit.draw(conversations.found_messages, **ids, q=said.q, numbers=numbers)
        shown |= {"before": hits.before, "all_line": _found_line(visit, hits)}
        # Outside any transaction: it may take a while, and writes this one row.
        await audit.note(
            "search conversation",
            side=visit.me.side,
            actor=visit.me.id,
            client=conversation.client_id,
            record=conversation.id,
        )
    return {"search": shown, "back_href": here(visit, conversation), "regions": regions}


def _found_line(visit: Visit, hits: Found) -> str:
    if hits.numbers:
        return say_many(
            visit.language, "One message, newest first", "%(num)s messages, newest first", len(hits.numbers)
        )
    if hits.before is None:
        return visit.say("No message here says that.")
    return visit.say("None of the newer messages says that.")


# --- What is done with one message ------------------------------------------------------------


async def _found_message(visit: Visit) -> tuple[Conversation, Message]:
    """The message of the path, which belongs to the conversation of the path."""
    conversation = await found(visit)
    message = await visit.me.find(Message, visit.id("message"))
    if message.conversation_id != conversation.id:
        raise NotVisible
    return conversation, message


async def acts(visit: Visit) -> dict[str, Any]:
    """A message, what may be done with it, and to staff what it said before."""
    conversation, message = await _found_message(visit)
    client = await visit.me.find(Client, conversation.client_id)
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
        "seen_label": seen_label(visit.me, shown, readers[conversation.id]),
        "reply_href": None if shown["withdrawn"] or client.archived_at else f"{place}?reply={message.number}",
        "reply_id": message.id,
        "body": shown["body"],
        "action": f"{place}/messages/{message.id}" if may_change else None,
        "until": time_of_day(until, zone(), visit.language) if until and may_change else None,
        "too_late": _too_late(visit, minutes) if until and not may_change else None,
        "before": [
            {
                "paragraphs": paragraphs(version.body or ""),
                "at": at_in_words(version.from_at, zone(), visit.language),
            }
            for version in before
        ],
    }


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
    return visit.fragment(render("conversations/_acts_dialog.html", visit.language, {"acts": shown}))


async def edit(visit: Visit) -> Answer:
    """Say a message of one's own in other words, while the practice's time for that lasts."""
    if "body" in visit.errors:
        raise Refused(422, visit.say("Nothing was changed. %(why)s", why=visit.errors["body"]))
    return await _change(visit, "edit message", lambda m, c, n: m.edit(visit.form.body, visit.me.id, n, c))


async def withdraw(visit: Visit) -> Answer:
    """Take back a message of one's own, while that time lasts."""
    return await _change(visit, "withdraw message", lambda m, c, n: m.withdraw(visit.me.id, n, c))


async def _change(visit: Visit, act: str, change: Callable[[Message, UUID, int], Awaitable[None]]) -> Answer:
    conversation, message = await _found_message(visit)
    minutes = (await the_practice()).edit_minutes
    try:
        await change(message, conversation.client_id, minutes)
    except NotTheirs:
        raise NotPermitted(visit.say("Only who wrote a message can change it.")) from None
    except TooLate:
        why = _too_late(visit, minutes)
        raise Refused(409, visit.say("This can’t be changed any more. %(why)s", why=why)) from None
    await audit.note(
        act, side=visit.me.side, actor=visit.me.id, client=conversation.client_id, record=message.id
    )
    if visit.by_script:
        return Response(status_code=204)
    return go(f"{here(visit, conversation)}?at={message.number}#message-{message.id}")


async def read(visit: Visit) -> Answer:
    """Note how far someone has read. Counts elsewhere follow by themselves."""
    conversation = await found(visit)
    if visit.errors:
        raise Refused(422, "There is no such message.")
    await conversation.read(visit.form.number, staff=visit.me.staff, account=visit.me.account)
    return Response(status_code=204)


async def begun(visit: Visit, people: tuple[bool, list[UUID]]) -> str:
    """Where one writes to the chosen audience: in the conversation there is between these people, or in a new one."""
    if visit.errors:
        raise Refused(422, "Choose who is to read it.")
    client = await visit.me.find(Client, visit.id("client"))
    audience = Audience[visit.form.audience.upper()]
    if audience not in await would_read(visit.me.see(Client), client.id, *people):
        raise Refused(409, "Nobody of the practice could read that at the moment. Nothing was begun.")
    conversation, is_new = await begin(visit.me.see(Conversation), client, audience, *people)
    if is_new:
        await audit.note(
            "start conversation",
            side=visit.me.side,
            actor=visit.me.id,
            client=client.id,
            record=conversation,
        )
    return f"{base(visit.me, client.id)}/conversations/{conversation}"
