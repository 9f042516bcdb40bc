"""Conversations: their head, their messages as a stream, the list of a client's, on both sides."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any
from uuid import UUID

from portal.facts import (
    ClientChanged,
    ConversationRead,
    ConversationStarted,
    MessageSent,
    StaffChanged,
)
from portal.language import day, listed, local_day, say, time_of_day
from portal.models.client import Client
from portal.models.conversation import (
    PAGE,
    Conversation,
    Message,
    messages_after,
    messages_before,
    readers,
    threads,
)
from portal.models.record import Kind
from portal.models.scope import Asked, who_may_see
from portal.regions import Ask, Context, Fresh, Stream, anyone, its, region
from portal.regions.words import (
    audience_label,
    paragraphs,
    readers_line,
    thread_row,
    zone,
)
from portal.rendering import render
from portal.viewer import Viewer

AT_ONCE = 200  # messages one push holds
CLOSE = dt.timedelta(minutes=5)  # messages of one person this near stand together


def base(viewer: Viewer, client: UUID) -> str:
    """Where a client's pages are for this viewer."""
    return f"/staff/clients/{client}" if viewer.kind is Kind.STAFF else f"/clients/{client}"


@region(
    "thread-head",
    "conversations/_head.html",
    on={ClientChanged: its("client"), StaffChanged: anyone},
)
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
        "title": _title(viewer, found.audience, found.confidential, who.first_name, who.name),
        "readers_line": readers_line(language, can_read, viewer.id),
        "confidential": found.confidential,
        "confidential_line": say(language, "Parents and guardians can’t see this conversation.")
        if found.confidential
        else None,
        "closed_line": say(language, "This chart is archived, so nothing new can be written.")
        if who.archived_at
        else None,
    }


def _title(viewer: Viewer, audience: str, confidential: bool, first_name: str, name: str) -> str:
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
    """The messages beyond each cursor, rendered for each viewer; who may not see is not answered."""
    seen: set[Asked] = set()
    for kind in {viewer.kind for viewer, _, _ in asks}:
        asked = {(viewer.id, viewer.client, of) for viewer, of, _ in asks if viewer.kind is kind}
        seen |= await who_may_see(Conversation, kind, asked)
    allowed = [ask for ask in asks if (ask[0].id, ask[0].client, ask[1]) in seen]
    if not allowed:
        return {}
    answers: dict[Ask, Fresh] = {}
    while left := [ask for ask in allowed if ask not in answers]:
        begins: dict[UUID, int] = {}
        for _, of, cursor in left:
            begins[of] = min(cursor, begins.get(of, cursor))
        loaded = await messages_after(begins, AT_ONCE)
        for viewer, of, cursor in left:
            # What is loaded begins with the page that is furthest behind, and need not reach the others:
            # those are asked for again, or they would seem to have it all.
            if cursor < begins[of] + AT_ONCE // 2:
                last = max((m["number"] for m in loaded[of]), default=0)
                fresh = items(viewer, loaded[of], after=cursor)
                # By the number, not by how many there are: before the first message there is none.
                more = last == begins[of] + AT_ONCE - 1
                answers[viewer, of, cursor] = Fresh(fresh, max(last, cursor), more)
    return answers


@region(
    "messages",
    "conversations/_messages.html",
    on={MessageSent: its("conversation")},
    stream=Stream(_since, of="conversation"),
)
async def messages(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    found = await viewer.see(Conversation).find(conversation)
    if found is None or found.client_id != client:
        return None
    return await window(viewer, found, None)


async def window(viewer: Viewer, conversation: Conversation, before: int | None) -> Context:
    """A page of messages: the newest, or those before a number."""
    loaded = await messages_before(viewer.see(Message), conversation.id, before)
    older = len(loaded) > PAGE
    shown = loaded[1:] if older else loaded
    href = f"{base(viewer, conversation.client_id)}/conversations/{conversation.id}"
    return {
        "items": views(viewer, shown, loaded[0] if older else None),
        "cursor": shown[-1]["number"] if shown else 0,
        "older_href": f"{href}?before={shown[0]['number']}" if older else None,
        "reading_action": f"{href}/reading",
    }


def items(viewer: Viewer, loaded: list[dict[str, Any]], after: int) -> str:
    """The `<li>`s of the messages beyond a number, with the one at it only to compare with."""
    previous = next((m for m in loaded if m["number"] == after), None)
    fresh = [m for m in loaded if m["number"] > after]
    return "".join(
        render("conversations/_message.html", viewer.language, {"m": m})
        for m in views(viewer, fresh, previous)
    )


def views(
    viewer: Viewer, loaded: list[dict[str, Any]], previous: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Messages as the template needs them: own or not, a new day, close to the one before."""
    shown, language, here = [], viewer.language, zone()
    for message in loaded:
        date = local_day(message["sent_at"], here)
        new_day = previous is None or local_day(previous["sent_at"], here) != date
        shown.append(
            {
                "id": message["id"],
                "number": message["number"],
                "own": message["author"] == viewer.id,
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
                "state_label": say(language, "Sent"),
            }
        )
        previous = message
    return shown


_LIST = {
    MessageSent: its("client"),
    ConversationStarted: its("client"),
    ConversationRead: anyone,
    ClientChanged: its("client"),
    StaffChanged: anyone,
}


async def _rows(viewer: Viewer, client: UUID, current: UUID | None) -> list[dict[str, Any]]:
    found = await threads(viewer.see(Conversation).where("r.client_id = :of", of=client))
    can_read = await readers(viewer.see(Conversation), [row["id"] for row in found])
    rows = []
    for row in found:
        href = f"{base(viewer, client)}/conversations/{row['id']}"
        entry = thread_row(viewer.language, row, viewer.id, href)
        if entry["from_name"] and entry["excerpt"]:
            entry["excerpt"] = f"{entry['from_name']}: {entry['excerpt']}"
        who = can_read.get(row["id"], defaultdict(list))
        title = (
            listed(viewer.language, [p["name"] for p in who["people"]]) or entry["client_name"]
            if viewer.kind is Kind.STAFF
            else _title(
                viewer,
                row["audience"],
                row["confidential"],
                row["first_name"],
                entry["client_name"],
            )
        )
        rows.append(
            entry
            | {
                "title": title,
                "readers_line": readers_line(viewer.language, who, viewer.id),
                "current": row["id"] == current,
            }
        )
    return rows


@region("chart-threads", "staff/conversations/_threads.html", on=_LIST)
async def chart_threads(viewer: Viewer, client: UUID, current: UUID | None) -> Context | None:
    if await viewer.see(Client).find(client) is None:
        return None
    return {"rows": await _rows(viewer, client, current), "new_href": None}


@region("threads", "client/conversations/_threads.html", on=_LIST)
async def client_threads(viewer: Viewer, client: UUID) -> Context | None:
    if await viewer.see(Client).find(client) is None:
        return None
    return {"rows": await _rows(viewer, client, None), "new_href": None}
