"""Notices: the bell and its count, the list of them, and what is said when one arrives on an open page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.facts import OfChart, OfNotice, PushDevicesChanged
from portal.language import at_in_words, say, say_many, short
from portal.models.ground.record import UNREADABLE, Kind, opened
from portal.models.notices.devices import PushDevice, devices_of
from portal.models.notices.kinds import About, NoticeKind, NoticeLetter
from portal.models.notices.notice import AT_ONCE as MOST
from portal.models.notices.notice import PAGE, Notice, newest_unread, notices_after, notices_before, unread_notices
from portal.regions import Ask, Context, Fresh, Stream, region
from portal.regions.phrases import audience_label, base, zone
from portal.viewer import Viewer, may_see
from portal.web.rendering import render

CAME_IN = 20  # notices on Today and Home; the list has all
AT_ONCE = 3  # toasts at one time; more are told as one


def notices_of(viewer: Viewer) -> str:
    """Return where this viewer's notices are."""
    return "/staff/notices" if viewer.kind is Kind.STAFF else f"{base(viewer, viewer.client)}/notices"


@region("bell", "notices/_bell.html", side="both", needs=None, on=(OfNotice,), element="bell")
async def bell(viewer: Viewer, person: UUID) -> Context | None:
    if person != viewer.id:
        return None
    count, _ = await unread_notices(viewer.see(Notice))
    return {"count": count, "href": notices_of(viewer)}


@region("notices", "notices/_list.html", side="both", needs=None, on=(OfNotice, OfChart), element="notices")
async def notices(viewer: Viewer, person: UUID, before: int | None) -> Context | None:
    """A page of them, the newest first."""
    if person != viewer.id:
        return None
    rows = await notices_before(viewer.see(Notice), before)
    page, address = rows[:PAGE], notices_of(viewer)
    unread = [row["number"] for row in page if not row["read"]]
    return {
        "rows": [_view(viewer, row) for row in page],
        "all_read_action": f"{address}/reading" if unread and viewer.lens is None else None,
        "up_to": max(unread, default=0),
        "older_href": f"{address}?before={page[-1]['number']}" if len(rows) > PAGE else None,
        "newest_href": address if before is not None else None,
    }


@region("came-in", "notices/_came_in.html", side="both", needs=None, on=(OfNotice, OfChart), element="came-in")
async def came_in(viewer: Viewer, person: UUID) -> Context | None:
    """On Today and Home: what waits to be looked at, without the messages."""
    if person != viewer.id:
        return None
    rows = await newest_unread(viewer.see(Notice), CAME_IN)
    return {
        "rows": [_view(viewer, row) for row in rows],
        "more_href": notices_of(viewer) if len(rows) == CAME_IN else None,
        "staff": viewer.kind is Kind.STAFF,
    }


@region("devices", "notices/_devices.html", side="both", needs=None, on=(PushDevicesChanged,), element="devices")
async def devices(viewer: Viewer, person: UUID) -> Context | None:
    """Show the devices that are told while no page is open."""
    if person != viewer.id:
        return None
    return {
        "rows": [
            {
                "id": device.id,
                "name": _browser(viewer.language, _agent(device)),
                "since": at_in_words(device.added_at, zone(), viewer.language),
            }
            for device in await devices_of(viewer.see(PushDevice))
        ],
        "remove_action": f"{notices_of(viewer)}/devices/removal",
    }


# By what a browser says of itself. Several say the names of others too, hence the order.
_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox"}
_BROWSERS |= {"Chrome": "Chrome", "Safari": "Safari"}
_MACHINES = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows"}
_MACHINES |= {"Macintosh": "Mac", "CrOS": "Chromebook", "Linux": "Linux"}


def _agent(device: PushDevice) -> str:
    """Return the name a browser gives itself; nothing where it can't be opened, so that the device can still be taken
    away."""
    text = opened(PushDevice, "subscription_sealed", device.id, device.subscription_sealed)
    return "" if text == UNREADABLE else str(json.loads(text).get("agent", ""))


def _browser(language: str, agent: str) -> str:
    """A browser as people call it."""
    names = [next((name for part, name in known.items() if part in agent), "") for known in (_BROWSERS, _MACHINES)]
    return ", ".join(filter(None, names)) or say(language, "A browser")


# --- What arrives ------------------------------------------------------------------------------


