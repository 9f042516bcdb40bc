"""Messages as a page shows them: whose they are, when, close to the one before, seen by whom, with notes and quotes."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.language import at_in_words, date_in_words, day, listed, local_day, say, time_of_day
from portal.models.ground.fact import Bookmark
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
    """Say that the other side has seen a message. A client is told of their own no more than that somebody has; staff,
    of what staff wrote, who has and when."""
    language, number = viewer.language, message["number"]
    if message["withdrawn"]:
        return None
    if viewer.kind is not Kind.STAFF:
        seen_by_staff = any(reader.by_staff and reader.saw(number) for reader in seen_by)
        return say(language, "Seen") if message["author"] == viewer.id and seen_by_staff else None
    if not message["by_staff"]:
        return None
    sent_on, who = local_day(message["sent_at"], zone()), []
    for reader in seen_by:
        at = None if reader.by_staff else reader.saw(number)
        if at is not None:
            when = time_of_day(at, zone(), language)
            if local_day(at, zone()) != sent_on:
                when = f"{date_in_words(local_day(at, zone()), language)}, {when}"
            who.append(f"{reader.name} ({when})")
    return say(language, "Seen by %(who)s", who=listed(language, who)) if who else None
