"""Staff's Today: what is unread, what waits for an answer, who is away, and who comes of age."""

import datetime as dt
from typing import Any

from portal import clock
from portal.facts import OfChart, OfPractice, OfStaff, OfThreadList, OfTriage
from portal.language import date_in_words, local_day, say
from portal.models.access.minors import to_prepare
from portal.models.ground.person import initial
from portal.models.ground.record import live
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import HAS_UNREAD, Conversation, threads
from portal.models.messages.inbox import OPEN, View, narrowed
from portal.models.messages.triage import on_it
from portal.models.people.client import Client
from portal.models.people.leave import SOON, Leave, leaves
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import thread_row, zone
from portal.viewer import Viewer

SHOWN = 100


def _row(viewer: Viewer, row: dict[str, Any]) -> dict[str, Any]:
    """A conversation as Today lists it: it opens in its chart, and can be marked as done here."""
    href = f"/staff/clients/{row['client_id']}/conversations/{row['id']}"
    handled = {"handled_at": f"/staff/inbox/{row['id']}", "number": row["last_number"]}
    return thread_row(viewer.language, row, viewer.id, href) | handled


# --- The whole practice, or one's own ----------------------------------------------------------

MINE = "mine"
_IN_MY_CARE = (
    f"exists (select 1 from care_team mt where mt.client_id = {{}} and mt.staff_id = :viewer and {live('mt')})"
)


def clients_of(viewer: Viewer, whose: str | None) -> Scope[Client]:
    """Return the clients that Today is about: all whom the viewer sees, or ("mine") those in their care."""
    clients = viewer.see(Client)
    return clients.where(_IN_MY_CARE.format("r.id")) if whose == MINE else clients


def _conversations_of(viewer: Viewer, whose: str | None) -> Scope[Conversation]:
    """Return their conversations; and of one's own those that are for oneself to answer too."""
    conversations = narrowed(viewer.see(Conversation), None, None)
    if whose != MINE:
        return conversations
    return conversations.where(f"({_IN_MY_CARE.format('r.client_id')} or {on_it('r')} = :viewer)")


@region(
    "today-unread",
    "staff/today/_unread.html",
    side="staff",
    needs=None,
    on=(OfThreadList, OfTriage, OfChart),
    slots=("today",),
)
async def unread_messages(viewer: Viewer, whose: str | None) -> Context | None:
    """Show what the inbox counts as unread, as many rows as its number says."""
    rows = await threads(_conversations_of(viewer, whose).where(View.UNREAD.rule), SHOWN)
    return {
        "rows": [_row(viewer, row) for row in rows],
        "some_clients": bool(rows) or bool(await viewer.see(Client).columns("r.id", 1)),
        "may_add": await viewer.may(Permission.PORTAL_ACCESS),
    }


@region(
    "today-waiting",
    "staff/today/_waiting.html",
    side="staff",
    needs=None,
    on=(OfThreadList, OfTriage, OfChart),
    slots=("today beside",),
)
async def waiting(viewer: Viewer, whose: str | None) -> Context | None:
    rows = await threads(
        _conversations_of(viewer, whose).where(OPEN).where("r.last_side = 'client'").where(f"not {HAS_UNREAD}"), SHOWN
    )
    return {"rows": [_row(viewer, row) for row in rows]}


@region(
    "today-away",
    "staff/today/_away.html",
    side="staff",
    needs=None,
    on=(OfStaff,),
    element="today-away",
    slots=("today beside",),
)
async def away(viewer: Viewer) -> Context | None:
    """Show which colleagues are away, or will be within a week."""
    soon = await leaves(viewer.see(Leave).where("r.from_at <= :soon", soon=clock.now() + SOON))
    return {"rows": [_absence(viewer.language, row) for row in soon]}


def _absence(language: str, row: dict[str, Any]) -> dict[str, Any]:
    last = date_in_words(local_day(row["until_at"] - dt.timedelta(minutes=1), zone()), language)
    if row["from_at"] <= clock.now():
        text = say(language, "Until %(date)s", date=last)
    else:
        first = date_in_words(local_day(row["from_at"], zone()), language)
        text = say(language, "%(first)s to %(last)s", first=first, last=last)
    return {
        "id": row["id"],
        "name": row["name"],
        "initial": initial(row["name"]),
        "text": text,
        "cover": say(
            language,
            "%(name)s is covering" if row["cover_works"] else "No cover: %(name)s has left",
            name=row["cover_name"],
        ),
        "no_cover": not row["cover_works"],
    }


@region(
    "today-of-age",
    "staff/today/_of_age.html",
    side="staff",
    needs=None,
    on=(OfChart, OfPractice, OfStaff),
    element="today-of-age",
    slots=("today",),
)
async def coming_of_age(viewer: Viewer, whose: str | None) -> Context | None:
    """Show who comes of age within ninety days, or has, until everything is done."""
    now, language = clock.now(), viewer.language
    return {
        "rows": [
            {
                "name": f"{row['first_name']} {row['last_name']}",
                "initial": initial(row["first_name"]),
                "colour": row["colour"],
                "href": f"/staff/clients/{row['id']}/contacts#of-age",
                "text": say(
                    language,
                    "Of age since %(date)s: guardians’ access has ended."
                    if row["at"] <= now
                    else "Of age on %(date)s: guardians’ access ends then.",
                    date=date_in_words(local_day(row["at"], zone()), language),
                ),
            }
            for row in await to_prepare(clients_of(viewer, whose))
        ]
    }
