"""Notices: the bell and its count, the list of them, and what is said when one arrives on an open page."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from portal.facts import OfChart, OfNotice, PushDevicesChanged
from portal.language import at_in_words, say, say_many, short
from portal.models.ground.record import UNREADABLE, Kind, opened
from portal.models.notices.devices import PushDevice, devices_of
from portal.models.notices.notice import (
    AT_ONCE as MOST,
)
from portal.models.notices.notice import (
    PAGE,
    Notice,
    newest_unread,
    notices_after,
    notices_before,
    unread_notices,
)
from portal.regions import Ask, Context, Fresh, Stream, region
from portal.regions.conversations import base
from portal.regions.words import audience_label, zone
from portal.viewer import Viewer, may_see
from portal.web.rendering import render

CAME_IN = 20  # notices on Today and Home; the list has all
AT_ONCE = 3  # toasts at one time; more are told as one


def notices_of(viewer: Viewer) -> str:
    """Where this viewer's notices are."""
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
    shown, here = rows[:PAGE], notices_of(viewer)
    unread = [row["number"] for row in shown if not row["read"]]
    return {
        "rows": [_view(viewer, row) for row in shown],
        "all_read_action": f"{here}/reading" if unread and viewer.lens is None else None,
        "up_to": max(unread, default=0),
        "older_href": f"{here}?before={shown[-1]['number']}" if len(rows) > PAGE else None,
        "newest_href": here if before is not None else None,
    }


@region(
    "came-in",
    "notices/_came_in.html",
    side="both",
    needs=None,
    on=(OfNotice, OfChart),
    element="came-in",
)
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


@region(
    "devices",
    "notices/_devices.html",
    side="both",
    needs=None,
    on=(PushDevicesChanged,),
    element="devices",
)
async def devices(viewer: Viewer, person: UUID) -> Context | None:
    """Those that are told while no page is open."""
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
    """What the browser calls itself; nothing where it can't be opened, so that the device can still be taken away."""
    text = opened(PushDevice, "subscription_sealed", device.id, device.subscription_sealed)
    return "" if text == UNREADABLE else str(json.loads(text).get("agent", ""))


def _browser(language: str, agent: str) -> str:
    """A browser as people call it."""
    found = [
        next((name for part, name in known.items() if part in agent), "") for known in (_BROWSERS, _MACHINES)
    ]
    return ", ".join(filter(None, found)) or say(language, "A browser")


# --- What arrives ------------------------------------------------------------------------------


async def _since(asks: list[Ask]) -> dict[Ask, Fresh]:
    """What each of these people has not read, beyond the last number their page knows."""
    own = [ask for ask in asks if ask[0].id == ask[1]]
    after: dict[UUID, int] = {}
    for _, person, cursor, _ in own:
        after[person] = min(cursor, after.get(person, cursor))
    rows = await notices_after(after) if after else []
    seen = await may_see(
        Notice,
        {(viewer, row["id"]) for viewer, person, _, _ in own for row in rows if row["person"] == person},
    )
    answers = {}
    for viewer, person, cursor, changed in own:
        beyond = [row for row in rows if row["person"] == person and row["number"] > cursor]
        fresh = [row for row in beyond if (viewer, row["id"]) in seen]
        come = max((row["number"] for row in beyond), default=cursor)
        answers[viewer, person, cursor, changed] = Fresh(_toasts(viewer, fresh), come, len(rows) >= MOST)
    return answers


def _toasts(viewer: Viewer, fresh: list[dict[str, Any]]) -> str:
    shown = [_view(viewer, row) for row in fresh]
    if len(fresh) > AT_ONCE:
        number = fresh[-1]["number"]
        text = say_many(viewer.language, "%(num)s new notice", "%(num)s new notices", len(fresh))
        shown = [
            {
                "id": number,
                "number": number,
                "icon": "bell",
                "title": text,
                "text": "",
                "href": notices_of(viewer),
            }
            | {"read_action": None, "list_id": None}
        ]
    return "".join(render("notices/_toast.html", viewer.language, {"n": view}) for view in shown)


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


def kinds_in_words(viewer: Viewer) -> list[dict[str, str]]:
    """The kinds that this person may be told of, as they choose among them."""
    named = {
        "message": say(viewer.language, "New messages"),
        "coming_of_age": say(viewer.language, "Somebody comes of age soon"),
        "came_of_age": say(viewer.language, "Somebody has come of age"),
    }
    if viewer.kind is not Kind.STAFF:
        named["rights"] = say(viewer.language, "What you, or others, may do for somebody")
        named["granted"] = say(viewer.language, "Who can act for whom")
        named["address"] = say(viewer.language, "The address you sign in with")
        named["to_confirm"] = say(viewer.language, "Something that you are to confirm")
    if viewer.kind is Kind.STAFF:
        named |= {
            "handed_over": say(viewer.language, "Conversations handed over to you"),
            "joined": say(viewer.language, "Somebody who was invited has signed up"),
            "in_care": say(viewer.language, "Clients given to your care"),
            "stands_in": say(viewer.language, "Standing in for a colleague"),
            "rights": say(viewer.language, "Clients who choose who acts for them"),
            "bounced": say(viewer.language, "Email that comes back"),
            "address": say(viewer.language, "Email addresses that colleagues have changed"),
        }
    return [{"key": key, "label": label} for key, label in named.items()]


