"""Staff's inbox: its list with the numbers above it, what is done with the open conversation, and about whom it is."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from portal.facts import MessageSent, OfChart, OfStaff, OfThreadList, OfTriage
from portal.language import age_in_words, exactly, say, short
from portal.models.ground.person import first_of, initial
from portal.models.ground.record import shown
from portal.models.ground.rules import allows
from portal.models.messages.conversation import Conversation, threads
from portal.models.messages.inbox import Place, View, counts, narrowed, page_of_inbox, unread_conversations, who_is_on
from portal.models.people.client import CareTeam, Client, team_of
from portal.models.people.contact import ContactLink
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Audience, Right
from portal.regions import Context, region
from portal.regions.phrases import audience_label, relation_in_words, role_label, thread_row, zone
from portal.viewer import Viewer

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class InboxFilter:
    """A wish for a part of the inbox. It stands in the address as ids and words of ours alone."""

    view: View = View.ALL
    audience: Audience | None = None
    client: UUID | None = None
    after: Place | None = None

    @classmethod
    def read(cls, view: str | None, audience: str | None, client: UUID | None, after: str | None) -> InboxFilter:
        """As an address says it; what is no word of ours says nothing."""
        views = {one.value: one for one in View}
        audiences = {one.key: one for one in Audience}
        return cls(views.get(view or "", View.ALL), audiences.get(audience or ""), client, _place(after or ""))

    @property
    def args(self) -> dict[str, Any]:
        """The arguments of the list's region; those that say nothing are left out of its key."""
        return {
            "view": None if self.view is View.ALL else self.view.value,
            "audience": self.audience.key if self.audience else None,
            "client": self.client,
            "after": _token(self.after) if self.after else None,
        }

    def href(self, conversation: UUID | None = None, **other: Any) -> str:
        """The address of this, or of it with something else, with a conversation open in it or none."""
        wish = dataclasses.replace(self, **({"after": None} | other)) if other else self
        return f"/staff/inbox/{conversation}{wish._said}" if conversation else f"/staff/inbox{wish._said}"

    @cached_property
    def _said(self) -> str:
        said = {name: value for name, value in self.args.items() if value is not None}
        return f"?{urlencode(said)}" if said else ""


def _token(place: Place) -> str:
    return f"{(place[0] - EPOCH) // MICROSECOND}.{place[1]}"


