"""Messages as a page shows them: whose they are, when, close to the one before, seen by whom, with notes and quotes."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.language import at_in_words, day, listed, local_day, say, shortly_after, time_of_day
from portal.models.ground.fact import Bookmark
from portal.models.ground.person import first_of
from portal.models.ground.record import Kind
from portal.models.messages.message import Message, Reader, message_now, seen
from portal.models.messages.note import Notes, notes_under
from portal.regions.phrases import excerpt, paragraphs, thread_href, zone
from portal.viewer import NotVisible, Viewer
from portal.web.rendering import render

CLOSE = dt.timedelta(minutes=5)  # messages of one person this near stand together


@dataclass(frozen=True)
class Marks:
    """The marks at messages of one conversation: who has seen which, and the notes of staff under them."""

    seen_by: list[Reader]
    notes: Notes


async def marks_at(loaded: dict[UUID, list[dict[str, Any]]], for_staff: bool) -> dict[UUID, Marks]:
    """Return the marks at these messages of each conversation; notes where somebody of the staff is asking."""
    numbers = {of: [message["number"] for message in messages] for of, messages in loaded.items() if messages}
    spans = {of: (min(some), max(some)) for of, some in numbers.items()}
    seen_by = await seen(spans) if spans else {}
    notes = await notes_under(spans) if spans and for_staff else {}
    return {of: Marks(seen_by.get(of, []), notes.get(of, {})) for of in loaded}


async def message_as_shown(viewer: Viewer, conversation: UUID, number: int) -> tuple[str, Bookmark]:
    """Return one message as this viewer's list shows it now, and the bookmark of that moment. Raises NotVisible."""
    loaded, now = await message_now(viewer.see(Message), conversation, number)
    if now is None:
        raise NotVisible
    marks = await marks_at({conversation: loaded}, viewer.kind is Kind.STAFF)
    return items(viewer, loaded, marks[conversation], {number}), now


def items(viewer: Viewer, loaded: list[dict[str, Any]], marks: Marks, wanted: set[int]) -> str:
    """The `<li>`s of the messages with these numbers; the others are there to compare with."""
    return "".join(
        render("messages/_message.html", viewer.language, {"m": bubble})
        for bubble in bubbles_of(viewer, loaded, marks, wanted)
    )


def bubbles_of(viewer: Viewer, loaded: list[dict[str, Any]], marks: Marks, wanted: set[int]) -> list[dict[str, Any]]:
    """Messages as the template needs them: own or not, a new day, close to the one before, seen by whom."""
    if not loaded:
        return []
    href = thread_href(viewer, loaded[0]["client_id"], loaded[0]["conversation_id"])
    bubbles, language, here = [], viewer.language, zone()
    of_staff = viewer.kind is Kind.STAFF
    by_number = {message["number"]: message for message in loaded}
    for number in sorted(wanted & by_number.keys()):
        message, previous = by_number[number], by_number.get(number - 1)
        date = local_day(message["sent_at"], here)
        new_day = previous is None or local_day(previous["sent_at"], here) != date
        own = message["author"] == viewer.id
        bubbles.append(
            {
                "id": message["id"],
                "number": number,
                "own": own,
                "ours": of_staff and message["by_staff"] and not own,
                "for_staff": of_staff,
                "automatic": message["automatic"],
                "from_name": message["from_name"],
                "at": time_of_day(message["sent_at"], here, language),
                "at_iso": message["sent_at"].isoformat(),
                "day": date.isoformat(),
                "day_label": day(date, here, language) if new_day else None,
                "paragraphs": paragraphs(message["body"]),
                "more": not new_day
                and previous is not None
                and previous["author"] == message["author"]
                and message["sent_at"] - previous["sent_at"] < CLOSE,
                "edited": message["edited"] and not message["withdrawn"],
                "withdrawn": message["withdrawn"],
                "quote": _quote(viewer, message["quote"], href) if message["quote"] else None,
                "acts": of_staff or not (message["withdrawn"] or viewer.lens),
                "seen_label": seen_label(viewer, message, marks.seen_by),
                "href": f"{href}/messages/{message['id']}",
                "notes": [_note(viewer, note) for note in marks.notes.get(number, [])] if of_staff else [],
            }
        )
    return bubbles