async def _since(asks: list[Ask]) -> dict[Ask, Fresh]:
    """Return the notices that each of these people has not read, beyond the last number their page knows."""
    own = [ask for ask in asks if ask[0].id == ask[1]]
    after: dict[UUID, int] = {}
    for _, person, cursor, _ in own:
        after[person] = min(cursor, after.get(person, cursor))
    rows = await notices_after(after) if after else []
    seen = await may_see(
        Notice, {(viewer, row["id"]) for viewer, person, _, _ in own for row in rows if row["person"] == person}
    )
    answers = {}
    for viewer, person, cursor, changed in own:
        beyond = [row for row in rows if row["person"] == person and row["number"] > cursor]
        fresh = [row for row in beyond if (viewer, row["id"]) in seen]
        come = max((row["number"] for row in beyond), default=cursor)
        answers[viewer, person, cursor, changed] = Fresh(_toasts(viewer, fresh), come, len(rows) >= MOST)
    return answers


def _toasts(viewer: Viewer, fresh: list[dict[str, Any]]) -> str:
    views = [_view(viewer, row) for row in fresh]
    if len(fresh) > AT_ONCE:
        number = fresh[-1]["number"]
        text = say_many(viewer.language, "%(num)s new notice", "%(num)s new notices", len(fresh))
        views = [
            {"id": number, "number": number, "icon": "bell", "title": text, "text": "", "href": notices_of(viewer)}
            | {"read_action": None, "list_id": None}
        ]
    return "".join(render("notices/_toast.html", viewer.language, {"n": view}) for view in views)


@region(
    "toasts",
    "notices/_toasts.html",
    side="both",
    needs=None,
    on=(OfNotice,),
    stream=Stream(_since, of="person"),
    element="news",
)
async def toasts(viewer: Viewer, person: UUID) -> Context | None:
    """Nothing: a page that is made now shows all there is. What comes after it arrives here."""
    if person != viewer.id:
        return None
    _, last = await unread_notices(viewer.see(Notice))
    return {"cursor": last}


# --- What each says ----------------------------------------------------------------------------

Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """The words in which one side is told of a kind: its name where people choose, a sentence, an address, and a title,
    where that is not the client's name. `%(name)s` is who caused it. Where words depend on more, `words` gives title
    and text."""

    label: str
    text: str | None
    href: str
    title: str | None = None
    words: Callable[[Viewer, Row], tuple[str, str]] | None = None

    def in_words(self, viewer: Viewer, row: Row) -> tuple[str, str]:
        if self.words is not None:
            return self.words(viewer, row)
        title, text = (
            sentence and say(viewer.language, sentence, name=row["by_name"]) for sentence in (self.title, self.text)
        )
        return title or _client(row), text or ""

    def address(self, viewer: Viewer, row: Row) -> str:
        if row["client_id"] is None and "{here}" in self.href:
            return "/home"  # the record is no longer theirs
        return self.href.format(here=base(viewer, row["client_id"]), record=row["record_id"])


def _client(row: Row) -> str:
    return f"{row['first_name']} {row['last_name']}" if row["first_name"] else ""


def _message(viewer: Viewer, row: Row) -> tuple[str, str]:
    if row["read"] or (row["unread"] or 0) < 2:
        news = say(viewer.language, "New message from %(name)s", name=row["from_name"])
    else:
        news = say(
            viewer.language, "%(num)s new messages, the last from %(name)s", num=row["unread"], name=row["from_name"]
        )
    return (_client(row), news) if viewer.kind is Kind.STAFF else (news, "")


def _coming_of_age(viewer: Viewer, row: Row) -> tuple[str, str]:
    if row["by"] == viewer.id:
        title = say(viewer.language, "You come of age soon.")
    else:
        title = say(viewer.language, "%(name)s comes of age soon.", name=row["first_name"])
    return title, say(viewer.language, "Home says what changes then.")


def _came_of_age(viewer: Viewer, row: Row) -> tuple[str, str]:
    language = viewer.language
    if row["client_id"] is None:
        return (
            say(language, "Somebody for whom you acted has come of age."),
            say(language, "You see nothing of their record any more. What you wrote stays."),
        )
    return (
        say(language, "You have come of age."),
        say(language, "Your guardians see nothing of your record any more. You choose who acts for you."),
    )


def _rights(viewer: Viewer, row: Row) -> tuple[str, str]:
    language = viewer.language
    if row["by"] == viewer.id:
        return say(language, "What you may do for %(name)s has changed.", name=row["first_name"]), ""
    if row["by_name"]:
        return say(language, "What %(name)s may do for you has changed.", name=row["by_name"]), ""
    return say(language, "Who may act for you has changed."), ""


def _granted(viewer: Viewer, row: Row) -> tuple[str, str]:
    if row["by"] == viewer.id:
        return say(viewer.language, "You can see the pages of %(name)s now.", name=row["first_name"]), ""
    return say(viewer.language, "%(name)s can act for you now.", name=row["by_name"]), ""


