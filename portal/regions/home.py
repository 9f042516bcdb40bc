"""The client side's Home, the switch between profiles, and the ways to its pages."""

import datetime as dt
from collections import Counter
from typing import Any
from uuid import UUID

from portal.facts import OfChart, OfInvitation, OfNotice, OfPractice, OfSignInAddress, OfThreadList
from portal.language import age_in_words, date_in_words, local_day, say, short, today_in_words
from portal.models.access.account import Access, PortalAccount, profiles
from portal.models.access.invitation import Invitation
from portal.models.access.minors import ends_for
from portal.models.ground.person import initial
from portal.models.ground.record import UNREADABLE, opened_day
from portal.models.messages.conversation import HAS_UNREAD, Conversation, threads, unread, unread_by_client
from portal.models.notices.notice import Notice, newest_unread
from portal.models.people.client import CareTeam, Client, team_of
from portal.permissions import CARE, Right
from portal.regions import Context, region
from portal.regions.phrases import base, excerpt, role_label, thread_row, zone
from portal.viewer import Viewer
from portal.web.slots import links

TOLD = 200  # notices that the board counts


@region("places", "client/_places.html", side="client", needs=None, on=(OfThreadList, OfChart), element="places")
async def places(viewer: Viewer, client: UUID, place: str | None) -> Context | None:
    """The ways to the pages of one profile: those that its account may open. `place` is where this page stands."""
    profile = await _profile_of(viewer, client)
    if profile is None:
        return None
    ways = links("client places", viewer.language, base(viewer, client), profile["rights"].__contains__)
    of_client = viewer.see(Conversation).where("r.client_id = :of", of=client)
    return {"links": ways, "place": place, "counts": {"unread": await unread(of_client)}}


@region(
    "home", "client/home/_home.html", side="client", needs=None, on=(OfThreadList, OfChart, OfPractice), slots=("home",)
)
async def home(viewer: Viewer, client: UUID) -> Context | None:
    """Show what is next for one profile; to a contact who only pays, where bills will be, and nothing of the care."""
    profile = await _profile_of(viewer, client)
    if profile is None:
        return None
    language, here, name = viewer.language, base(viewer, client), profile["first_name"]
    team = (await team_of(viewer.see(CareTeam), [client]))[client]
    rows = await _newest(viewer, client)
    latest = rows[0] if rows else None
    return {
        **_may(profile),
        "name": name,
        "own": profile["self"],
        "date_label": today_in_words(zone(), language),
        "latest": latest
        and {
            "from_name": latest["from_name"],
            "initial": initial(latest["from_name"]),
            "mine": (latest["staff_id"] or latest["account_id"]) == viewer.id,
            "by_staff": latest["staff_id"] is not None,
            "at": short(latest["sent_at"], zone(), language),
            "text": excerpt(latest["body"], 300),
            "new": latest["unread"] > 0,
            "href": f"{here}/conversations/{latest['id']}",
        },
        "also": [thread_row(language, row, viewer.id, f"{here}/conversations/{row['id']}") for row in rows[1:]],
        "care_team": [
            {"name": m["name"], "initial": initial(m["name"]), "role": role_label(language, m["role"])} for m in team
        ],
        "threads_href": f"{here}/messages",
    }


@region("ahead", "client/home/_ahead.html", side="client", needs=None, on=(OfChart, OfPractice), slots=("home",))
async def ahead(viewer: Viewer, client: UUID) -> Context | None:
    """On Home: the coming of age that is near, where it changes something for the viewer."""
    chart = await viewer.find(Client, client)
    ends = (await ends_for(viewer.see(Access))).get(client)
    return {"of_age": _of_age(viewer.language, chart.first_name, ends, base(viewer, client))}


async def _newest(viewer: Viewer, client: UUID) -> list[dict[str, Any]]:
    """Return the conversations with something unread, newest first; where there is none, the newest alone."""
    written = await threads(viewer.see(Conversation).where("r.client_id = :of and r.last_said > 0", of=client))
    return [row for row in written if row["unread"]] or written[:1]


async def _profile_of(viewer: Viewer, client: UUID) -> dict[str, Any] | None:
    return next((row for row in await profiles(viewer.see(Access)) if row["id"] == client), None)


def _may(profile: dict[str, Any]) -> dict[str, bool]:
    """Say what a profile's account may do: write and read messages, take part in the care, pay."""
    rights = profile["rights"]
    return {"writes": Right.MESSAGES in rights, "cares": bool(CARE & rights), "pays": Right.BILLING in rights}


