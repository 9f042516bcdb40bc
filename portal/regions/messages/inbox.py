"""Staff's inbox: its list, with the numbers above it, and the count beside its name."""

from typing import Any
from uuid import UUID

from portal.facts import OfChart, OfStaff, OfThreadList, OfTriage
from portal.language import exactly, say
from portal.models.ground.person import first_of
from portal.models.messages.conversation import Conversation
from portal.models.messages.inbox import View, counts, narrowed, page_of_inbox, unread_conversations
from portal.models.people.client import Client
from portal.permissions import Audience
from portal.regions import Context, region
from portal.regions.messages.inbox_filter import InboxFilter
from portal.regions.phrases import audience_label, thread_row, zone
from portal.viewer import Viewer


@region("inbox-count", "staff/messages/inbox/_count.html", side="staff", needs=None, on=(OfThreadList, OfTriage))
async def unread_count(viewer: Viewer) -> Context | None:
    return {"count": await unread_conversations(viewer.see(Conversation))}


@region(
    "inbox",
    "staff/messages/inbox/_list.html",
    side="staff",
    needs=None,
    on=(OfThreadList, OfTriage, OfChart, OfStaff),
    element="inbox-list",
)
async def inbox_list(
    viewer: Viewer, view: str | None, audience: str | None, client: UUID | None, after: str | None, current: UUID | None
) -> Context | None:
    if current is not None and await viewer.see(Conversation).find(current) is None:
        return None  # what the page stands on is this viewer's no more, so the page is not
    language = viewer.language
    part = InboxFilter.read(view, audience, client, after)
    scope = narrowed(viewer.see(Conversation), part.audience, part.client)
    rows, more = await page_of_inbox(scope, part.view, part.after)
    numbers = await counts(scope)
    about = await viewer.see(Client).find(part.client) if part.client else None
    return {
        "rows": [_row(viewer, row, part, current) for row in rows],
        "chips": [_chip(language, view, part, numbers.get(view)) for view in _CHIPS],
        "folded": _folded(language, part),
        "narrowed": _narrowed(language, part, about),
        "next_href": part.href(current, after=(rows[-1]["stirs_at"], rows[-1]["id"])) if more else None,
        "first_href": part.href(current, after=None) if part.after else None,
        "empty": _EMPTY[part.view],
        "view": part.view.value,
    }


_CHIPS = (View.ALL, View.MINE, View.UNREAD, View.ANSWER)
_FOLDED = (View.UNASSIGNED, View.SNOOZED, View.DONE)
_LABELS = {
    View.ALL: "All",
    View.MINE: "Mine",
    View.UNREAD: "Unread",
    View.ANSWER: "To answer",
    View.UNASSIGNED: "Nobody is on it",
    View.SNOOZED: "Snoozed",
    View.DONE: "Done",
}
_EMPTY = {
    View.ALL: "circle-check",
    View.MINE: "circle-check",
    View.UNREAD: "inbox",
    View.ANSWER: "circle-check",
    View.UNASSIGNED: "users",
    View.SNOOZED: "clock",
    View.DONE: "archive",
}


def _chip(language: str, view: View, part: InboxFilter, count: int | None) -> dict[str, Any]:
    return {
        "href": part.href(view=view),
        "label": say(language, _LABELS[view]),
        "count": count,
        "current": view is part.view,
    }


def _folded(language: str, part: InboxFilter) -> list[list[dict[str, Any]]]:
    """The rarer ones: views, and audiences."""
    views = [_chip(language, view, part, None) for view in _FOLDED]
    audiences: list[Audience | None] = [None, *Audience]
    return [
        views,
        [
            {
                "href": part.href(audience=audience),
                "label": audience_label(language, audience.key) if audience else say(language, "Every audience"),
                "count": None,
                "current": audience is part.audience,
            }
            for audience in audiences
        ],
    ]


def _narrowed(language: str, part: InboxFilter, about: Client | None) -> list[dict[str, str]]:
    """Return the filters of the list beside the chips, each with the address that takes it away."""
    filters = []
    if part.view in _FOLDED:
        filters.append({"label": say(language, _LABELS[part.view]), "href": part.href(view=View.ALL)})
    if part.audience is not None:
        filters.append({"label": audience_label(language, part.audience.key), "href": part.href(audience=None)})
    if part.client is not None:
        name = about.name if about else say(language, "One client")
        filters.append({"label": name, "href": part.href(client=None)})
    return filters


def _row(viewer: Viewer, row: dict[str, Any], part: InboxFilter, current: UUID | None) -> dict[str, Any]:
    language = viewer.language
    entry = thread_row(language, row, viewer.id, part.href(row["id"]))
    if entry["from_name"] and entry["from_name"] != entry["client_name"]:
        entry["excerpt"] = f"{entry['from_name']}: {entry['excerpt']}"
    marks = []
    if row["on_it"] is not None and row["on_it"] != viewer.id:
        marks.append(say(language, "%(name)s is on it", name=first_of(row["on_it_name"])))
    if row["last_side"] == "client" and not row["unread"] and row["done_at"] is None:
        marks.append(say(language, "Waiting for reply"))
    if row["stirs_at"] > row["last_at"]:
        again = exactly(row["stirs_at"], zone(), language)
        later = part.view is View.SNOOZED
        marks.append(say(language, "Until %(time)s" if later else "Back since %(time)s", time=again))
    return entry | {"id": row["id"], "kept": row["kept"], "marks": marks, "current": row["id"] == current}