# A row for each kind, in the order in which people choose among them: its icon, how staff and how the client's side are
# told; a side with None never is.
NOTICES: dict[NoticeKind, tuple[str, Told | None, Told | None]] = {
    NoticeKind.MESSAGE: (
        "messages-square",
        message := Told("New messages", None, "{here}/conversations/{record}", None, _message),
        message,
    ),
    NoticeKind.COMING_OF_AGE: (
        "info",
        Told(
            "Somebody comes of age soon",
            "Comes of age soon. What is to do stands with the contacts.",
            "{here}/contacts",
        ),
        Told("Somebody comes of age soon", None, "{here}/home", None, _coming_of_age),
    ),
    NoticeKind.CAME_OF_AGE: (
        "info",
        Told("Somebody has come of age", "Has come of age: guardians’ access has ended.", "{here}/contacts"),
        Told("Somebody has come of age", None, "{here}/who-acts", None, _came_of_age),
    ),
    NoticeKind.HANDED_OVER: (
        "user",
        Told(
            "Conversations handed over to you",
            "%(name)s handed this conversation over to you.",
            "/staff/inbox/{record}",
        ),
        None,
    ),
    NoticeKind.JOINED: (
        "user-plus",
        Told("Somebody who was invited has signed up", "%(name)s has signed up.", "{here}/portal"),
        None,
    ),
    NoticeKind.IN_CARE: (
        "contact",
        Told("Clients given to your care", "%(name)s gave this client to your care.", "{here}"),
        None,
    ),
    NoticeKind.STANDS_IN: (
        "users",
        Told(
            "Standing in for a colleague",
            "What is theirs is yours to read and answer while they are away.",
            "/staff/leave",
            "You stand in for %(name)s",
        ),
        None,
    ),
    NoticeKind.RIGHTS: (
        "users",
        Told(
            "Clients who choose who acts for them",
            "Has chosen who acts for them. It stands with the contacts.",
            "{here}/contacts",
        ),
        Told("What you, or others, may do for somebody", None, "{here}/home", None, _rights),
    ),
    NoticeKind.GRANTED: ("users", None, Told("Who can act for whom", None, "{here}/home", None, _granted)),
    NoticeKind.BOUNCED: (
        "mail-warning",
        Told("Email that comes back", "Email to an address on this chart comes back.", "{here}"),
        None,
    ),
    NoticeKind.ADDRESS: (
        "mail-warning",
        Told(
            "Email addresses that colleagues have changed",
            "%(name)s changed the email of somebody who acts for them.",
            "{here}/contacts",
        ),
        Told(
            "The address you sign in with",
            "If you don’t know of it, call us right away.",
            "/home",
            "The address you sign in with was changed.",
        ),
    ),
    NoticeKind.TO_CONFIRM: (
        "link",
        None,
        Told("Something that you are to confirm", None, "/offers/{record}", "There is something for you to confirm."),
    ),
}
_BY_KEY = {kind.key: kind for kind in NoticeKind}


def unworded() -> list[str]:
    """Return the kinds of notices that have no row: start-up refuses them."""
    return [kind.name for kind in NoticeKind if kind not in NOTICES]


def kinds_in_words(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the kinds that this person may be told of, as they choose among them."""
    return [
        {"key": kind.key, "label": say(viewer.language, told.label), "mailed": kind.letter is not NoticeLetter.OWN}
        for kind in NOTICES
        if (told := _told(kind, viewer))
    ]


def _told(kind: NoticeKind, viewer: Viewer) -> Told | None:
    _, to_staff, to_clients = NOTICES[kind]
    return to_staff if viewer.kind is Kind.STAFF else to_clients


def _view(viewer: Viewer, row: Row) -> dict[str, Any]:
    """Return a notice as lists and toasts show it. Raises LookupError for a kind that this side is never told of."""
    language, kind = viewer.language, _BY_KEY[row["kind"]]
    if (told := _told(kind, viewer)) is None:
        raise LookupError(f"There are no words for a notice of the kind {kind.key} on this side")
    title, text = told.in_words(viewer, row)
    in_conversation = kind.about is About.CONVERSATION
    return {
        "id": row["id"],
        "number": row["number"],
        "read": row["read"],
        "at": short(row["made_at"], zone(), language),
        "at_iso": row["made_at"].isoformat(),
        "at_words": at_in_words(row["made_at"], zone(), language),
        "colour": row["colour"] or "slate",
        "read_action": None if viewer.lens else f"{notices_of(viewer)}/{row['id']}/reading",
        "list_id": f"messages-{row['record_id']}" if in_conversation else None,
        "tag": _tag(language, row) if in_conversation and viewer.kind is Kind.STAFF else None,
        "icon": NOTICES[kind][0],
        "title": title,
        "text": text,
        "href": told.address(viewer, row),
    }


def _tag(language: str, row: Row) -> str:
    return say(language, "Confidential") if row["confidential"] else audience_label(language, row["audience"])
