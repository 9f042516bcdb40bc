"""Conversations: their head, their messages as a stream, the list of a client's, on both sides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

from portal.facts import (
    DraftChanged,
    Fact,
    MessageSent,
    MessagesSeen,
    NoteWritten,
    OfChart,
    OfMessage,
    OfMessageText,
    OfStaff,
)
from portal.language import at_in_words, date_in_words, date_of, day, listed, local_day, say, time_of_day
from portal.models.ground.person import words_of
from portal.models.ground.record import Kind
from portal.models.messages.conversation import Conversation
from portal.models.messages.draft import Draft, draft_in
from portal.models.messages.message import (
    PAGE,
    Message,
    Reader,
    message_now,
    messages_after,
    messages_among,
    messages_before,
    messages_numbered,
    seen,
)
from portal.models.messages.note import Notes, notes_under
from portal.models.messages.readers import readers
from portal.models.messages.search import MOST, holds, marked
from portal.models.people.client import CareTeam, Client
from portal.models.people.leave import away_from
from portal.permissions import Audience, Right
from portal.regions import Ask, Context, Fresh, Stream, region
from portal.regions.phrases import audience_label, base, excerpt, paragraphs, readers_line, zone
from portal.viewer import Viewer, may_see
from portal.web.rendering import render

AT_ONCE = 200  # messages one push holds
NEAR = 50  # messages before a page's last that are loaded with what is beyond it
CLOSE = dt.timedelta(minutes=5)  # messages of one person this near stand together


@region("thread-head", "messages/_head.html", side="both", needs=Right.MESSAGES, on=(OfChart, OfStaff))
async def head(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    found = await viewer.see(Conversation).find(conversation)
    if found is None or found.client_id != client:
        return None
    who = await viewer.see(Client).find(client)
    if who is None:
        return None
    language = viewer.language
    can_read = (await readers(viewer.see(Conversation), [conversation])).get(conversation)
    if can_read is None:
        return None
    return {
        "title": title_of(viewer, found.audience, found.confidential, who.first_name, who.name),
        "readers_line": readers_line(language, can_read, viewer.id),
        "readers_href": f"{_address(viewer, client, conversation)}/readers",
        "search_href": None if viewer.lens else f"{_address(viewer, client, conversation)}/search",
        "confidential_line": confidential_line(language) if found.confidential else None,
        "hints": await _hints(viewer, who, found.audience),
        "closed_line": say(language, "This chart is archived, so nothing new can be written.")
        if who.archived_at
        else None,
    }


async def _hints(viewer: Viewer, client: Client, audience: str) -> list[tuple[str, str]]:
    """Return the other things one should know before one writes: an icon and a sentence each. Colleagues who are away,
    where one writes to the care team; the client's side reads of its own limits where it writes."""
    hints = []
    if audience == Audience.CLINICAL.key:
        for absence in await away_from(viewer.see(CareTeam), client.id):
            hints.append(("clock", _absence(viewer, absence)))
    if viewer.kind is Kind.STAFF and client.messaging != "on":
        text = (
            say(viewer.language, "%(name)s’s side can’t write here: messages are switched off.", name=client.first_name)
            if client.messaging == "off"
            else say(viewer.language, "%(name)s’s side may only answer.", name=client.first_name)
        )
        hints.append(("lock", text))
    return hints


def _absence(viewer: Viewer, absence: dict[str, Any]) -> str:
    language = viewer.language
    back = date_of(local_day(absence["until_at"], zone()), language)
    if absence["cover_id"] is None:
        return say(language, "%(name)s is away, and back on %(date)s.", name=absence["name"], date=back)
    if absence["cover_id"] == viewer.id:
        return say(
            language,
            "%(name)s is away, and back on %(date)s. Until then you stand in.",
            name=absence["name"],
            date=back,
        )
    return say(
        language,
        "%(name)s is away, and back on %(date)s. Until then %(cover)s reads and answers here.",
        name=absence["name"],
        date=back,
        cover=absence["cover_name"],
    )