def _place(token: str) -> Place | None:
    time, _, id = token.partition(".")
    try:
        return EPOCH + int(time) * MICROSECOND, UUID(id)
    except (ValueError, OverflowError):
        return None


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
    wish = InboxFilter.read(view, audience, client, after)
    scope = narrowed(viewer.see(Conversation), wish.audience, wish.client)
    rows, more = await page_of_inbox(scope, wish.view, wish.after)
    numbers = await counts(scope)
    about = await viewer.see(Client).find(wish.client) if wish.client else None
    return {
        "rows": [_row(viewer, row, wish, current) for row in rows],
        "chips": [_chip(language, one, wish, numbers.get(one)) for one in _CHIPS],
        "folded": _folded(language, wish),
        "narrowed": _narrowed(language, wish, about),
        "next_href": wish.href(current, after=(rows[-1]["stirs_at"], rows[-1]["id"])) if more else None,
        "first_href": wish.href(current, after=None) if wish.after else None,
        "empty": _EMPTY[wish.view],
        "view": wish.view.value,
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


def _chip(language: str, view: View, wish: InboxFilter, count: int | None) -> dict[str, Any]:
    return {
        "href": wish.href(view=view),
        "label": say(language, _LABELS[view]),
        "count": count,
        "current": view is wish.view,
    }


def _folded(language: str, wish: InboxFilter) -> list[list[dict[str, Any]]]:
    """The rarer ones: views, and audiences."""
    views = [_chip(language, view, wish, None) for view in _FOLDED]
    audiences: list[Audience | None] = [None, *Audience]
    return [
        views,
        [
            {
                "href": wish.href(audience=one),
                "label": audience_label(language, one.key) if one else say(language, "Every audience"),
                "count": None,
                "current": one is wish.audience,
            }
            for one in audiences
        ],
    ]


def _narrowed(language: str, wish: InboxFilter, about: Client | None) -> list[dict[str, str]]:
    """Return the filters of the list beside the chips, each with the address that takes it away."""
    found = []
    if wish.view in _FOLDED:
        found.append({"label": say(language, _LABELS[wish.view]), "href": wish.href(view=View.ALL)})
    if wish.audience is not None:
        found.append({"label": audience_label(language, wish.audience.key), "href": wish.href(audience=None)})
    if wish.client is not None:
        name = about.name if about else say(language, "One client")
        found.append({"label": name, "href": wish.href(client=None)})
    return found


def _row(viewer: Viewer, row: dict[str, Any], wish: InboxFilter, current: UUID | None) -> dict[str, Any]:
    language = viewer.language
    entry = thread_row(language, row, viewer.id, wish.href(row["id"]))
    if entry["from_name"] and entry["from_name"] != entry["client_name"]:
        entry["excerpt"] = f"{entry['from_name']}: {entry['excerpt']}"
    marks = []
    if row["on_it"] is not None and row["on_it"] != viewer.id:
        marks.append(say(language, "%(name)s is on it", name=first_of(row["on_it_name"])))
    if row["last_side"] == "client" and not row["unread"] and row["done_at"] is None:
        marks.append(say(language, "Waiting for reply"))
    if row["stirs_at"] > row["last_at"]:
        again = exactly(row["stirs_at"], zone(), language)
        later = wish.view is View.SNOOZED
        marks.append(say(language, "Until %(time)s" if later else "Back since %(time)s", time=again))
    return entry | {"id": row["id"], "marks": marks, "current": row["id"] == current}


@region(
    "handling",
    "staff/messages/inbox/_handling.html",
    side="staff",
    needs=None,
    on=(MessageSent, OfTriage, OfChart, OfStaff),
)
async def handling(viewer: Viewer, conversation: UUID) -> Context | None:
    """Show the state of a conversation, and what can be done with it."""
    found = await viewer.see(Conversation).find(conversation)
    if found is None:
        return None
    language = viewer.language
    on_it = await who_is_on(viewer.see(Conversation), conversation)
    return {
        "here": f"/staff/inbox/{conversation}",
        "me": viewer.id,
        "mine": on_it is not None and on_it[0] == viewer.id,
        "put_on_it": found.assigned_to is not None,
        "number": found.last_number,
        "on_it": _on_it(language, on_it, viewer.id),
        "done": await _done(viewer, found),
        "snoozed": await _snoozed(viewer, found),
        "can_snooze": found.last_at is not None and found.done_at is None,
    }


def _on_it(language: str, on_it: tuple[UUID, str] | None, viewer: UUID) -> str:
    if on_it is None:
        return say(language, "Nobody is on it")
    if on_it[0] == viewer:
        return say(language, "You’re on it")
    return say(language, "%(name)s is on it", name=on_it[1])


async def _done(viewer: Viewer, conversation: Conversation) -> str | None:
    if conversation.done_at is None:
        return None
    return say(
        viewer.language,
        "Done by %(name)s, %(time)s",
        time=exactly(conversation.done_at, zone(), viewer.language),
        name=await _name(viewer, conversation.done_by),
    )


async def _snoozed(viewer: Viewer, conversation: Conversation) -> str | None:
    if not conversation.is_snoozed or conversation.stirs_at is None:
        return None
    return say(
        viewer.language,
        "Snoozed until %(time)s by %(name)s",
        time=exactly(conversation.stirs_at, zone(), viewer.language),
        name=await _name(viewer, conversation.snoozed_by),
    )


async def _name(viewer: Viewer, who: UUID | None) -> str:
    if who == viewer.id:
        return say(viewer.language, "you")
    found = await viewer.see(StaffMember).find(who) if who else None
    return found.name if found else say(viewer.language, "a colleague")


@region("inbox-about", "staff/messages/inbox/_about.html", side="staff", needs=None, on=(OfChart, OfThreadList))
async def about(viewer: Viewer, client: UUID, current: UUID) -> Context | None:
    """The client of the current conversation, who acts and who cares for them, and what else is written."""
    found = await viewer.see(Client).find(client)
    if found is None or await viewer.see(Conversation).find(current) is None:
        return None
    language = viewer.language
    team = (await team_of(viewer.see(CareTeam), [client]))[client]
    links = await (
        viewer.see(ContactLink)
        .where("r.client_id = :id", id=client)
        .where(allows("r", Right.MESSAGES))
        .join("join contact c on c.id = r.contact_id")
        .order("r.guardian desc, r.from_at, r.id")
        .columns("c.name, r.relationship, r.guardian")
    )
    others = await threads(
        viewer.see(Conversation)
        .where("r.client_id = :of", of=client)
        .where("r.id <> :this", this=current)
        .where("r.last_number > 0")
    )
    born = found.born_if_known
    return {
        "name": found.name,
        "first_name": found.first_name,
        "initial": initial(found.first_name),
        "colour": found.colour,
        "line": age_in_words(born, zone(), language) if born else shown(found, "date_of_birth") or "",
        "chart_href": f"/staff/clients/{client}",
        "all_href": InboxFilter(client=client).href(current),
        "contacts": [
            {
                "name": link["name"],
                "initial": initial(link["name"]),
                "line": relation_in_words(language, link),
            }
            for link in links
        ],
        "team": [
            {
                "name": say(language, "You") if m["staff_id"] == viewer.id else m["name"],
                "initial": initial(m["name"]),
                "role": role_label(language, m["role"]),
            }
            for m in team
        ],
        "others": [
            {
                "href": InboxFilter().href(row["id"]),
                "label": audience_label(language, row["audience"]),
                "confidential": row["confidential"],
                "at": short(row["last_at"], zone(), language),
                "unread": row["unread"],
            }
            for row in others
        ],
    }