def _view(viewer: Viewer, row: dict[str, Any]) -> dict[str, Any]:
    """A notice as lists and toasts show it."""
    language, staff = viewer.language, viewer.kind is Kind.STAFF
    name = f"{row['first_name']} {row['last_name']}" if row["first_name"] else ""
    here = base(viewer, row["client_id"])
    view = {
        "id": row["id"],
        "number": row["number"],
        "read": row["read"],
        "at": short(row["made_at"], zone(), language),
        "at_iso": row["made_at"].isoformat(),
        "at_words": at_in_words(row["made_at"], zone(), language),
        "colour": row["colour"] or "slate",
        "read_action": None if viewer.lens else f"{notices_of(viewer)}/{row['id']}/reading",
        "list_id": None,
        "tag": None,
    }
    match row["kind"]:
        case "message":
            said = (
                say(language, "New message from %(name)s", name=row["from_name"])
                if row["read"] or (row["unread"] or 0) < 2
                else say(
                    language,
                    "%(num)s new messages, the last from %(name)s",
                    num=row["unread"],
                    name=row["from_name"],
                )
            )
            return view | {
                "icon": "messages-square",
                "title": name if staff else said,
                "text": said if staff else "",
                "tag": _tag(language, row) if staff else None,
                "href": f"{here}/conversations/{row['record_id']}",
                "list_id": f"messages-{row['record_id']}",
            }
        case "handed_over":
            return view | {
                "icon": "user",
                "title": name,
                "text": say(language, "%(name)s handed this conversation over to you.", name=row["by_name"]),
                "tag": _tag(language, row),
                "href": f"/staff/inbox/{row['record_id']}",
                "list_id": f"messages-{row['record_id']}",
            }
        case "joined":
            return view | {
                "icon": "user-plus",
                "title": name,
                "text": say(language, "%(name)s has signed up.", name=row["by_name"]),
                "href": f"{here}/portal",
            }
        case "in_care":
            return view | {
                "icon": "contact",
                "title": name,
                "text": say(language, "%(name)s gave this client to your care.", name=row["by_name"]),
                "href": here,
            }
        case "stands_in":
            return view | {
                "icon": "users",
                "title": say(language, "You stand in for %(name)s", name=row["by_name"]),
                "text": say(language, "What is theirs is yours to read and answer while they are away."),
                "href": "/staff/leave",
            }
        case "rights" if staff:
            return view | {
                "icon": "users",
                "title": name,
                "text": say(language, "Has chosen who acts for them. It stands with the contacts."),
                "href": f"{here}/contacts",
            }
        case "rights":
            own = row["by"] == viewer.id
            return view | {
                "icon": "users",
                "title": say(language, "What you may do for %(name)s has changed.", name=row["first_name"])
                if own
                else say(language, "What %(name)s may do for you has changed.", name=row["by_name"])
                if row["by_name"]
                else say(language, "Who may act for you has changed."),
                "text": "",
                "href": f"{here}/home",
            }
        case "granted":
            return view | {
                "icon": "users",
                "title": say(language, "You can see the pages of %(name)s now.", name=row["first_name"])
                if row["by"] == viewer.id
                else say(language, "%(name)s can act for you now.", name=row["by_name"]),
                "text": "",
                "href": f"{here}/home",
            }
        case "to_confirm":
            return view | {
                "icon": "link",
                "title": say(language, "There is something for you to confirm."),
                "text": "",
                "href": f"/offers/{row['record_id']}",
            }
        case "coming_of_age":
            return view | {
                "icon": "info",
                "title": name
                if staff
                else say(language, "You come of age soon.")
                if row["by"] == viewer.id
                else say(language, "%(name)s comes of age soon.", name=row["first_name"]),
                "text": say(language, "Comes of age soon. What is to do stands with the contacts.")
                if staff
                else say(language, "Home says what changes then."),
                "href": f"{here}/contacts" if staff else f"{here}/home",
            }
        case "came_of_age":
            if row["client_id"] is None:
                return view | {
                    "icon": "info",
                    "title": say(language, "Somebody for whom you acted has come of age."),
                    "text": say(language, "You see nothing of their record any more. What you wrote stays."),
                    "href": "/home",
                }
            return view | {
                "icon": "info",
                "title": name if staff else say(language, "You have come of age."),
                "text": say(language, "Has come of age: guardians’ access has ended.")
                if staff
                else say(
                    language,
                    "Your guardians see nothing of your record any more. You choose who acts for you.",
                ),
                "href": f"{here}/contacts" if staff else f"{here}/who-acts",
            }
        case "bounced":
            return view | {
                "icon": "mail-warning",
                "title": name,
                "text": say(language, "Email to an address on this chart comes back."),
                "href": here,
            }
        case "address" if staff:
            return view | {
                "icon": "mail-warning",
                "title": name,
                "text": say(
                    language, "%(name)s changed the email of somebody who acts for them.", name=row["by_name"]
                ),
                "href": f"{here}/contacts",
            }
        case "address":
            return view | {
                "icon": "mail-warning",
                "title": say(language, "The address you sign in with was changed."),
                "text": say(language, "If you don’t know of it, call us right away."),
                "href": "/home",
            }
    raise LookupError(f"There are no words for a notice of the kind {row['kind']}")


def _tag(language: str, row: dict[str, Any]) -> str:
    return say(language, "Confidential") if row["confidential"] else audience_label(language, row["audience"])