def confidential_line(language: str) -> str:
    return say(language, "Parents and guardians can’t see this conversation.")


def title_of(viewer: Viewer, audience: str, confidential: bool, first_name: str, name: str) -> str:
    language = viewer.language
    if viewer.kind is Kind.STAFF:
        return f"{name}, {audience_label(language, audience).lower()}"
    if confidential:
        return say(language, "Just you and your care team")
    if audience == "clinical":
        return say(language, "%(name)s’s care team", name=first_name)
    if audience == "billing":
        return say(language, "Billing for %(name)s", name=first_name)
    return say(language, "The office, about %(name)s", name=first_name)


async def _since(asks: list[Ask]) -> dict[Ask, Fresh]:
    """Return the changed and new messages, rendered for each viewer; a viewer who may not see them is not answered."""
    seen_by = await may_see(Conversation, {(viewer, of) for viewer, of, *_ in asks})
    allowed = [ask for ask in asks if (ask[0], ask[1]) in seen_by]
    if not allowed:
        return {}
    answers: dict[Ask, Fresh] = {}
    while left := [ask for ask in allowed if ask not in answers]:
        begins: dict[UUID, int] = {}
        for ask in left:
            begins[ask[1]] = min(_begin(ask), begins.get(ask[1], _begin(ask)))
        loaded = await messages_after(begins, AT_ONCE)
        # What is loaded begins with the page that is furthest behind, and need not reach the others:
        # those are asked for again, or they would seem to have it all.
        reached = [ask for ask in left if _begin(ask) < begins[ask[1]] + AT_ONCE // 2]
        lasts = {of: max((m["number"] for m in found), default=0) for of, found in loaded.items()}
        if far := {(of, n) for _, of, cursor, changed in reached for n in changed if n < cursor - NEAR}:
            for of, found in (await messages_among(far)).items():
                known = {m["number"] for m in loaded[of]}
                loaded[of] = [*loaded[of], *(m for m in found if m["number"] not in known)]
        readers_of, notes_of = await _seen(loaded), await _notes(loaded, [ask[0] for ask in reached])
        for ask in reached:
            viewer, of, cursor, changed = ask
            wanted = {m["number"] for m in loaded[of] if m["number"] > cursor} | changed
            fresh = items(viewer, loaded[of], readers_of[of], wanted, notes_of.get(of))
            # By the number, not by how many there are: before the first message there is none.
            more = lasts[of] == begins[of] + AT_ONCE - 1
            answers[ask] = Fresh(fresh, max(lasts[of], cursor), more)
    return answers


def _begin(ask: Ask) -> int:
    """From which number on messages are loaded for it: what changed just before its end is loaded with that."""
    _, _, cursor, changed = ask
    return min([cursor, *(n - 1 for n in changed if n >= cursor - NEAR)])


def _spans(loaded: dict[UUID, list[dict[str, Any]]]) -> dict[UUID, tuple[int, int]]:
    return {
        of: (min(m["number"] for m in found), max(m["number"] for m in found)) for of, found in loaded.items() if found
    }


async def _notes(loaded: dict[UUID, list[dict[str, Any]]], viewers: list[Viewer]) -> dict[UUID, Notes]:
    """Return the notes of staff under these messages, where somebody of the staff is asking."""
    spans = _spans(loaded)
    of_staff = any(viewer.kind is Kind.STAFF for viewer in viewers)
    return await notes_under(spans) if spans and of_staff else {}


async def _seen(loaded: dict[UUID, list[dict[str, Any]]]) -> dict[UUID, list[Reader]]:
    spans = _spans(loaded)
    return {of: [] for of in loaded} | (await seen(spans) if spans else {})


def _changed(fact: Fact, viewer: Viewer) -> Collection[int] | None:
    """Return the numbers of the messages that a fact changed for this viewer. What only the other side is told of
    has changed nothing, so nothing tells that there is something to tell."""
    of_staff = viewer.kind is Kind.STAFF
    match fact:
        case MessagesSeen():
            return range(fact.first, fact.last + 1) if of_staff is (fact.staff is None) else ()
        case NoteWritten() if not of_staff:
            return ()
        case OfMessage():
            return (fact.number,)
    return None


@region(
    "messages",
    "messages/_messages.html",
    side="both",
    needs=Right.MESSAGES,
    on=(MessageSent, MessagesSeen, OfMessage),
    stream=Stream(_since, of="conversation", changed=_changed),
)
async def messages(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    found = await viewer.see(Conversation).find(conversation)
    if found is None or found.client_id != client:
        return None
    return await window(viewer, found, None)


@region("found", "messages/_found.html", side="both", needs=Right.MESSAGES, on=(OfMessageText,))
async def found_messages(viewer: Viewer, client: UUID, conversation: UUID, q: str, numbers: str) -> Context | None:
    """Show the messages a search has found, as long as they still hold its words. Later ones are for the next
    search."""
    if (about := await viewer.see(Conversation).find(conversation)) is None or about.client_id != client:
        return None
    words, asked = words_of(q), [int(n) for n in numbers.split("-") if n.isascii() and n.isdigit()]
    rows = await messages_numbered(viewer.see(Message), conversation, [n for n in asked if n < 2**31][:MOST])
    href, language = _address(viewer, client, conversation), viewer.language
    return {
        "rows": [
            {
                "href": f"{href}?at={row['number']}#message-{row['id']}",
                "from_name": say(language, "You") if row["author"] == viewer.id else row["from_name"],
                "at": f"{date_in_words(local_day(row['sent_at'], zone()), language)}, "
                f"{time_of_day(row['sent_at'], zone(), language)}",
                "at_iso": row["sent_at"].isoformat(),
                "pieces": marked(row["body"], words),
            }
            for row in rows
            if words and holds(row["body"], words)
        ]
    }


@region("draft", "messages/_draft.html", side="both", needs=Right.MESSAGES, on=(DraftChanged, OfMessageText))
async def draft(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    """Show the draft the viewer has begun here, perhaps on another device, and the words that it answers."""
    found = await viewer.see(Conversation).find(conversation)
    if found is None or found.client_id != client:
        return None
    kept = await draft_in(viewer.see(Draft), conversation)
    answers = await quoted(viewer, conversation, kept.reply_to_id) if kept and kept.reply_to_id else None
    return {"body": kept.words if kept else "", "reply": answers}


async def quoted(viewer: Viewer, conversation: UUID, message: UUID) -> dict[str, Any] | None:
    """A message as the composer shows that one answers it; None for one that is not there to be answered."""
    found = await viewer.see(Message).find(message)
    if found is None or found.conversation_id != conversation or found.withdrawn_at is not None:
        return None
    loaded, _ = await message_now(viewer.see(Message), conversation, found.number)
    own = loaded[-1]["author"] == viewer.id
    return {
        "id": message,
        "from_name": say(viewer.language, "You") if own else loaded[-1]["from_name"],
        "text": excerpt(loaded[-1]["body"], 120),
    }


@region("passage", "messages/_passage.html", side="both", needs=Right.MESSAGES, on=(MessagesSeen, OfMessage))
async def passage(viewer: Viewer, client: UUID, conversation: UUID, at: int) -> Context | None:
    """The messages around a number, further back than the newest page of them."""
    found = await viewer.see(Conversation).find(conversation)
    if found is None or found.client_id != client:
        return None
    shown = await window(viewer, found, at + PAGE // 2)
    href = _address(viewer, client, conversation)
    return shown | {"newest_href": href, "later_href": f"{href}?at={min(at, 2**30) + PAGE}"}


def is_far_back(conversation: Conversation, at: int) -> bool:
    """Tell whether the newest page of messages begins after this number, well enough to show what is around it."""
    return at + PAGE // 2 < conversation.last_number


async def window(viewer: Viewer, conversation: Conversation, before: int | None) -> Context:
    """A page of messages: the newest, or those before a number."""
    loaded = await messages_before(viewer.see(Message), conversation.id, before)
    older = len(loaded) > PAGE
    shown = loaded[1:] if older else loaded
    readers_of = await _seen({conversation.id: shown})
    notes_of = await _notes({conversation.id: shown}, [viewer])
    href = _address(viewer, conversation.client_id, conversation.id)
    return {
        "items": views(
            viewer,
            loaded,
            readers_of[conversation.id],
            {m["number"] for m in shown},
            href,
            notes_of.get(conversation.id),
        ),
        "cursor": shown[-1]["number"] if shown else 0,
        "older_href": f"{href}?before={shown[0]['number']}" if older else None,
        "reading_action": None if viewer.lens else f"{href}/reading",
    }


def items(
    viewer: Viewer, loaded: list[dict[str, Any]], readers_of: list[Reader], wanted: set[int], notes: Notes | None
) -> str:
    """The `<li>`s of the messages with these numbers; the others are there to compare with."""
    if not loaded:
        return ""
    href = _address(viewer, loaded[0]["client_id"], loaded[0]["conversation_id"])
    return "".join(
        render("messages/_message.html", viewer.language, {"m": m})
        for m in views(viewer, loaded, readers_of, wanted, href, notes)
    )


def _address(viewer: Viewer, client: UUID, conversation: UUID) -> str:
    return f"{base(viewer, client)}/conversations/{conversation}"


def views(
    viewer: Viewer,
    loaded: list[dict[str, Any]],
    readers_of: list[Reader],
    wanted: set[int],
    href: str,
    notes: Notes | None,
) -> list[dict[str, Any]]:
    """Messages as the template needs them: own or not, a new day, close to the one before, seen by whom."""
    shown, language, here = [], viewer.language, zone()
    by_number = {m["number"]: m for m in loaded}
    for number in sorted(wanted & by_number.keys()):
        message, previous = by_number[number], by_number.get(number - 1)
        date = local_day(message["sent_at"], here)
        new_day = previous is None or local_day(previous["sent_at"], here) != date
        own = message["author"] == viewer.id
        shown.append(
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
                "acts": viewer.kind is Kind.STAFF or not (message["withdrawn"] or viewer.lens),
                "seen_label": seen_label(viewer, message, readers_of),
                "href": f"{href}/messages/{message['id']}",
                "notes": [_note(viewer, note) for note in notes.get(number, [])]
                if notes and viewer.kind is Kind.STAFF
                else [],
            }
        )
    return shown


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


def seen_label(viewer: Viewer, message: dict[str, Any], readers_of: list[Reader]) -> str | None:
    """Say that the other side has seen a message. A client is told of their own no more than that somebody has; staff,
    of what staff wrote, who has and when."""
    language, number = viewer.language, message["number"]
    if message["withdrawn"]:
        return None
    if viewer.kind is not Kind.STAFF:
        seen_by_staff = any(reader.by_staff and reader.saw(number) for reader in readers_of)
        return say(language, "Seen") if message["author"] == viewer.id and seen_by_staff else None
    if not message["by_staff"]:
        return None
    sent_on, who = local_day(message["sent_at"], zone()), []
    for reader in readers_of:
        at = None if reader.by_staff else reader.saw(number)
        if at is not None:
            when = time_of_day(at, zone(), language)
            if local_day(at, zone()) != sent_on:
                when = f"{date_in_words(local_day(at, zone()), language)}, {when}"
            who.append(f"{reader.name} ({when})")
    return say(language, "Seen by %(who)s", who=listed(language, who)) if who else None
