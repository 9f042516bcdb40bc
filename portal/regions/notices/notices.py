"""Notices: the bell and its count, the list of them, and what is said when one arrives on an open page."""

from typing import Any
from uuid import UUID

from portal.facts import MessageWithdrawn, OfChart, OfNotice
from portal.language import at_in_words, say, say_many, short
from portal.models.ground.record import Kind
from portal.models.notices.kinds import About, NoticeKind
from portal.models.notices.notice import AT_ONCE as MOST
from portal.models.notices.notice import PAGE, Notice, newest_unread, notices_after, notices_before, unread_notices
from portal.regions import Ask, Context, Fresh, Stream, region
from portal.regions.notices.notice_words import NOTICES, Row, told_of
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


@region(
    "notices",
    "notices/_list.html",
    side="both",
    needs=None,
    on=(OfNotice, OfChart, MessageWithdrawn),
    element="notices",
)
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


@region(
    "came-in",
    "notices/_came_in.html",
    side="both",
    needs=None,
    on=(OfNotice, OfChart),
    element="came-in",
    slots=("home", "today"),
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


_BY_KEY = {kind.key: kind for kind in NoticeKind}


def _view(viewer: Viewer, row: Row) -> dict[str, Any]:
    """Return a notice as lists and toasts show it. Raises LookupError for a kind that this side is never told of."""
    language, kind = viewer.language, _BY_KEY[row["kind"]]
    if (told := told_of(kind, viewer)) is None:
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