def _of_age(language: str, name: str, ends: tuple[dt.datetime, bool] | None, here: str) -> dict[str, Any] | None:
    """Say what changes with a coming of age that is near, for everybody for whom it changes something."""
    if ends is None:
        return None
    at, own = ends
    values = {"name": name, "date": date_in_words(local_day(at, zone()), language)}
    if own:
        return {
            "title": say(language, "On %(date)s you come of age", **values),
            "lines": [
                say(language, "From that day your legal guardians can no longer see your record here."),
                say(language, "What they wrote stays in the conversations. You choose who acts for you."),
            ],
            "href": f"{here}/who-acts",
        }
    return {
        "title": say(language, "On %(date)s %(name)s comes of age", **values),
        "lines": [
            say(
                language,
                "From midnight on that day you can no longer see %(name)s’s record here, on any device.",
                **values,
            ),
            say(
                language,
                "What you wrote stays in the conversations. Others you act for aren’t affected. %(name)s can let "
                "you act again, in what they choose.",
                **values,
            ),
        ],
        "href": None,
    }


@region(
    "switch", "client/_switch.html", side="client", needs=None, on=(), on_any=(OfThreadList, OfChart), element="switch"
)
async def switch(viewer: Viewer, client: UUID) -> Context | None:
    """Looks wider than the profile: at all that the account may act for, names and counts only."""
    wide = viewer.wide()
    counts = await unread_by_client(wide.see(Conversation))
    rows = [_profile(viewer, row, client, counts) for row in await profiles(wide.see(Access))]
    current = next((row for row in rows if row["current"]), None)
    news = [row for row in rows if row["unread"] and row is not current]
    return None if current is None else {"profiles": rows, "current": current, "news": news}


def _profile(viewer: Viewer, row: dict[str, Any], current: UUID, counts: dict[UUID, int]) -> dict[str, Any]:
    language = viewer.language
    id, box = row["id"], row["date_of_birth_sealed"]
    if row["self"]:
        line = say(language, "Yourself")
    elif box is not None:
        born = opened_day(Client, "date_of_birth_sealed", id, box)
        line = age_in_words(born, zone(), language) if born else UNREADABLE
    else:
        line = ""
    return {
        "href": f"{base(viewer, id)}/home",
        "name": row["first_name"],
        "initial": initial(row["first_name"]),
        "colour": row["colour"],
        "line": line,
        "unread": counts.get(id, 0),
        "current": id == current,
        "self": row["self"],
    }


@region(
    "board",
    "client/board/_board.html",
    side="client",
    needs=None,
    on=(OfThreadList, OfChart, OfPractice, OfNotice),
    element="board",
)
async def board(viewer: Viewer) -> Context | None:
    """Everybody the account acts for, each as that profile alone would show it; nothing is counted across them."""
    counts = await unread_by_client(viewer.see(Conversation))
    newest: dict[UUID, dict[str, Any]] = {}
    for row in await threads(viewer.see(Conversation).where(HAS_UNREAD)):
        newest.setdefault(row["client_id"], row)
    told = Counter(row["client_id"] for row in await newest_unread(viewer.see(Notice), TOLD))
    ends = await ends_for(viewer.see(Access))
    return {
        "cards": [
            _card(viewer, row, newest.get(row["id"]), counts, told)
            | {"of_age": _of_age(viewer.language, row["first_name"], ends.get(row["id"]), f"/clients/{row['id']}")}
            for row in await profiles(viewer.see(Access))
        ]
    }


def _card(
    viewer: Viewer, row: dict[str, Any], latest: dict[str, Any] | None, counts: dict[UUID, int], told: Counter[UUID]
) -> dict[str, Any]:
    client = row["id"]
    card = _profile(viewer, row, client, counts) | _may(row) | {"latest": None}
    if latest is not None:
        href = f"/clients/{client}/conversations/{latest['id']}"
        card["latest"] = thread_row(viewer.language, latest, viewer.id, href)
    return card | {"told": told[client], "told_href": f"/clients/{client}/notices"}


@region(
    "offers",
    "client/home/_offers.html",
    side="client",
    needs=None,
    on=(OfInvitation,),
    element="offers",
    slots=("home",),
)
async def offers(viewer: Viewer) -> Context | None:
    """Show the offers that the holder of the account is to confirm. The client is not named: only somebody who knows
    the date of birth is told."""
    rows = await viewer.see(Invitation).where("r.locked_at is null").order("r.sent_at, r.id").columns("r.id")
    return {"hrefs": [f"/offers/{row['id']}" for row in rows]}


@region("nobody", "client/_nobody.html", side="client", needs=None, on=(OfChart, OfSignInAddress))
async def nobody(viewer: Viewer) -> Context | None:
    """For an account that acts for no one yet: the page that waits until it does."""
    account = await viewer.find(PortalAccount, viewer.id)
    rows = await profiles(viewer.see(Access))
    return {
        "email": account.email,
        "profiles": [{"href": f"/clients/{row['id']}/home", "name": row["first_name"]} for row in rows],
    }