def _note(viewer: Viewer, note: dict[str, Any]) -> dict[str, Any]:
    language = viewer.language
    by = say(language, "You") if note["by"] == viewer.id else note["by_name"]
    title = say(language, "Note by %(name)s", name=note["by_name"])
    if note["to"] is not None:
        title = say(language, "%(name)s handed it over to %(other)s", name=by, other=note["to_name"])
        if note["to"] == viewer.id:
            title = say(language, "%(name)s handed it over to you", name=by)
    return {
        "id": note["id"],
        "title": title,
        "at": at_in_words(note["written_at"], zone(), language),
        "at_iso": note["written_at"].isoformat(),
        "paragraphs": paragraphs(note["body"]) if note["body"] else [],
    }


def _quote(viewer: Viewer, quote: dict[str, Any], href: str) -> dict[str, Any]:
    language = viewer.language
    return {
        "href": f"{href}?at={quote['number']}#message-{quote['id']}",
        "from_name": say(language, "You") if quote["author"] == viewer.id else quote["from_name"],
        "text": say(language, "This message was withdrawn.") if quote["withdrawn"] else excerpt(quote["body"], 120),
    }


def seen_label(viewer: Viewer, message: dict[str, Any], seen_by: list[Reader]) -> str | None:
    """Say in short that the other side has seen a message. A client is told of their own no more than that somebody
    has; staff, of what staff wrote, who has and since when all of them have."""
    language, seen_at = viewer.language, _seen_at(viewer, message, seen_by)
    if not seen_at:
        return None
    if viewer.kind is not Kind.STAFF:
        at = time_of_day(message["sent_at"], zone(), language)
        return say(language, "Seen, sent %(time)s", time=at)
    when = shortly_after(max(at for _, at in seen_at), message["sent_at"], zone(), language)
    readers, count = [reader for reader, _ in seen_at], len(seen_at)
    if count == readers[0].taking_part == 2:
        return say(language, "Seen by both, %(time)s", time=when)
    if count <= 2:
        who = listed(language, [first_of(reader.name) for reader in readers])
        return say(language, "Seen by %(who)s, %(time)s", who=who, time=when)
    if count == readers[0].taking_part:
        return say(language, "Seen by all %(count)s, %(time)s", count=count, time=when)
    return say(language, "Seen by %(count)s people, %(time)s", count=count, time=when)


def seen_in_full(viewer: Viewer, message: dict[str, Any], seen_by: list[Reader]) -> str | None:
    """Say who has seen a message, each with the time; to a client no more than that somebody has."""
    language, seen_at = viewer.language, _seen_at(viewer, message, seen_by)
    if not seen_at:
        return None
    if viewer.kind is not Kind.STAFF:
        return say(language, "Seen")
    who = [f"{reader.name} ({shortly_after(at, message['sent_at'], zone(), language)})" for reader, at in seen_at]
    return say(language, "Seen by %(who)s", who=listed(language, who))


def _seen_at(viewer: Viewer, message: dict[str, Any], seen_by: list[Reader]) -> list[tuple[Reader, dt.datetime]]:
    """Return the people of the other side who have seen a message of the viewer's side, each with when."""
    to_staff = viewer.kind is not Kind.STAFF
    theirs = message["author"] == viewer.id if to_staff else message["by_staff"]
    if message["withdrawn"] or not theirs:
        return []
    return [
        (reader, at)
        for reader in seen_by
        if reader.by_staff is to_staff and (at := reader.saw(message["number"])) is not None
    ]
